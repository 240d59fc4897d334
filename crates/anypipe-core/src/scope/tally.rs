use std::borrow::Cow;

use super::StageStats;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Counts where the items of one boundary have gone. Every item taken is counted once more at its
/// end, so nothing is lost unseen.
#[derive(Debug)]
pub(crate) struct Tally {
    name: Cow<'static, str>,
    /// Items taken from the input.
    pub(crate) taken: Count,
    /// Items the consumer has taken out.
    pub(crate) delivered: Count,
    /// Items that were filtered out.
    pub(crate) filtered: Count,
    /// Items whose work panicked.
    pub(crate) errored: Count,
    /// Items taken and dropped before or during their work.
    pub(crate) cancelled: Count,
    /// Finished items that nobody took.
    pub(crate) left: Count,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, items: usize) {
        if items > 0 {
            self.0.fetch_add(items as u64, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Tally {
    pub(crate) fn new(name: Cow<'static, str>) -> Self {
        let (taken, delivered, filtered) = (Count::default(), Count::default(), Count::default());
        let (errored, cancelled, left) = (Count::default(), Count::default(), Count::default());
        Self { name, taken, delivered, filtered, errored, cancelled, left }
    }

    pub(crate) fn stats(&self) -> StageStats {
        // The ends first: an item is never seen to end before it was seen to be taken.
        let (delivered, filtered) = (self.delivered.get(), self.filtered.get());
        let (errored, cancelled, left) = (self.errored.get(), self.cancelled.get(), self.left.get());
        let name = self.name.to_string();
        StageStats { name, taken: self.taken.get(), delivered, filtered, errored, cancelled, left }
    }
}
