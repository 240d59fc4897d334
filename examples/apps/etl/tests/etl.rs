//! Runs the program on files made for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A new folder, that goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("anypipe-etl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Loads these orders, in batches of four.
    fn load(&self, orders: &[u8]) -> Output {
        fs::write(self.file("orders.csv"), orders).unwrap();
        etl(&self.file("orders.csv"), &self.file("orders.db"), &self.file("rejects.csv"))
    }

    fn rejects(&self) -> String {
        fs::read_to_string(self.file("rejects.csv")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn etl(orders: &Path, database: &Path, rejects: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_etl"));
    program.arg(orders).arg("--database").arg(database).arg("--rejects").arg(rejects).args(["--batch", "4"]);
    program.output().unwrap()
}

fn told(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn every_row_is_stored_or_rejected_with_its_line() {
    let folder = Folder::new("mixed");
    let output = folder.load(
        b"id,customer,cents\n1,Ada,10\n2,,20\n3,Bob,30\n3,Eve,40\n4,Joe,-1\n5,Kim\n\xff,\xff,1\n6,Liz,60\n7,Moe,70\n",
    );
    assert!(told(&output).starts_with("9 rows read = 4 stored + 5 rejected\n4 new rows"), "{output:?}");
    let rejects = folder.rejects();
    for (line, reason) in [
        (3, "no customer"),
        (5, "UNIQUE constraint failed"),
        (6, "CHECK constraint failed"),
        (7, "2 fields instead of 3"),
        (8, "no text"),
    ] {
        let told = rejects.lines().find(|told| told.starts_with(&format!("{line},")));
        assert!(told.is_some_and(|told| told.contains(reason)), "line {line}: {rejects}");
    }
    assert!(rejects.contains("3,Eve,40"), "the row itself is kept: {rejects}");
}

#[test]
fn a_second_load_of_the_same_orders_stores_nothing() {
    let folder = Folder::new("twice");
    let orders = b"id,customer,cents\n1,Ada,10\n2,Bob,20\n3,Eve,30\n4,Joe,40\n5,Kim,50\n";
    assert!(told(&folder.load(orders)).starts_with("5 rows read = 5 stored + 0 rejected\n5 new rows"));
    assert!(told(&folder.load(orders)).starts_with("5 rows read = 0 stored + 5 rejected\n0 new rows"));
}

#[test]
fn no_orders_are_no_rows() {
    let folder = Folder::new("none");
    assert!(
        told(&folder.load(b"id,customer,cents\n"))
            .starts_with("0 rows read = 0 stored + 0 rejected\n0 new rows")
    );
    assert!(told(&folder.load(b"")).starts_with("0 rows read = 0 stored + 0 rejected\n0 new rows"));
}

#[test]
fn orders_of_its_own_come_out_even() {
    let folder = Folder::new("own");
    let mut program = Command::new(env!("CARGO_BIN_EXE_etl"));
    program.arg("--database").arg(folder.file("orders.db")).arg("--rejects").arg(folder.file("rejects.csv"));
    let output = program.args(["--rows", "1000", "--batch", "7"]).env("TMPDIR", &folder.0).output().unwrap();
    assert!(told(&output).starts_with("1000 rows read = 940 stored + 60 rejected"), "{output:?}");
}

#[test]
fn a_database_that_takes_nothing_loses_nothing() {
    let folder = Folder::new("locked");
    folder.load(b"");
    let other = rusqlite::Connection::open(folder.file("orders.db")).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
        .unwrap();
    let output = folder.load(b"id,customer,cents\n1,Ada,10\n2,Bob,20\n");
    assert!(told(&output).starts_with("2 rows read = 0 stored + 2 rejected\n0 new rows"), "{output:?}");
    assert_eq!(folder.rejects().matches("disk full").count(), 2);
}

#[test]
fn what_can_not_be_opened_is_one_clear_line() {
    let folder = Folder::new("missing");
    let output = etl(&folder.file("missing.csv"), &folder.file("orders.db"), &folder.file("rejects.csv"));
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.lines().count() == 1 && message.contains("missing.csv"), "{message}");
}

#[test]
#[cfg(target_os = "linux")]
fn rejects_that_can_not_be_written_are_a_failure() {
    let folder = Folder::new("full");
    fs::write(folder.file("orders.csv"), b"id,customer,cents\n1,Ada\n").unwrap();
    let output = etl(&folder.file("orders.csv"), &folder.file("orders.db"), Path::new("/dev/full"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
}
