// cargo run --release --example index -- [PATH] [--runtime tokio|smol|async-std|all] [--workers N]
//! Counts the words of all text files in a folder, this repository unless told otherwise. Hidden files
//! and what `.gitignore` names are left out, and links are not followed. The same pipeline runs on every
//! runtime, and all of them must give the same answer.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::{AsyncStd, Smol, Tokio};
use anypipe::task::blocking;
use anypipe::time::now;
use clap::{Parser, ValueEnum};
use ignore::{DirEntry, Walk, WalkBuilder};
use indicatif::{ProgressBar, ProgressStyle};

/// Counts the words of all text files in a folder.
#[derive(Parser)]
struct Args {
    /// The folder, or a single file; this repository by default
    path: Option<PathBuf>,
    /// What to run on; `all` also compares the answers
    #[arg(long, value_enum, default_value = "all")]
    runtime: Choice,
    /// How many files are read, and how many split, at the same time; as many as cores by default
    #[arg(long)]
    workers: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    Tokio,
    Smol,
    AsyncStd,
    All,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let printed = report(&args).and_then(|report| match io::stdout().write_all(report.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("index: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Indexes the folder on each runtime that was asked for.
fn report(args: &Args) -> Result<String, String> {
    let root = args.path.as_deref().unwrap_or_else(|| this_repository());
    fs::metadata(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let workers = args.workers.or_else(|| std::thread::available_parallelism().ok());
    let workers = workers.map_or(4, NonZeroUsize::get);

    let on_tokio = || anypipe::run_on(Tokio::new(), timed(root, workers));
    let on_smol = || anypipe::run_on(Smol::new(), timed(root, workers));
    let on_async_std = || anypipe::run_on(AsyncStd::new(), timed(root, workers));
    let answers = match args.runtime {
        Choice::Tokio => vec![on_tokio()],
        Choice::Smol => vec![on_smol()],
        Choice::AsyncStd => vec![on_async_std()],
        Choice::All => vec![on_tokio(), on_smol(), on_async_std()],
    };

    let first = &answers[0];
    for other in &answers[1..] {
        if other.index != first.index {
            let (a, b) = (first.runtime, other.runtime);
            return Err(format!("{a} and {b} gave different answers: did files change meanwhile?"));
        }
    }
    let mut report = String::new();
    for Answer { runtime, time, .. } in &answers {
        let _ = writeln!(report, "{runtime:<10} {:.3} s", time.as_secs_f64());
    }
    if answers.len() > 1 {
        let _ = writeln!(report, "{} runtimes, one answer", answers.len());
    }
    first.index.describe(&mut report);
    Ok(report)
}

fn this_repository() -> &'static Path {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    examples.parent().unwrap_or(examples)
}

/// What one runtime came to.
struct Answer {
    runtime: &'static str,
    index: Index,
    time: Duration,
}

/// The index of a folder, with the time it took. Names no runtime: it is on the one it runs on.
async fn timed(root: &Path, workers: usize) -> Answer {
    let runtime = anypipe::runtime::current().name();
    let bar = progress_bar(runtime);
    let start = now();
    let index = files(root.to_owned(), bar.clone())
        .map(read)
        .named("read")
        .blocking()
        .workers(workers)
        .buffer_size(16)
        .map(|text| text.map(|text| count_words(&text)))
        .named("split")
        .workers(workers)
        .inspect(move |_| bar.inc(1))
        .fold(Index::default(), Index::add)
        .await;
    Answer { runtime, index, time: now() - start }
}

/// A bar that is drawn where there is a terminal, and goes when its last clone does.
fn progress_bar(runtime: &'static str) -> ProgressBar {
    let template = "{msg:<10} {bar:40} {pos}/{len} files";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(runtime)
}

/// A file that could not be read, and why.
#[derive(PartialEq)]
struct Unread {
    path: String,
    why: String,
}

impl Unread {
    fn new(path: &Path, why: impl Into<String>) -> Self {
        Self { path: path.display().to_string(), why: why.into() }
    }
}

/// All files below a folder. The folder is walked on the blocking pool, some entries at a time.
fn files(root: PathBuf, bar: ProgressBar) -> Pipeline<impl Source<Item = Result<PathBuf, Unread>>> {
    let walk = WalkBuilder::new(root).require_git(false).sort_by_file_path(Path::cmp).build();
    let some_files = move |mut walk: Walk| {
        let entries: Vec<_> = walk.by_ref().take(64).collect();
        let over = entries.is_empty();
        let files: Vec<_> = entries.into_iter().filter_map(file).collect();
        (!over).then_some((files, walk))
    };
    Pipeline::unfold(walk, move |walk| blocking(move || some_files(walk)))
        .inspect(move |files| bar.inc_length(files.len() as u64))
        .flatten()
}

/// The file to read for an entry of the walk; none for a folder, and for a link that leads somewhere.
fn file(entry: Result<DirEntry, ignore::Error>) -> Option<Result<PathBuf, Unread>> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Err(unwalked(&error))),
    };
    let path = entry.path();
    let kind = entry.file_type()?;
    if kind.is_file() {
        Some(Ok(path.to_owned()))
    } else if kind.is_dir() {
        None
    } else if kind.is_symlink() {
        let broken = fs::metadata(path).err()?;
        Some(Err(Unread::new(path, format!("broken link: {broken}"))))
    } else {
        Some(Err(Unread::new(path, "neither a file nor a folder")))
    }
}

/// A folder that could not be entered.
fn unwalked(error: &ignore::Error) -> Unread {
    fn place(error: &ignore::Error) -> &Path {
        match error {
            ignore::Error::WithPath { path, .. } => path,
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
            _ => Path::new("(unknown)"),
        }
    }
    let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    Unread::new(place(error), why)
}

/// The text of a file. Blocks, so it runs on the blocking pool.
fn read(path: Result<PathBuf, Unread>) -> Result<String, Unread> {
    let path = path?;
    let unread = |why: String| Unread::new(&path, why);
    // The beginning first: it tells a binary without reading all of it.
    let mut file = File::open(&path).map_err(|error| unread(error.to_string()))?;
    let mut bytes = Vec::new();
    (&file).take(8 * 1024).read_to_end(&mut bytes).map_err(|error| unread(error.to_string()))?;
    if bytes.contains(&0) {
        return Err(unread("binary".to_owned()));
    }
    file.read_to_end(&mut bytes).map_err(|error| unread(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unread("binary, or text that is not UTF-8".to_owned()))
}

/// What there is in one file.
struct Counts {
    bytes: u64,
    lines: u64,
    words: HashMap<String, u64>,
}

fn count_words(text: &str) -> Counts {
    let mut words = HashMap::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    Counts { bytes: text.len() as u64, lines: text.lines().count() as u64, words }
}

/// What there is in all of them.
#[derive(Default, PartialEq)]
struct Index {
    files: u64,
    bytes: u64,
    lines: u64,
    words: HashMap<String, u64>,
    unread: Vec<Unread>,
}

impl Index {
    fn add(mut self, file: Result<Counts, Unread>) -> Self {
        match file {
            Ok(counts) => {
                self.files += 1;
                self.bytes += counts.bytes;
                self.lines += counts.lines;
                for (word, count) in counts.words {
                    *self.words.entry(word).or_insert(0) += count;
                }
            }
            Err(unread) => self.unread.push(unread),
        }
        self
    }

    fn describe(&self, out: &mut String) {
        let (files, bytes, lines) = (self.files, self.bytes, self.lines);
        let _ = writeln!(
            out,
            "{files} files, {bytes} bytes, {lines} lines, {} different words",
            self.words.len()
        );
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_by_key(|&(word, &count)| (std::cmp::Reverse(count), word));
        for (word, count) in words.into_iter().take(10) {
            let _ = writeln!(out, "{count:>10} {word}");
        }
        let _ = writeln!(out, "{} could not be read", self.unread.len());
        for Unread { path, why } in &self.unread {
            let _ = writeln!(out, "  {path}: {why}");
        }
    }
}
