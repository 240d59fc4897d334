// cargo run --release --example logs -- [FILE]
//! Loads a log into a table in batches: lines that are none go to a dead-letter list, each with its number. The same pipeline on
//! three runtimes gives the same table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use anypipe::prelude::*;
use anypipe::runtime::{AsyncStd, Smol, Tokio};
use anypipe::sync::Lock;
use anypipe::time::sleep;
use clap::Parser;

/// Loads a log into a table.
#[derive(Parser)]
struct Args {
    /// Lines such as `2026-01-31 warn disk full`; some are made up where none is named
    file: Option<PathBuf>,
}

/// How many lines there are of each level.
type Table = BTreeMap<String, usize>;

/// What a run came to: the table, and the lines that are none.
#[derive(Debug, Default, PartialEq)]
struct Loaded {
    table: Table,
    batches: usize,
    rejected: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let made_up = std::env::temp_dir().join(format!("anypipe-logs-{}", std::process::id()));
    let file = args.file.clone().unwrap_or_else(|| made_up.clone());
    let answers = prepared(&args, &made_up).and_then(|()| {
        Ok([
            ("tokio", anypipe::run_on(Tokio::new(), load(&file))?),
            ("smol", anypipe::run_on(Smol::new(), load(&file))?),
            ("async-std", anypipe::run_on(AsyncStd::new(), load(&file))?),
        ])
    });
    let _ = fs::remove_file(&made_up);
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            eprintln!("logs: {error}");
            return ExitCode::FAILURE;
        }
    };
    for (runtime, Loaded { table, batches, rejected }) in &answers {
        println!("{runtime:<10} {table:?} in {batches} batches, {} rejected", rejected.len());
    }
    let alike = answers.iter().all(|(_, loaded)| *loaded == answers[0].1);
    println!("{}", if alike { "three runtimes, one table" } else { "the tables differ" });
    for line in answers[0].1.rejected.iter().take(3) {
        println!("  {line}");
    }
    if alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Names no runtime: it is on the one it runs on.
async fn load(file: &Path) -> io::Result<Loaded> {
    let loaded = Arc::new(Lock::new(Loaded::default()));
    let rejects = Arc::clone(&loaded);
    let reject = using(Arc::clone(&rejects), async |loaded, lines: Vec<String>| {
        loaded.lock().await.rejected.extend(lines);
    });
    let insert = using(Arc::clone(&loaded), async |loaded, rows: Vec<String>| {
        sleep(Duration::from_millis(1)).await; // the way to the database
        let mut loaded = loaded.lock().await;
        loaded.batches += 1;
        for level in rows {
            *loaded.table.entry(level).or_default() += 1;
        }
    });

    source::read_lines(file)
        .enumerate_from(1)
        .map(|(number, line)| line.map_err(|error| error.to_string()).and_then(|line| level(number, &line)))
        .named("parse")
        .workers(2)
        .dead_letter(chunks(10) | sink::for_each_async(reject))
        .chunks_timeout(500, Duration::from_secs(1))
        .for_each_async(insert)
        .await;
    drop(rejects);
    let mut loaded = loaded.lock().await;
    Ok(std::mem::take(&mut *loaded))
}

/// The level of a line, or what is wrong with it.
fn level(number: usize, line: &str) -> Result<String, String> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some(date), Some(level @ ("info" | "warn" | "error")), Some(_)) if date.len() == 10 => {
            Ok(level.to_owned())
        }
        _ => Err(format!("line {number} is none: {line}")),
    }
}

/// Makes up a log, where none was named.
fn prepared(args: &Args, path: &Path) -> io::Result<()> {
    if let Some(file) = &args.file {
        return fs::metadata(file).map(|_| ());
    }
    let mut text = String::new();
    for n in 0..10_000 {
        let level = ["info", "info", "warn", "info", "error"][n % 5];
        let _ = if n % 400 == 7 {
            writeln!(text, "garbled {n}")
        } else {
            writeln!(text, "2026-01-31 {level} job {n}")
        };
    }
    fs::write(path, text)
}
