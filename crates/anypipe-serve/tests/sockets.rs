//! The file of a Unix socket: whose it is, whose place it takes, and that it goes.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use anypipe_serve::serve;

/// A folder that goes with the test; nothing but what is told may be left in it by then.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("anypipe-sockets-{}-{next}", std::process::id()));
        fs::create_dir(&folder).expect("a folder of our own");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("top")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("our folder");
        entries.map(|entry| entry.expect("a name").file_name().into_string().expect("text")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn answers(path: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(path) else { return false };
    stream.write_all(b"{\"do\":\"pictures\"}\n").expect("it reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("it answers");
    line == "{\"runs\":[]}\n"
}

/// A socket that nobody listens at any more.
fn dead(path: &Path) {
    drop(UnixListener::bind(path).expect("a free path"));
    assert!(fs::symlink_metadata(path).expect("it is left behind").file_type().is_socket());
}

#[test]
fn its_user_alone_can_reach_it_and_it_goes_with_its_guard() {
    let folder = Folder::new();
    let server = serve(folder.path()).expect("a free path");
    assert_eq!(folder.names(), ["top"]);
    let mode = fs::metadata(folder.path()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(answers(&folder.path()));
    assert_eq!(server.address(), None);
    drop(server);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn it_is_never_there_with_other_rights() {
    let folder = Folder::new();
    let path = folder.path();
    let over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::SeqCst) {
                seen.extend(fs::metadata(&path).map(|found| found.permissions().mode() & 0o777));
            }
            seen
        });
        let served = catch_unwind(|| (0..100).for_each(|_| drop(serve(&path).expect("a free path"))));
        over.store(true, Ordering::SeqCst);
        let seen = looks.join().expect("no panic");
        served.expect("it serves");
        seen
    });
    assert_eq!(seen, BTreeSet::from([0o600]));
}

#[test]
fn rubbish_over_it_is_told_from_the_first_line_on() {
    let folder = Folder::new();
    let _server = serve(folder.path()).expect("a free path");
    let mut stream = UnixStream::connect(folder.path()).expect("it lets in");
    stream.write_all(b"rubbish\n{\"do\":\"pictures\"}\n").expect("it reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("it answers"));
    assert!(lines.next().is_some_and(|line| line.starts_with("{\"error\":")));
    assert_eq!(lines.next().as_deref(), Some("{\"runs\":[]}"));
}

#[test]
fn what_is_alive_keeps_its_place() {
    let folder = Folder::new();
    let first = serve(folder.path()).expect("a free path");
    let error = serve(folder.path()).expect_err("it is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let told = error.to_string();
    assert!(told.contains("another program serves there") && told.contains("top: "), "{told}");
    assert!(answers(&folder.path()));
    assert_eq!(folder.names(), ["top"]);
    drop(first);

    // Of anybody, also of one that lets nobody in.
    let others = UnixListener::bind(folder.path()).expect("a free path");
    assert_eq!(serve(folder.path()).expect_err("it is taken").kind(), ErrorKind::AddrInUse);
    drop(others);
}

#[test]
fn what_is_dead_is_replaced() {
    let folder = Folder::new();
    dead(&folder.path());
    let server = serve(folder.path()).expect("nobody listens");
    assert!(answers(&folder.path()));
    assert_eq!(folder.names(), ["top"]);
    drop(server);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn of_two_that_find_it_dead_one_serves() {
    for _ in 0..50 {
        let folder = Folder::new();
        dead(&folder.path());
        let path = &folder.path();
        let servers = thread::scope(|scope| {
            let both = [scope.spawn(|| serve(path)), scope.spawn(|| serve(path))];
            both.map(|thread| thread.join().expect("no panic"))
        });
        let told: Vec<_> =
            servers.iter().filter_map(|server| server.as_ref().err().map(ToString::to_string)).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(answers(path));
        assert_eq!(folder.names(), ["top"]);
    }
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.path(), "words").expect("our folder");
    let error = serve(folder.path()).expect_err("a file is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(fs::read_to_string(folder.path()).expect("it is there"), "words");
    // Nor is what a link leads to.
    let link = folder.0.join("link");
    dead(&folder.0.join("dead"));
    std::os::unix::fs::symlink(folder.0.join("dead"), &link).expect("our folder");
    assert_eq!(serve(&link).expect_err("a link is there").kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_path_where_none_can_be_is_told() {
    let folder = Folder::new();
    let nowhere = folder.0.join("nowhere/top");
    let error = serve(&nowhere).expect_err("there is no such folder");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("nowhere/top: "), "{error}");
    let long = folder.0.join("a".repeat(200));
    assert!(serve(&long).is_err());
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn what_others_put_there_meanwhile_is_theirs() {
    let folder = Folder::new();
    let first = serve(folder.path()).expect("a free path");
    fs::remove_file(folder.path()).expect("it is there");
    let second = serve(folder.path()).expect("a free path");
    drop(first);
    assert!(answers(&folder.path()));
    drop(second);
    assert_eq!(folder.names(), [""; 0]);
}
