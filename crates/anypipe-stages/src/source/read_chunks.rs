use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anypipe_core::drive::Boundary;

use crate::source::files::{InParts, Part, in_parts, told};

/// The bytes of a file, chunk by chunk; made by [`read_chunks`].
#[derive(Clone, Debug)]
pub struct ReadChunks {
    boundary: Boundary,
    path: PathBuf,
    size: usize,
}

/// The source of `Pipeline::read_chunks`, where all of it is told.
///
/// # Panics
///
/// Where `size` is 0.
#[track_caller]
pub fn read_chunks(path: impl AsRef<Path>, size: usize) -> ReadChunks {
    assert!(size > 0, "`read_chunks(.., 0)`: a chunk has at least one byte");
    ReadChunks { boundary: Boundary::new("read_chunks"), path: path.as_ref().to_owned(), size }
}

impl InParts for ReadChunks {
    type Item = io::Result<Vec<u8>>;

    fn parts(self) -> (Boundary, impl FnMut() -> Part<io::Result<Vec<u8>>> + Send + 'static) {
        let mut chunks = Chunks {
            path: self.path,
            size: self.size,
            file: None,
            over: false,
            chunk: Vec::new(),
            filled: 0,
        };
        (self.boundary, move || chunks.part())
    }
}

in_parts!(ReadChunks, io::Result<Vec<u8>>);

struct Chunks {
    path: PathBuf,
    size: usize,
    /// The file, once it is open.
    file: Option<File>,
    over: bool,
    /// The next chunk, of which a part was read.
    chunk: Vec<u8>,
    filled: usize,
}

impl Chunks {
    /// Reads a part of a chunk, and gives the chunk with the last.
    fn part(&mut self) -> Part<io::Result<Vec<u8>>> {
        if self.over {
            return Part::End;
        }
        match self.read() {
            Ok(0) => {
                self.over = true;
                if self.filled > 0 { Part::Item(Ok(self.take())) } else { Part::End }
            }
            Ok(read) => {
                self.filled += read;
                if self.filled == self.size { Part::Item(Ok(self.take())) } else { Part::More }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Part::More,
            Err(error) => {
                self.over = true;
                Part::Item(Err(told(&self.path, &error)))
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        self.chunk.resize(self.size, 0);
        file.read(&mut self.chunk[self.filled..])
    }

    fn take(&mut self) -> Vec<u8> {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.truncate(std::mem::take(&mut self.filled));
        chunk
    }
}
