//! One value from the task that makes it to the future that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::is_cut_off;
use crate::sync::Mutex;

struct Shared<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting(Option<Waker>),
    Given(T),
    /// The value was taken, or nobody will ever take it.
    Over,
    /// The giver went without giving.
    Vanished,
}

/// The giving end.
pub(crate) struct Giver<T> {
    shared: Arc<Shared<T>>,
}

/// The waiting end: `None` where the giver went without giving.
pub(crate) struct Promise<T> {
    shared: Arc<Shared<T>>,
}

pub(crate) fn promise<T>() -> (Giver<T>, Promise<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::Waiting(None)) });
    (Giver { shared: Arc::clone(&shared) }, Promise { shared })
}

impl<T> Giver<T> {
    /// Gives the value, or hands it back where nobody waits any more.
    pub(crate) fn give(self, value: T) -> Result<(), T> {
        let mut state = self.shared.state.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Waiting(waker) => {
                *state = State::Given(value);
                drop(state);
                waker.into_iter().for_each(Waker::wake);
                Ok(())
            }
            _ => Err(value),
        }
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Vanished;
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Promise<T> {
    /// What was given and not taken yet; from now on nobody waits.
    pub(crate) fn take(&mut self) -> Option<T> {
        // Apart from the `match`, which would hold the lock while the waker goes.
        let state = std::mem::replace(&mut *self.shared.state.lock(), State::Over);
        if let State::Given(value) = state { Some(value) } else { None }
    }

    /// True once polling would not wait.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(*self.shared.state.lock(), State::Waiting(_))
    }
}

impl<T> Future for Promise<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.shared.state.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Waiting(old) => {
                *state = State::Waiting(Some(cx.waker().clone()));
                drop(state);
                drop(old);
                Poll::Pending
            }
            State::Given(value) => Poll::Ready(Some(value)),
            // The giver was cut off, as whoever polls here is.
            State::Vanished if is_cut_off() => {
                *state = State::Vanished;
                Poll::Pending
            }
            State::Over | State::Vanished => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.shared.state.lock(), State::Over);
        drop(state);
    }
}
