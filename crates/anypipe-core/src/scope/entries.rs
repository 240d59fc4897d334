/// What was entered on a thread and not left, the innermost last. Guards may go in any order: each has the number
/// of its entry, and takes that with it.
pub(super) struct Entries<T> {
    entries: Vec<(u64, T)>,
    /// The number of the last entry.
    last: u64,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), last: 0 }
    }
}

impl<T> Entries<T> {
    /// Enters something; gives the number that its guard keeps.
    pub(super) fn enter(&mut self, entry: T) -> u64 {
        self.last += 1;
        self.entries.push((self.last, entry));
        self.last
    }

    /// Takes out what a guard has entered, to be dropped once the thread's own is let go.
    #[must_use]
    pub(super) fn leave(&mut self, number: u64) -> Option<T> {
        if self.entries.last().is_some_and(|(entry, _)| *entry == number) {
            return self.entries.pop().map(|(_, entry)| entry);
        }
        let index = self.entries.iter().rposition(|(entry, _)| *entry == number)?;
        Some(self.entries.remove(index).1)
    }

    /// All of them, from the innermost out.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().rev().map(|(_, entry)| entry)
    }

    pub(super) fn innermost_mut(&mut self) -> Option<&mut T> {
        self.entries.last_mut().map(|(_, entry)| entry)
    }
}
