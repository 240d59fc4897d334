//! Sources that can be watched: how many items were asked for, and whether the source is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::prelude::*;

/// Watches the sources made with it.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// Every source has a clone of it.
    asked: Arc<AtomicUsize>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A pipeline of these items.
    pub(crate) fn pipeline<I>(&self, items: I) -> Pipeline<impl Source<Item = I::Item> + Clone + use<I>>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + Clone + 'static>,
    {
        let asked = Arc::clone(&self.asked);
        Pipeline::from_iter(items.into_iter().inspect(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
        }))
    }

    /// How many items were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Checks that every source is gone.
    #[track_caller]
    pub(crate) fn assert_gone(&self) {
        assert_eq!(Arc::strong_count(&self.asked), 1, "a source is still alive");
    }
}
