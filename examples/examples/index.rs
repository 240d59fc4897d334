// cargo run --release --example index -- [PATH] [--runtime tokio|smol|async-std|all] [--workers N]
//! Counts the words of all text files in a folder, this repository unless told otherwise. Hidden files
//! and what `.gitignore` names are left out, and links are not followed. The same pipeline runs on every
//! runtime, and all of them must give the same answer; then it is cancelled half way, and must leave nothing
//! behind. So must Ctrl-C.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::{AsyncStd, Smol, Tokio};
use anypipe::task::CancelToken;
use anypipe::time::now;
use clap::{Parser, ValueEnum};
use ignore::{DirEntry, WalkBuilder};
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

impl Choice {
    fn each(self) -> Vec<Choice> {
        match self {
            Choice::All => vec![Choice::Tokio, Choice::Smol, Choice::AsyncStd],
            one => vec![one],
        }
    }

    fn run<F: Future>(self, future: F) -> F::Output {
        match self {
            Choice::Tokio | Choice::All => anypipe::run_on(Tokio::new(), future),
            Choice::Smol => anypipe::run_on(Smol::new(), future),
            Choice::AsyncStd => anypipe::run_on(AsyncStd::new(), future),
        }
    }
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
    let choices = args.runtime.each();
    let all = choices.len() > 1;

    // Who reads the files first pays for a disk that is cold, so that one doesn't count.
    if all {
        choices[0].run(indexed(root, workers))?;
    }
    let mut answers = Vec::new();
    for choice in &choices {
        answers.push(choice.run(indexed(root, workers))?);
    }
    let mut report = String::new();
    for Answer { runtime, time, most, bound, .. } in &answers {
        let time = time.as_secs_f64();
        let _ = writeln!(
            report,
            "{runtime:<10} {time:.3} s, {most} files in memory at the most: it may hold {bound}"
        );
    }
    let first = &answers[0];
    if let Some(other) = answers.iter().find(|other| other.index != first.index) {
        let (a, b) = (first.runtime, other.runtime);
        return Err(format!("{a} and {b} gave different answers: did files change meanwhile?"));
    }
    if all {
        let _ = writeln!(report, "{} runtimes, one answer", answers.len());
    }
    let half = first.index.files / 2;
    if all && half > 0 {
        let left: usize = choices.iter().map(|choice| choice.run(cancelled(root, workers, half))).sum();
        let _ = writeln!(
            report,
            "cancelled after {half} files on each: {left} tasks, closures and files are left"
        );
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
    /// The most files that were in memory at once, and the most that may be.
    most: usize,
    bound: usize,
}

/// The files of a folder, with the words in each. Names no runtime: it is on the one it runs on.
fn counted<S: Source<Item = Result<PathBuf, Unread>>>(
    files: Pipeline<S>,
    workers: usize,
    census: &Census,
) -> Pipeline<impl Source<Item = (Result<Counts, Unread>, Counted)> + use<S>> {
    let census = census.clone();
    files
        .map(move |path| {
            let counted = census.one();
            (read(path), counted)
        })
        .named("read")
        .blocking()
        .workers(workers)
        .buffer_size(16)
        .map(|(text, counted)| (text.map(|text| count_words(&text)), counted))
        .named("split")
        .workers(workers)
}

/// The index of a folder, with the time it took and the memory. Ctrl-C stops it.
async fn indexed(root: &Path, workers: usize) -> Result<Answer, String> {
    let (start, runtime, census) = (now(), anypipe::runtime::current().name(), Census::default());
    let bar = progress_bar(runtime);
    let pipeline = counted(files(root.to_owned(), bar.clone()), workers, &census);
    let add = move |index: Index, (file, _counted)| {
        bar.inc(1);
        index.add(file)
    };
    let mut running = pipeline.fold(Index::default(), add).start().stop_on_signals(Duration::from_secs(1));
    let index = (&mut running).await.map_err(|error| error.to_string())?;
    if let Some(signal) = running.stopped_by() {
        let (done, left) = (index.files, census.left());
        return Err(format!("{signal:?} after {done} files: {left} tasks, closures and files are left"));
    }
    // One more is in the hands of the sum.
    let bound =
        counted(Pipeline::empty(), workers, &census).max_in_flight().limit().map_or(0, |limit| limit + 1);
    Ok(Answer { runtime, index, time: now() - start, most: census.most(), bound })
}

/// How much is left of an index that is cancelled after so many files.
async fn cancelled(root: &Path, workers: usize, after: u64) -> usize {
    let (census, cancel, seen) = (Census::default(), CancelToken::new(), AtomicU64::new(0));
    let cancel_then = cancel.clone();
    let pipeline = counted(files(root.to_owned(), ProgressBar::hidden()), workers, &census);
    let run = pipeline.for_each(move |_file| {
        if seen.fetch_add(1, SeqCst) + 1 >= after {
            cancel_then.cancel();
        }
    });
    let ended = run.cancel_on(cancel).checked().await;
    debug_assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
    census.left()
}

/// Counts the files that are in memory, and the closures of tasks.
#[derive(Clone, Default)]
struct Census(Arc<(AtomicUsize, AtomicUsize)>);

impl Census {
    /// A file, as long as this lives.
    fn one(&self) -> Counted {
        let (held, most) = &*self.0;
        most.fetch_max(held.fetch_add(1, SeqCst) + 1, SeqCst);
        Counted(self.clone())
    }

    fn most(&self) -> usize {
        self.0.1.load(SeqCst)
    }

    /// Whatever has a clone of this, but its owner.
    fn left(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

struct Counted(Census);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, SeqCst);
    }
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

/// All files below a folder, walked on the blocking pool.
fn files(root: PathBuf, bar: ProgressBar) -> Pipeline<impl Source<Item = Result<PathBuf, Unread>>> {
    let walk = WalkBuilder::new(root).require_git(false).sort_by_file_path(Path::cmp).build();
    Pipeline::blocking_iter(walk.filter_map(file)).inspect(move |_| bar.inc_length(1))
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
