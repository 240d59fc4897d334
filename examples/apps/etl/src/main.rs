// cargo run --release --manifest-path examples/apps/etl/Cargo.toml -- [ORDERS.csv] [--help]
//! Loads orders from a CSV file into an `SQLite` database. A row that isn't valid, or that the database
//! refuses, goes to a file of rejects with its line and the reason; a batch that fails is tried again row by
//! row. At the end every row that was read is in one of the two, and the program counts both to prove it.
//!
//! Without a file it makes one of its own, with some of everything that can be wrong.
// ci: --rows 5000

mod database;
mod order;
mod rejects;
mod sample;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anypipe::prelude::*;
use clap::Parser;
use csv::StringRecord;

use crate::rejects::{Reject, Rejects};

/// Loads orders from a CSV file into a database.
#[derive(Parser)]
struct Args {
    /// A file with the columns id, customer, cents; one is made where none is given
    orders: Option<PathBuf>,
    /// The database; its table `orders` is made where there is none
    #[arg(long)]
    database: Option<PathBuf>,
    /// Where the rows go that can't be stored
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// How many rows are stored in one transaction
    #[arg(long, default_value = "100")]
    batch: std::num::NonZeroUsize,
    /// How many rows the file has that is made
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
}

#[anypipe::main]
async fn main() -> ExitCode {
    match load(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("etl: {message}");
            ExitCode::FAILURE
        }
    }
}

/// True where every row that was read was stored or rejected.
async fn load(args: Args) -> Result<bool, String> {
    let Files { orders, database, rejects } = Files::of(&args)?;
    let reader = csv::ReaderBuilder::new().flexible(true).from_path(&orders);
    let reader = reader.map_err(|error| format!("{}: {error}", orders.display()))?;
    let before = database::prepare(&database).map_err(|error| format!("{}: {error}", database.display()))?;
    let rejects = Rejects::create(&rejects).map_err(|error| format!("{}: {error}", rejects.display()))?;

    let read = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&read);
    let connect_to = database.clone();
    let stored = records(reader)
        .inspect(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .map(order::validate)
        .named("validate")
        .dead_letter(rejects.sink())
        .chunks(args.batch.get())
        // One worker with a connection of its own: SQLite takes one writer at a time.
        .map_with(move || database::connect(&connect_to), database::store)
        .named("store")
        .blocking()
        .flatten()
        .dead_letter(rejects.sink())
        .count()
        .checked()
        .await
        .map_err(|error| error.to_string())?;

    let read = read.load(Ordering::SeqCst);
    let rejected = rejects.count();
    let in_table = database::count(&database).map_err(|error| error.to_string())? - before;
    let in_file = rejects::count(rejects.path()).map_err(|error| error.to_string())?;
    println!("{read} rows read = {stored} stored + {rejected} rejected");
    println!("{in_table} new rows in {}", database.display());
    println!("{in_file} rows in {}", rejects.path().display());
    Ok(in_table == stored as u64 && in_file == rejected && read == in_table + in_file)
}

/// The rows of the file, read on the blocking pool.
///
/// A row that is no text is an error of its own. A file that breaks off fails the run: what comes of it
/// must not look complete.
fn records(reader: csv::Reader<File>) -> Pipeline<impl Source<Item = Result<StringRecord, Reject>>> {
    Pipeline::blocking_iter(reader.into_records().map(order::readable))
}

struct Files {
    orders: PathBuf,
    database: PathBuf,
    rejects: PathBuf,
}

impl Files {
    /// The files that were named, and new ones in a folder for temporary files for the others.
    fn of(args: &Args) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("anypipe-etl-{}", std::process::id()));
        let file = |named: &Option<PathBuf>, name: &str| named.clone().unwrap_or_else(|| folder.join(name));
        let all_named = args.orders.is_some() && args.database.is_some() && args.rejects.is_some();
        let made: io::Result<()> = if all_named { Ok(()) } else { fs::create_dir_all(&folder) };
        made.map_err(|error| format!("{}: {error}", folder.display()))?;
        let orders = file(&args.orders, "orders.csv");
        if args.orders.is_none() {
            make(&orders, args.rows)?;
        }
        Ok(Self {
            orders,
            database: file(&args.database, "orders.db"),
            rejects: file(&args.rejects, "rejects.csv"),
        })
    }
}

fn make(orders: &Path, rows: usize) -> Result<(), String> {
    sample::write(orders, rows).map_err(|error| format!("{}: {error}", orders.display()))
}
