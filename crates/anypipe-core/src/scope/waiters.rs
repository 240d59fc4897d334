//! Wakers of those who wait for one event, in the order in which they came.

use std::collections::BTreeMap;
use std::task::Waker;

/// Who waits. It lives under the lock of what is waited for, so it wakes and drops nobody by itself: what
/// it gives back is for the caller, once the lock is let go.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    /// The last place that was given out.
    last: u64,
}

/// The place of one who waits: none before the first wait.
pub(crate) type Place = Option<u64>;

impl Waiters {
    /// Enters a waker, or changes it where its owner waits already; gives the one that was there before.
    #[must_use]
    pub(crate) fn enter(&mut self, place: &mut Place, waker: &Waker) -> Option<Waker> {
        let place = *place.get_or_insert_with(|| {
            self.last += 1;
            self.last
        });
        self.wakers.insert(place, waker.clone())
    }

    /// Takes one out who waits no more.
    #[must_use]
    pub(crate) fn leave(&mut self, place: Place) -> Option<Waker> {
        self.wakers.remove(&place?)
    }

    /// Takes all out, to be woken.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }
}
