//! One value from the task that makes it to the future that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::task::{BoxFuture, HoldsTask, TaskCell};
use super::{Scope, TaskName, is_cut_off};
use crate::error::RunError;
use crate::sync::Mutex;

struct Shared<T, B> {
    told: Told,
    /// Put there before it is told of; whoever hears of that takes it.
    value: Mutex<Option<T>>,
    /// What lies with it: the task that gives the value, so that the two are one allocation, or nothing.
    beside: B,
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

impl<T, B> Shared<T, B> {
    fn take(&self) -> Option<T> {
        self.value.lock().take()
    }
}

/// The giving end.
pub(crate) struct Giver<T, B = ()> {
    /// `None` once it has given.
    shared: Option<Arc<Shared<T, B>>>,
}

/// The waiting end: `None` where the giver went without giving.
pub(crate) struct Promise<T, B = ()> {
    shared: Arc<Shared<T, B>>,
    /// Set once it has waited to the end.
    over: bool,
}

pub(crate) fn promise<T>() -> (Giver<T>, Promise<T>) {
    promise_with(())
}

/// A promise that a task of the scope is to give, which is [spawned](Promise::spawn) with it.
pub(crate) fn promise_of_task<T>(
    scope: &Scope,
    name: TaskName,
) -> (Giver<T, TaskCell>, Promise<T, TaskCell>) {
    promise_with(TaskCell::new(name, scope.clone()))
}

fn promise_with<T, B>(beside: B) -> (Giver<T, B>, Promise<T, B>) {
    let told = Told { state: Mutex::new(State::Waiting(None)) };
    let shared = Arc::new(Shared { told, value: Mutex::new(None), beside });
    (Giver { shared: Some(Arc::clone(&shared)) }, Promise { shared, over: false })
}

impl<T, B> Giver<T, B> {
    /// Gives the value, or hands it back where nobody waits any more.
    pub(crate) fn give(mut self, value: T) -> Result<(), T> {
        let Some(shared) = self.shared.take() else { return Err(value) };
        *shared.value.lock() = Some(value);
        if shared.told.give() {
            return Ok(());
        }
        shared.take().map_or(Ok(()), Err)
    }
}

impl<T, B> Drop for Giver<T, B> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.told.vanish();
        }
    }
}

impl<T, B> Promise<T, B> {
    /// What was given and not taken yet; from now on nobody waits.
    pub(crate) fn take(&mut self) -> Option<T> {
        if !self.over && self.shared.told.close() { self.shared.take() } else { None }
    }

    /// True once polling would not wait.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(*self.shared.told.state.lock(), State::Waiting(_))
    }
}

impl<T> Promise<T, TaskCell> {
    /// Spawns the task that gives it, once, or tells why it can't be.
    pub(crate) fn spawn(&self, future: BoxFuture<()>) -> Result<(), RunError>
    where
        T: Send + 'static,
    {
        Scope::spawn_cell(&self.shared, future)
    }

    /// The task that gives it.
    pub(crate) fn task(&self) -> &TaskCell {
        &self.shared.beside
    }
}

impl<T: Send + 'static> HoldsTask for Shared<T, TaskCell> {
    fn cell(&self) -> &TaskCell {
        &self.beside
    }
}

impl<T, B> Future for Promise<T, B> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let is_there = ready!(self.shared.told.poll(cx));
        self.over = true;
        Poll::Ready(if is_there { self.shared.take() } else { None })
    }
}

impl<T, B> Drop for Promise<T, B> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
