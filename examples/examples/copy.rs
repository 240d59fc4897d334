// cargo run --release --example copy -- FROM TO
//! Copies a file through five stages: read, sum, write, read back, count. Ctrl-C stops it, and finishes the blocks on their
//! way. What isn't whole doesn't look whole: it has another name until the end.
// ci: Cargo.lock target/copied.lock

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anypipe::prelude::*;
use clap::Parser;

/// Copies a file.
#[derive(Parser)]
struct Args {
    from: PathBuf,
    to: PathBuf,
}

#[anypipe::main]
async fn main() -> ExitCode {
    let Args { from, to } = Args::parse();
    match copy(&from, &to).await {
        Ok(bytes) => {
            println!("{bytes} bytes, written and read back");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("copy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    let part = to.with_extension("part");
    let whole = fs::metadata(from)?.len();
    let (file, back) = (File::create(&part)?, File::open(&part)?);

    let mut copying = source::read_chunks(from, 64 * 1024)
        .buffer_size(4)
        .map_ok(|block| (sum(&block), block))
        .named("sum")
        .workers(2)
        .map(move |block| block.and_then(|(sum, block)| written(&file, sum, &block)))
        .named("write")
        .blocking()
        .map(move |block| block.and_then(|block| compared(&back, &block)))
        .named("read back")
        .blocking()
        .try_fold(0, |bytes, length| Ok(bytes + length))
        .stop_on_signals(Duration::from_secs(5));
    let bytes = (&mut copying).await.map_err(io::Error::other)??;
    if bytes < whole {
        return Err(io::Error::other(format!(
            "stopped after {bytes} of {whole} bytes, in {}",
            part.display()
        )));
    }
    fs::rename(part, to)?;
    Ok(bytes)
}

/// A block that was written: where, how long it is, and its sum.
struct Block {
    at: u64,
    length: usize,
    sum: u64,
}

/// Writes a block behind those before it: the stage has one worker.
fn written(mut file: &File, sum: u64, block: &[u8]) -> io::Result<Block> {
    let at = file.seek(SeekFrom::End(0))?;
    file.write_all(block)?;
    Ok(Block { at, length: block.len(), sum })
}

/// Reads it back, and gives its length if it is what it was.
fn compared(mut file: &File, block: &Block) -> io::Result<u64> {
    let mut bytes = vec![0; block.length];
    file.seek(SeekFrom::Start(block.at))?;
    file.read_exact(&mut bytes)?;
    if sum(&bytes) == block.sum {
        Ok(block.length as u64)
    } else {
        Err(io::Error::other(format!("the block at {} is not what was written", block.at)))
    }
}

/// A sum in which every byte and its place counts (FNV-1a, 64 bits).
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
