use std::task::Waker;

use super::few::Few;

/// The wakers of those who wait for one event, in the order in which they came.
///
/// It lives under the lock of what is waited for, so it wakes and drops nobody by itself: what it gives back is for
/// the caller, once the lock is let go. However many wait, entering and leaving takes no search, and whoever
/// leaves when its wait is over, or when it is dropped, leaves nothing behind.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use std::task::Waker;
///
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::{Place, Waiters};
///
/// let waiters = Mutex::new(Waiters::default());
/// let mut place = Place::default();
/// for _ in 0..3 {
///     // Each time it is polled: one entry, however often.
///     let old = waiters.lock().unwrap().enter(&mut place, Waker::noop());
///     drop(old);
/// }
/// let waiting = waiters.lock().unwrap().take();
/// assert_eq!(waiting.map(Waker::wake).count(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Waiters {
    wakers: Few<Waker>,
    /// The last place that was given out.
    last: u64,
}

/// The place of one who waits among [`Waiters`]: none before the first wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(Option<u64>);

impl Place {
    /// True where its owner has never waited, so that there is nothing to leave.
    pub fn is_none(self) -> bool {
        self.0.is_none()
    }
}

impl Waiters {
    /// Enters a waker, or changes it where its owner waits already; gives the one that was there before.
    #[must_use = "drop it once the lock is let go"]
    pub fn enter(&mut self, place: &mut Place, waker: &Waker) -> Option<Waker> {
        let known = place.0.and_then(|place| self.wakers.get_mut(place));
        if known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            return None;
        }
        let place = *place.0.get_or_insert_with(|| {
            self.last += 1;
            self.last
        });
        self.wakers.insert(place, waker.clone())
    }

    /// Takes one out who waits no more.
    #[must_use = "drop it once the lock is let go"]
    pub fn leave(&mut self, place: Place) -> Option<Waker> {
        self.wakers.remove(place.0?)
    }

    /// Takes all out, to be woken once the lock is let go. Those that are to wait on enter again, in their old place.
    pub fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.wakers.take()
    }
}
