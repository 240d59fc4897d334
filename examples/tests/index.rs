//! Runs the example `index` on trees made for it.

mod common;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A new folder, that goes when the test is over.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("anypipe-index-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn index(path: &Path, options: &[&str]) -> Output {
    common::run("index", arguments(path, options))
}

fn lines(path: &Path, options: &[&str]) -> Vec<String> {
    common::lines("index", arguments(path, options))
}

fn arguments(path: &Path, options: &[&str]) -> Vec<OsString> {
    std::iter::once(path.into()).chain(options.iter().map(OsString::from)).collect()
}

#[test]
fn counts_every_text_file_alike_on_all_runtimes() {
    let tree = Tree::new("many");
    for n in 0..300 {
        tree.write(&format!("{}/{n}.txt", n % 7), "Every file has every word\nand a last line\n");
    }
    tree.write(".gitignore", "*.tmp\n");
    tree.write("left-out.tmp", "not counted");
    let lines = lines(&tree.0, &["--workers", "3"]);
    assert!(lines.contains(&"3 runtimes, one answer".to_owned()), "{lines:?}");
    assert!(lines.contains(&"300 files, 12600 bytes, 600 lines, 8 different words".to_owned()), "{lines:?}");
    assert!(lines.contains(&"600 every".to_owned()), "{lines:?}");
    assert!(lines.contains(&"300 last".to_owned()), "{lines:?}");
    assert!(lines.contains(&"0 could not be read".to_owned()), "{lines:?}");
}

#[test]
fn names_one_runtime_where_one_was_asked_for() {
    let tree = Tree::new("one");
    tree.write("a", "a");
    for runtime in ["tokio", "smol", "async-std"] {
        let lines = lines(&tree.0, &["--runtime", runtime]);
        assert!(lines[0].starts_with(runtime), "{lines:?}");
        assert_eq!(lines[1], "1 files, 1 bytes, 1 lines, 1 different words");
    }
}

#[test]
#[cfg(unix)]
fn names_what_it_could_not_read_and_goes_on() {
    let tree = Tree::new("odd");
    tree.write("binary", b"x\0y");
    tree.write("latin", b"\xfc");
    tree.write("text", "text");
    tree.write("empty", "");
    std::os::unix::fs::symlink("nowhere", tree.0.join("broken")).unwrap();
    std::os::unix::fs::symlink("text", tree.0.join("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(tree.0.join("socket")).unwrap();
    let lines = lines(&tree.0, &[]);
    assert!(lines.contains(&"2 files, 4 bytes, 1 lines, 1 different words".to_owned()), "{lines:?}");
    let at = lines.iter().position(|line| line == "4 could not be read").expect("a line that counts them");
    let ends = ["binary: binary", "broken: broken link", "latin: binary, or text", "socket: neither"];
    for (line, end) in lines[at + 1..].iter().zip(ends) {
        assert!(line.contains(end), "{line}");
    }
    assert_eq!(lines.len(), at + 1 + ends.len());
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_fails_when_it_is_read_is_named() {
    let lines = lines(Path::new("/proc/self/mem"), &[]);
    assert!(lines.contains(&"1 could not be read".to_owned()), "{lines:?}");
    assert!(lines.last().unwrap().contains("os error"), "{lines:?}");
}

#[test]
fn takes_an_empty_folder_and_a_single_file() {
    let tree = Tree::new("small");
    assert!(
        lines(&tree.0, &[]).contains(&"0 files, 0 bytes, 0 lines, 0 different words".to_owned()),
        "an empty folder"
    );
    tree.write("file", "one two\nthree");
    assert!(
        lines(&tree.0.join("file"), &[])
            .contains(&"1 files, 13 bytes, 2 lines, 3 different words".to_owned()),
        "a single file"
    );
}

#[test]
fn a_path_that_does_not_exist_is_one_clear_line_and_a_failure() {
    let tree = Tree::new("missing");
    let output = index(&tree.0.join("missing"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("missing") && message.contains("os error"), "{message}");
}

#[test]
fn workers_that_make_no_sense_are_refused() {
    let tree = Tree::new("workers");
    assert_eq!(index(&tree.0, &["--workers", "0"]).status.code(), Some(2));
}
