//! One value from the task that makes it to the future that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::is_cut_off;
use crate::sync::Mutex;

struct Shared<T> {
    told: Told,
    /// Put there before it is told of; whoever hears of that takes it.
    value: Mutex<Option<T>>,
}

/// What the two ends tell each other. Built once, and not again for each type of value.
struct Told {
    state: Mutex<State>,
}

enum State {
    Waiting(Option<Waker>),
    Given,
    /// The value was taken, or nobody will ever take it.
    Over,
    /// The giver went without giving.
    Vanished,
}

impl Told {
    /// Tells that the value is there; `false` where nobody waits any more.
    fn give(&self) -> bool {
        let mut state = self.state.lock();
        let State::Waiting(waker) = &mut *state else { return false };
        let waker = waker.take();
        *state = State::Given;
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// The giver goes.
    fn vanish(&self) {
        let mut state = self.state.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Vanished;
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    /// Nobody waits from now on; `true` where the value was there, and is now the caller's.
    fn close(&self) -> bool {
        // Apart from the question, which would hold the lock while the waker goes.
        let state = std::mem::replace(&mut *self.state.lock(), State::Over);
        matches!(state, State::Given)
    }

    /// Waits until it is known whether there is a value, which is then the caller's.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Waiting(old) => {
                *state = State::Waiting(Some(cx.waker().clone()));
                drop(state);
                drop(old);
                Poll::Pending
            }
            State::Given => Poll::Ready(true),
            // The giver was cut off, as whoever polls here is.
            State::Vanished if is_cut_off() => {
                *state = State::Vanished;
                Poll::Pending
            }
            State::Over | State::Vanished => Poll::Ready(false),
        }
    }
}

impl<T> Shared<T> {
    fn take(&self) -> Option<T> {
        self.value.lock().take()
    }
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
    let told = Told { state: Mutex::new(State::Waiting(None)) };
    let shared = Arc::new(Shared { told, value: Mutex::new(None) });
    (Giver { shared: Arc::clone(&shared) }, Promise { shared })
}

impl<T> Giver<T> {
    /// Gives the value, or hands it back where nobody waits any more.
    pub(crate) fn give(self, value: T) -> Result<(), T> {
        *self.shared.value.lock() = Some(value);
        if self.shared.told.give() {
            return Ok(());
        }
        self.shared.take().map_or(Ok(()), Err)
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.shared.told.vanish();
    }
}

impl<T> Promise<T> {
    /// What was given and not taken yet; from now on nobody waits.
    pub(crate) fn take(&mut self) -> Option<T> {
        if self.shared.told.close() { self.shared.take() } else { None }
    }

    /// True once polling would not wait.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(*self.shared.told.state.lock(), State::Waiting(_))
    }
}

impl<T> Future for Promise<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.shared.told.poll(cx).map(|is_there| if is_there { self.shared.take() } else { None })
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
