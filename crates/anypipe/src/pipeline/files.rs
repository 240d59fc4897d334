//! Sources that block: iterators and files, on the threads for blocking work.

use std::path::Path;

use anypipe_core::source::Gated;
use anypipe_stages::source::{self as sources, BlockingIter, ReadChunks, ReadLines, Walk, WalkEntry};

use super::Pipeline;
use super::sources::constructor;

constructor! {
    /// The items of an iterator that blocks, in order, taken on the runtime's threads for blocking work.
    ///
    /// → `I::Item`. A boundary: reads ahead as far as its buffer (64), which `.buffer_size(n)` and `.rendezvous()` set, and one
    /// item. A job on the pool takes item after item while they are quick, and ends with one that is slow: that is shown at
    /// once, and nothing waits for a chunk to fill. `into_iter` is called there, too.
    ///
    /// # A stop, a cancel, and an iterator that doesn't return
    ///
    /// Nothing can interrupt `next()`. No further call begins after a cancel or a stop; what was read before a stop still comes. Both
    /// wait for the call that runs, but no longer than a second: then the iterator is left alone on its thread, and dropped
    /// there when the call returns. Nobody hears its item or its panic then. A program whose `main` ends goes on no longer for it where
    /// the runtime lets go of its threads: tokio's, dropped, waits for them, unless by `shutdown_background`.
    ///
    /// # Panics
    ///
    /// The run, where the iterator does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{BufRead, BufReader, stdin};
    /// use anypipe::prelude::*;
    ///
    /// async fn lines() -> usize {
    ///     let lines = source::blocking_iter(BufReader::new(stdin()).lines()).buffer_size(1);
    ///     lines.try_for_each(|line| { println!("{line}"); Ok(()) }).await.map_or(1, |()| 0)
    /// }
    /// ```
    blocking_iter<I>(iter: I) -> BlockingIter<I>;
    where I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
}

constructor! {
    /// The lines of a file, without their ends (`\n`, or `\r\n`), read on the runtime's threads for blocking work. The last line
    /// needs no end.
    ///
    /// → `std::io::Result<String>`. Reads ahead, and ends, as [`blocking_iter`](Pipeline::blocking_iter), 64 KiB of a line in a row.
    ///
    /// # Errors
    ///
    /// As items, which tell the path:
    ///
    /// - a file that can't be opened or read any further, such as a directory: the last item;
    /// - a line that is not UTF-8, and one that is longer than 1 MiB ([`max_line`](Pipeline::max_line) changes that): of kind
    ///   `InvalidData`, with the number of the line, counted from 1. The next line comes after it. No more is kept of a line than it
    ///   may be long.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn longest(path: &str) -> std::io::Result<usize> {
    ///     let lengths = source::read_lines(path).buffer_size(1000).map_ok(|line| line.len());
    ///     lengths.try_fold(0, |longest, length| Ok(longest.max(length))).await
    /// }
    ///
    /// # #[cfg(feature = "smol")] anypipe::run(async {
    /// let missing = longest("no such file").await.unwrap_err();
    /// assert!(missing.to_string().starts_with("no such file: "));
    /// # });
    /// ```
    read_lines<P>(path: P) -> ReadLines;
    where P: AsRef<Path>,
}

constructor! {
    /// The bytes of a file, in chunks of `size`, read on the runtime's threads for blocking work; the last chunk may be shorter.
    ///
    /// → `std::io::Result<Vec<u8>>`. Reads ahead, and ends, as [`blocking_iter`](Pipeline::blocking_iter): with the default
    /// buffer that is 64 chunks.
    ///
    /// # Errors
    ///
    /// As the last item, which tells the path, where the file can't be opened or read any further.
    ///
    /// # Panics
    ///
    /// Where `size` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn length(path: &str) -> std::io::Result<usize> {
    ///     source::read_chunks(path, 1 << 16).buffer_size(4).try_fold(0, |sum, chunk| Ok(sum + chunk.len())).await
    /// }
    /// ```
    read_chunks<P>(path: P, size: usize) -> ReadChunks;
    where P: AsRef<Path>,
}

constructor! {
    /// What there is in a directory and below, `root` first, read on the runtime's threads for blocking work: each
    /// directory before what is in it, in the order of their names.
    ///
    /// → `std::io::Result<WalkEntry>`. Reads ahead, and ends, as [`blocking_iter`](Pipeline::blocking_iter); besides, it keeps the
    /// names of what is in the directories that it is in. [`filter_entry`](Pipeline::filter_entry) leaves out whole directories.
    ///
    /// Links are given and not followed, so there are no loops; but `root` may be one. A file is an entry by itself.
    ///
    /// # Errors
    ///
    /// As items, which tell the path: a directory that can't be entered comes as an entry, and then as an `Err`; the
    /// walk goes on behind it. A `root` that doesn't exist is the only item.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::PathBuf;
    /// use anypipe::prelude::*;
    ///
    /// async fn sources(root: PathBuf) -> std::io::Result<Vec<PathBuf>> {
    ///     source::walk(root)
    ///         .filter_entry(|entry| !entry.path().ends_with("target"))
    ///         .map_ok(|entry| entry.into_path())
    ///         .try_filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
    ///         .try_collect()
    ///         .await
    /// }
    /// ```
    walk<P>(root: P) -> Walk;
    where P: AsRef<Path>,
}

impl Pipeline<Gated<ReadLines>> {
    /// Takes lines of up to `bytes`, without their end, in place of 1 MiB; a longer one is an `Err`.
    pub fn max_line(self, bytes: usize) -> Self {
        Pipeline { source: self.source.map(|lines| lines.max_line(bytes)) }
    }
}

impl Pipeline<Gated<Walk>> {
    /// Leaves out what `f` says no to, and doesn't enter it where it is a directory. The root isn't asked. It is called on a thread for
    /// blocking work.
    ///
    /// # Panics
    ///
    /// The run, where `f` does.
    pub fn filter_entry(self, f: impl Fn(&WalkEntry) -> bool + Send + Sync + 'static) -> Self {
        Pipeline { source: self.source.map(|walk| walk.filter_entry(f)) }
    }
}
