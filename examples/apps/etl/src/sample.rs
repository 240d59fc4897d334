//! A file of orders with some of everything that can be wrong.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file with this many rows.
pub fn write(path: &Path, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "id,customer,cents")?;
    for n in 0..rows {
        match n % 100 {
            13 => writeln!(file, "{n},nobody knows the price")?,
            29 => writeln!(file, "{n},,100")?,
            31 => file.write_all(b"1,\xff\xfe,5\n")?,
            47 => writeln!(file, "{n},Ada,much")?,
            // These two look fine and are refused by the database.
            61 => writeln!(file, "{},an id that was there before,100", n - 1)?,
            83 => writeln!(file, "{n},a price below zero,-1")?,
            _ => writeln!(file, "{n},\"Customer, number {n}\",{}", n * 7 % 1000)?,
        }
    }
    file.flush()
}
