//! Values that tell when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts drops; clones count together.
#[derive(Clone, Default)]
pub(crate) struct Dropped {
    drops: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

impl Dropped {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A value whose drop is counted.
    pub(crate) fn tells(&self) -> Tells {
        self.made.fetch_add(1, Ordering::SeqCst);
        Tells { drops: Arc::clone(&self.drops) }
    }

    /// How many were made and not dropped.
    pub(crate) fn live(&self) -> usize {
        let dropped = self.count();
        self.made.load(Ordering::SeqCst) - dropped
    }

    pub(crate) fn count(&self) -> usize {
        self.drops.load(Ordering::SeqCst)
    }
}

/// Counts its drop.
pub(crate) struct Tells {
    drops: Arc<AtomicUsize>,
}

impl Drop for Tells {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}
