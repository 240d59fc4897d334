//! The file of rows that could not be stored.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anypipe::prelude::*;
use csv::StringRecord;

/// A row that could not be stored, and why.
#[derive(Debug)]
pub struct Reject {
    pub line: u64,
    pub reason: String,
    pub row: StringRecord,
}

impl Reject {
    pub fn new(row: StringRecord, reason: String) -> Self {
        let line = row.position().map_or(0, csv::Position::line);
        Self { line, reason, row }
    }
}

/// A file that rejects are written to, from wherever they come.
pub struct Rejects {
    path: PathBuf,
    file: Arc<Mutex<csv::Writer<File>>>,
    count: Arc<AtomicU64>,
}

impl Rejects {
    pub fn create(path: &Path) -> csv::Result<Self> {
        let mut file = csv::WriterBuilder::new().flexible(true).from_path(path)?;
        file.write_record(["line", "reason", "row"])?;
        file.flush()?;
        Ok(Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)), count: Arc::default() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many were written.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Writes each reject, on the blocking pool. One that can't be written fails the run.
    pub fn sink(&self) -> impl Sink<Reject, Output = Result<(), String>> + use<> {
        let (file, count) = (Arc::clone(&self.file), Arc::clone(&self.count));
        let write = move |reject: Reject| {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let unwritten = |error| format!("line {} can't be written to the rejects: {error}", reject.line);
            write(&mut file, &reject).map_err(unwritten)?;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        map(write).blocking() | sink::try_each(|written| written)
    }
}

fn write(file: &mut csv::Writer<File>, reject: &Reject) -> csv::Result<()> {
    let line = reject.line.to_string();
    file.write_record([line.as_str(), &reject.reason].into_iter().chain(&reject.row))?;
    Ok(file.flush()?)
}

/// How many rejects there are in a file.
pub fn count(path: &Path) -> csv::Result<u64> {
    let rows = csv::ReaderBuilder::new().flexible(true).from_path(path)?.into_records();
    rows.map(|row| row.map(|_| 1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reject_that_can_not_be_written_fails_the_run() {
        let path = std::env::temp_dir().join(format!("anypipe-etl-read-only-{}", std::process::id()));
        std::fs::write(&path, "").unwrap();
        // Opened for reading: nothing can be written to it.
        let file = csv::Writer::from_writer(File::open(&path).unwrap());
        let rejects = Rejects { path: path.clone(), file: Arc::new(Mutex::new(file)), count: Arc::default() };
        let reject = Reject { line: 7, reason: "none".to_owned(), row: StringRecord::new() };
        let run = Pipeline::from_iter([Ok(1), Err(reject)]).dead_letter(rejects.sink()).count().checked();
        let error = anypipe::run(run).unwrap_err();
        assert!(error.to_string().contains("line 7 can't be written"), "{error}");
        assert_eq!(rejects.count(), 0);
        std::fs::remove_file(&path).unwrap();
    }
}
