/// What was entered on a thread and not left, the innermost last. Guards may go in any order: each has the number
/// of its entry, and takes that with it.
pub(super) struct Entries<T> {
    /// Those that were entered, and behind them those that were left, to be entered again: nothing is moved.
    all: Vec<(u64, T)>,
    /// How many are entered.
    depth: usize,
    /// The number of the last entry.
    last: u64,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { all: Vec::new(), depth: 0, last: 0 }
    }
}

impl<T: Default> Entries<T> {
    /// Enters something; gives the number that its guard keeps, and where it belongs. What was left there by a
    /// guard before is to be overwritten.
    #[inline]
    pub(super) fn enter(&mut self) -> (u64, &mut T) {
        if self.depth >= self.all.len() {
            self.grow();
        }
        self.last += 1;
        let (number, entry) = &mut self.all[self.depth];
        self.depth += 1;
        *number = self.last;
        (self.last, entry)
    }

    #[cold]
    fn grow(&mut self) {
        self.all.push((0, T::default()));
    }

    /// Leaves what a guard has entered; gives it for all to be taken out that is to be dropped, once the thread's own
    /// is let go.
    #[inline]
    pub(super) fn leave(&mut self, number: u64) -> Option<&mut T> {
        let innermost = self.depth.checked_sub(1)?;
        if self.all[innermost].0 != number {
            self.bring_in(number)?;
        }
        self.depth = innermost;
        Some(&mut self.all[innermost].1)
    }

    /// What was left last, where nothing was entered since.
    pub(super) fn last_left(&mut self) -> Option<&mut T> {
        self.all.get_mut(self.depth).map(|(_, entry)| entry)
    }

    /// Makes an entry the innermost.
    #[cold]
    fn bring_in(&mut self, number: u64) -> Option<()> {
        let entered = &mut self.all[..self.depth];
        let index = entered.iter().rposition(|(entry, _)| *entry == number)?;
        entered[index..].rotate_left(1);
        Some(())
    }

    /// All of them, from the innermost out.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.all[..self.depth].iter().rev().map(|(_, entry)| entry)
    }

    pub(super) fn innermost_mut(&mut self) -> Option<&mut T> {
        self.all[..self.depth].last_mut().map(|(_, entry)| entry)
    }
}
