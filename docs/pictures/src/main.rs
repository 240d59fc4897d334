// cargo run -p pictures
//! Writes the guide's pictures.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guide");
    let pictures = pictures::pictures();
    for (path, text) in &pictures {
        let path = guide.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&guide))?;
        fs::write(path, text)?;
    }
    println!("{} files", pictures.len());
    Ok(())
}
