use std::fmt;
use std::fs::{self, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anypipe_core::drive::Boundary;

use crate::source::files::{InParts, Part, in_parts, told};

/// How many entries of a directory are listed in a row.
const ENTRIES_IN_PART: usize = 256;

type Filter = Arc<dyn Fn(&WalkEntry) -> bool + Send + Sync>;

/// What there is below a directory; made by [`walk`].
#[derive(Clone)]
pub struct Walk {
    boundary: Boundary,
    root: PathBuf,
    filter: Option<Filter>,
}

/// The source of `Pipeline::walk`, where all of it is told.
pub fn walk(root: impl AsRef<Path>) -> Walk {
    Walk { boundary: Boundary::new("walk"), root: root.as_ref().to_owned(), filter: None }
}

impl Walk {
    /// Leaves out what `f` says no to, and does not enter it where it is a directory.
    pub fn filter_entry(mut self, f: impl Fn(&WalkEntry) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(first) => Arc::new(move |entry| first(entry) && f(entry)),
            None => Arc::new(f),
        });
        self
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("root", &self.root).finish_non_exhaustive()
    }
}

impl InParts for Walk {
    type Item = io::Result<WalkEntry>;

    fn parts(self) -> (Boundary, impl FnMut() -> Part<io::Result<WalkEntry>> + Send + 'static) {
        let mut steps = Steps {
            root: Some(self.root),
            filter: self.filter,
            stack: Vec::new(),
            listing: None,
            failed: None,
        };
        (self.boundary, move || steps.part())
    }
}

in_parts!(Walk, io::Result<WalkEntry>);

/// A file, a directory or something else that a walk has found.
#[derive(Clone, Debug)]
pub struct WalkEntry {
    path: PathBuf,
    file_type: FileType,
    depth: usize,
}

impl WalkEntry {
    /// Its path, which begins with that of the walk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its path, to keep.
    pub fn into_path(self) -> PathBuf {
        self.path
    }

    /// What it is; a link is a link, wherever it leads.
    pub fn file_type(&self) -> FileType {
        self.file_type
    }

    /// True for a file.
    pub fn is_file(&self) -> bool {
        self.file_type.is_file()
    }

    /// True for a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type.is_dir()
    }

    /// How many directories it is below the start of the walk, which is at 0.
    pub fn depth(&self) -> usize {
        self.depth
    }
}

struct Steps {
    /// Where the walk begins, until it has.
    root: Option<PathBuf>,
    filter: Option<Filter>,
    /// What is left of the directories that were entered.
    stack: Vec<std::vec::IntoIter<io::Result<WalkEntry>>>,
    /// The directory that is being listed.
    listing: Option<Listing>,
    /// Why the directory that was given last can't be entered.
    failed: Option<io::Error>,
}

struct Listing {
    path: PathBuf,
    depth: usize,
    entries: ReadDir,
    found: Vec<io::Result<WalkEntry>>,
}

impl Steps {
    /// Does a part of the walk, and gives what it has found.
    fn part(&mut self) -> Part<io::Result<WalkEntry>> {
        if let Some(root) = self.root.take() {
            // A link at the very start is meant.
            return Part::Item(match fs::metadata(&root) {
                Ok(file) => Ok(self.enter(WalkEntry { path: root, file_type: file.file_type(), depth: 0 })),
                Err(error) => Err(told(&root, &error)),
            });
        }
        if let Some(error) = self.failed.take() {
            return Part::Item(Err(error));
        }
        if let Some(listing) = &mut self.listing {
            if listing.list() {
                self.stack.extend(self.listing.take().map(Listing::sorted));
            }
            return Part::More;
        }
        let Some(directory) = self.stack.last_mut() else { return Part::End };
        match directory.next() {
            Some(Ok(entry)) if self.filter.as_ref().is_some_and(|filter| !filter(&entry)) => Part::More,
            Some(Ok(entry)) => Part::Item(Ok(self.enter(entry))),
            Some(Err(error)) => Part::Item(Err(error)),
            None => {
                self.stack.pop();
                Part::More
            }
        }
    }

    /// Begins with a directory, after it was given.
    fn enter(&mut self, entry: WalkEntry) -> WalkEntry {
        if entry.is_dir() {
            match fs::read_dir(&entry.path) {
                Ok(entries) => {
                    let (path, depth) = (entry.path.clone(), entry.depth + 1);
                    self.listing = Some(Listing { path, depth, entries, found: Vec::new() });
                }
                Err(error) => self.failed = Some(told(&entry.path, &error)),
            }
        }
        entry
    }
}

impl Listing {
    /// Lists some more; true where that was all.
    fn list(&mut self) -> bool {
        for _ in 0..ENTRIES_IN_PART {
            let Some(entry) = self.entries.next() else { return true };
            self.found.push(match entry {
                Ok(entry) => {
                    let (path, depth) = (entry.path(), self.depth);
                    match entry.file_type() {
                        Ok(file_type) => Ok(WalkEntry { path, file_type, depth }),
                        Err(error) => Err(told(&path, &error)),
                    }
                }
                Err(error) => Err(told(&self.path, &error)),
            });
        }
        false
    }

    /// By their names; first what can't be told.
    fn sorted(mut self) -> std::vec::IntoIter<io::Result<WalkEntry>> {
        self.found
            .sort_by(|a, b| a.as_ref().ok().map(WalkEntry::path).cmp(&b.as_ref().ok().map(WalkEntry::path)));
        self.found.into_iter()
    }
}
