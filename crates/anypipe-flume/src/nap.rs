//! A short wait: by the clock of the run it is in, so that it is right on a virtual one too, and by
//! the standard clock where there is no run.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use anypipe_core::scope::current_runtime;

/// Waits for `length`.
pub(crate) async fn nap(length: Duration) {
    match current_runtime() {
        Some(runtime) => runtime.sleep(length).await,
        None => on_a_thread(length).await,
    }
}

/// A wait that needs no runtime.
fn on_a_thread(length: Duration) -> impl Future<Output = ()> + Send {
    let state = Arc::new(State::default());
    let told = Arc::clone(&state);
    #[expect(clippy::disallowed_methods, reason = "there is no runtime here to ask for a sleep")]
    thread::spawn(move || {
        thread::sleep(length);
        let mut state = told.lock();
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    });
    poll_fn(move |cx| state.poll(cx))
}

#[derive(Default)]
struct State(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Set by the thread when it has slept.
    over: bool,
    /// Who waits.
    waker: Option<Waker>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.over {
            return Poll::Ready(());
        }
        let old = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }
}
