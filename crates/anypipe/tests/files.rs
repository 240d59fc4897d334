//! Files, directories and iterators that block as sources, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::prelude::*;
use anypipe::source::{read_chunks, read_lines, walk};

/// A directory that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(format!("anypipe-files-{process}-{next}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn lines(path: impl AsRef<Path>) -> Vec<Result<String, String>> {
    read_lines(path).map_err(|error| error.to_string()).collect().await
}

#[anypipe::test]
async fn lines_end_in_either_way_or_with_the_file() {
    let folder = Folder::new();
    for (text, expected) in [
        ("", vec![]),
        ("\n", vec![""]),
        ("one", vec!["one"]),
        ("one\ntwo\n", vec!["one", "two"]),
        ("one\r\n\r\ntwo\r", vec!["one", "", "two\r"]),
        ("\u{fc}\n\ntwo", vec!["\u{fc}", "", "two"]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|line| Ok(line.to_owned())).collect();
        assert_eq!(lines(folder.write("lines", text)).await, expected, "{text:?}");
    }
}

#[anypipe::test]
async fn what_is_no_text_is_an_error_of_its_line() {
    let folder = Folder::new();
    let path = folder.write("lines", b"one\n\xff\xfe\nthree\n");
    let wrong = format!("{}: line 2 is not UTF-8", path.display());
    assert_eq!(lines(&path).await, [Ok("one".to_owned()), Err(wrong), Ok("three".to_owned())]);
}

#[anypipe::test]
async fn a_line_that_is_too_long_is_an_error_and_not_kept() {
    let folder = Folder::new();
    let long = "x".repeat(5 << 20);
    let path = folder.write("lines", format!("one\n{long}\r\nthree\n{long}"));
    let wrong = |line| {
        let path = path.display();
        Err(format!("{path}: line {line} is longer than 1048576 bytes: `max_line(n)` takes longer ones"))
    };
    assert_eq!(lines(&path).await, [Ok("one".to_owned()), wrong(2), Ok("three".to_owned()), wrong(4)]);
    // To the byte.
    let path = folder.write("short", "1234\r\n12345\n1234\n12345");
    for (max, good) in [(4, 2), (5, 4), (3, 0)] {
        assert_eq!(read_lines(&path).max_line(max).buffer_size(1).ok_only().count().await, good, "{max}");
    }
}

#[anypipe::test]
async fn a_file_that_can_not_be_read_is_the_last_item() {
    let folder = Folder::new();
    let missing = folder.0.join("missing");
    let error = read_lines(&missing).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with(missing.to_str().unwrap()), "{error}");
    for path in [&missing, &folder.0] {
        let (good, bad): (Vec<String>, Vec<io::Error>) = read_lines(path).partition_results().await;
        assert_eq!((good.len(), bad.len()), (0, 1));
        let (good, bad): (Vec<Vec<u8>>, Vec<io::Error>) = read_chunks(path, 9).partition_results().await;
        assert_eq!((good.len(), bad.len()), (0, 1));
    }
    let entries: Vec<io::Result<_>> = walk(&missing).collect().await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}

#[anypipe::test]
async fn chunks_are_full_but_for_the_last() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let path = folder.write("bytes", &bytes);
    for size in [1000, 30_000, 100_000, 1 << 20] {
        let chunks: Vec<Vec<u8>> = read_chunks(&path, size).buffer_size(2).try_collect().await.unwrap();
        assert_eq!(chunks, bytes.chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>());
    }
    assert_eq!(read_chunks(folder.write("empty", ""), 9).count().await, 0);
}

async fn walked(
    walk: Pipeline<impl Source<Item = io::Result<source::WalkEntry>>>,
    root: &Path,
) -> Vec<String> {
    let root = root.to_owned();
    let told = move |entry: io::Result<source::WalkEntry>| match entry {
        Ok(entry) => entry.path().strip_prefix(&root).unwrap().display().to_string(),
        Err(error) => format!("{:?}", error.kind()),
    };
    walk.map(told).collect().await
}

#[anypipe::test]
async fn a_walk_gives_directories_before_what_is_in_them() {
    let folder = Folder::new();
    for name in ["b/2", "a/x/1", "a/y", "c", "a/.hidden", "target/9"] {
        folder.write(name, "");
    }
    let root = folder.0.as_path();
    let all = ["", "a", "a/.hidden", "a/x", "a/x/1", "a/y", "b", "b/2", "c", "target", "target/9"];
    assert_eq!(walked(walk(root), root).await, all);
    let some = walk(root)
        .filter_entry(|entry| !entry.path().ends_with("target"))
        .filter_entry(|entry| entry.depth() < 2)
        .rendezvous();
    assert_eq!(walked(some, root).await, ["", "a", "b", "c"]);
    let file = root.join("c");
    assert_eq!(walked(walk(&file), root).await, ["c"]);
}

#[cfg(unix)]
#[anypipe::test]
async fn a_walk_follows_no_links_and_goes_on_where_it_may_not_enter() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    folder.write("a/1", "");
    folder.write("locked/2", "");
    folder.write("z", "");
    symlink("..", folder.0.join("a/loop")).unwrap();
    let locked = folder.0.join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let may_all = fs::read_dir(&locked).is_ok();
    let all = walked(walk(&folder.0), &folder.0).await;
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    // The administrator may enter everywhere.
    let inside = if may_all { "locked/2" } else { "PermissionDenied" };
    assert_eq!(all, ["", "a", "a/1", "a/loop", "locked", inside, "z"]);
    let link = folder.0.join("a/loop");
    assert_eq!(walk(&link).take(2).ok_only().count().await, 2, "a link at the start is followed");
}

#[anypipe::test]
async fn sources_that_wait_take_a_buffer() {
    let unfolded = source::unfold(0, async |n| (n < 9).then_some((n, n + 1))).buffer_size(2);
    assert_eq!(unfolded.max_in_flight(), Holds::at_most(2));
    assert_eq!(unfolded.count().await, 9);
    let sent = source::from_fn(async |sender| {
        let _ = sender.send(1).await;
    })
    .buffer_size(2);
    assert_eq!(sent.max_in_flight(), Holds::at_most(3));
    let read = source::blocking_iter(0..9).buffer_size(2);
    assert_eq!(read.max_in_flight(), Holds::at_most(3));
    assert_eq!(read.count().await, 9);
    assert_eq!(source::blocking_iter(0..9).rendezvous().count().await, 9);
}
