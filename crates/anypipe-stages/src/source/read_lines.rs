use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anypipe_core::drive::Boundary;

use crate::source::files::{InParts, Part, in_parts, told};

/// The longest line, unless told otherwise.
const MAX_LINE: usize = 1 << 20;

/// How much of a line is read in a row.
const BYTES_IN_PART: u64 = 1 << 16;

/// The lines of a file; made by [`read_lines`].
#[derive(Clone, Debug)]
pub struct ReadLines {
    boundary: Boundary,
    path: PathBuf,
    max: usize,
}

/// The source of `Pipeline::read_lines`, where all of it is told.
pub fn read_lines(path: impl AsRef<Path>) -> ReadLines {
    ReadLines { boundary: Boundary::new("read_lines"), path: path.as_ref().to_owned(), max: MAX_LINE }
}

impl ReadLines {
    /// Takes lines of up to `bytes`, without their end.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }
}

impl InParts for ReadLines {
    type Item = io::Result<String>;

    fn parts(self) -> (Boundary, impl FnMut() -> Part<io::Result<String>> + Send + 'static) {
        let mut lines = Lines {
            path: self.path,
            max: self.max,
            file: None,
            over: false,
            number: 0,
            line: Vec::new(),
            is_long: false,
        };
        (self.boundary, move || lines.part())
    }
}

in_parts!(ReadLines, io::Result<String>);

struct Lines {
    path: PathBuf,
    max: usize,
    /// The file, once it is open.
    file: Option<BufReader<File>>,
    over: bool,
    /// How many lines were given.
    number: u64,
    /// What was read of the next.
    line: Vec<u8>,
    /// True where that is longer than it may be; the rest of it is not kept.
    is_long: bool,
}

impl Lines {
    /// Reads a part of a line, and gives the line with the last.
    fn part(&mut self) -> Part<io::Result<String>> {
        if self.over {
            return Part::End;
        }
        match self.read() {
            Ok(0) => {
                self.over = true;
                if self.line.is_empty() && !self.is_long { Part::End } else { Part::Item(self.take()) }
            }
            Ok(_) if self.line.ends_with(b"\n") => {
                self.line.pop();
                if self.line.ends_with(b"\r") {
                    self.line.pop();
                }
                Part::Item(self.take())
            }
            Ok(_) => {
                // It may end in `\r\n`, of which one was read.
                if self.is_long || self.line.len() > self.max.saturating_add(1) {
                    self.is_long = true;
                    self.line.clear();
                }
                Part::More
            }
            Err(error) => {
                self.over = true;
                Part::Item(Err(told(&self.path, &error)))
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufReader::with_capacity(1 << 16, File::open(&self.path)?)),
        };
        file.by_ref().take(BYTES_IN_PART).read_until(b'\n', &mut self.line)
    }

    /// The line that was read.
    fn take(&mut self) -> io::Result<String> {
        self.number += 1;
        let line = std::mem::take(&mut self.line);
        let wrong = |what: String| {
            let error = io::Error::new(ErrorKind::InvalidData, format!("line {} {what}", self.number));
            Err(told(&self.path, &error))
        };
        if std::mem::take(&mut self.is_long) || line.len() > self.max {
            return wrong(format!("is longer than {} bytes: `max_line(n)` takes longer ones", self.max));
        }
        String::from_utf8(line).or_else(|_| wrong("is not UTF-8".to_owned()))
    }
}
