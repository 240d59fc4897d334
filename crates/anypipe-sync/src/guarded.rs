//! State under a lock, and the wakers that are for when it is let go.

use std::sync::PoisonError;
use std::task::Waker;

use anypipe_core::scope::drop_each;

use crate::sync::Mutex;

/// State under a lock of the standard library's, held for a few steps and never while anything of others runs.
pub(crate) struct Guarded<S>(Mutex<S>);

impl<S> Guarded<S> {
    pub(crate) const fn new(state: S) -> Self {
        Self(Mutex::new(state))
    }

    /// Does something under the lock; then, with the lock let go, wakes whom that has made ready.
    #[inline]
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut S, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let result = {
            // Nothing of others ran under it: where it is poisoned the state is whole all the same.
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut state, &mut wakes)
        };
        wakes.wake();
        result
    }

    /// Looks at the state.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Wakers to be woken, and wakers to be dropped, once a lock is let go: both may run anybody's code.
#[derive(Default)]
pub(crate) struct Wakes {
    /// The first, which needs no allocation.
    first: Option<Waker>,
    more: Vec<Waker>,
    /// One that is woken no more.
    old: Option<Waker>,
}

impl Wakes {
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        match self.first {
            None => self.first = waker,
            Some(_) => self.more.extend(waker),
        }
    }

    /// Keeps a waker that is to be dropped.
    pub(crate) fn put_away(&mut self, old: Waker) {
        self.old = Some(old);
    }

    #[inline]
    fn wake(self) {
        if self.first.is_some() || self.old.is_some() {
            self.wake_all();
        }
    }

    fn wake_all(self) {
        if self.more.is_empty() && self.old.is_none() && !std::thread::panicking() {
            return self.first.into_iter().for_each(Waker::wake);
        }
        wake_each(self.first.into_iter().chain(self.more));
        drop_each(self.old);
    }
}

/// Wakes all, with no lock held. One waker that panics leaves nobody unwoken; its panic goes on after the last.
pub(crate) fn wake_each(wakers: impl Iterator<Item = Waker>) {
    drop_each(wakers.map(|waker| Rings(Some(waker))));
}

/// Wakes when it is dropped.
struct Rings(Option<Waker>);

impl Drop for Rings {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Waker::wake);
    }
}
