//! The workers of a crew that have nothing to do, and what they are called to. Apart from the items, so that it is built once
//! and not again for each type of item.

use std::task::Waker;

use super::keys::{Keys, keys};
use super::waiting::Waiting;

/// What a crew keeps under its lock but its items.
pub(super) struct Idle {
    /// Set when the input has ended.
    ended: bool,
    /// Where items have keys: which of them wait for others of theirs, and which are ready, by the slots they lie in.
    keys: Option<Box<dyn Keys>>,
    /// Workers with nothing to do.
    workers: Waiting,
}

/// Why there may be something to do for another worker.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// A worker has let go of what it had.
    LetGo,
    /// The input has ended: all are to know.
    Ended,
    /// An item of this key is done. While work is quick the worker that has done it is the first to take the next.
    Released { key: u64, quick: bool },
    /// The worker in this place goes for good.
    Dismissed(usize),
}

/// What a worker finds to do.
pub(super) enum Found {
    /// To take items of the input.
    Baton,
    /// To work on the item in this slot, whose key has become free.
    Ready(usize),
    /// Nothing, for good.
    Over,
    /// To wait until it is called; in place of this waker.
    Nothing(Option<Waker>),
}

impl Idle {
    pub(super) fn new(workers: usize, keyed: bool) -> Self {
        Self { ended: false, keys: keyed.then(keys), workers: Waiting::new(workers) }
    }

    /// Gives the worker to call for what there is to do now, and a waker to be dropped.
    pub(super) fn call(&mut self, why: Why, has_baton: bool) -> (Option<Waker>, Option<Waker>) {
        let mut old = None;
        match why {
            Why::LetGo => {}
            Why::Ended => self.ended = true,
            Why::Released { key, quick } => {
                if let Some(keys) = &mut self.keys {
                    keys.release(key);
                }
                if quick {
                    return (None, None);
                }
            }
            Why::Dismissed(index) => old = self.workers.dismiss(index),
        }
        let has_ready = self.keys.as_ref().is_some_and(|keys| keys.has_ready());
        let is_any = has_ready || has_baton || self.is_over();
        (if is_any { self.workers.call() } else { None }, old)
    }

    /// What there is to do for this worker.
    pub(super) fn turn(&mut self, index: usize, waker: &Waker, has_baton: bool) -> Found {
        // A worker that was polled unasked isn't idle any more: a call meant for one that is
        // would be lost on it.
        self.workers.leave(index);
        if let Some(slot) = self.keys.as_mut().and_then(|keys| keys.take_ready()) {
            return Found::Ready(slot);
        }
        if self.is_over() {
            return Found::Over;
        }
        if has_baton { Found::Baton } else { Found::Nothing(self.workers.enter(index, waker)) }
    }

    /// Makes place for one more.
    pub(super) fn admit(&mut self, index: usize) {
        self.workers.admit(index);
    }

    /// Makes a key busy; gives the slot for an item of it, where it is so already.
    pub(super) fn hold(&mut self, key: u64) -> Option<usize> {
        self.keys.as_mut().and_then(|keys| keys.enter(key))
    }

    /// True once all items that will ever come have been begun.
    fn is_over(&self) -> bool {
        self.ended && self.waiting() == 0
    }

    /// How many items were taken and not begun.
    pub(super) fn waiting(&self) -> usize {
        self.keys.as_ref().map_or(0, |keys| keys.count())
    }
}
