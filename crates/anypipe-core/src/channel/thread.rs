//! Waits of plain threads: a future is polled on the thread, which is parked in between.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::scope::{refuse_to_block, runtime_of_job};

/// A thread that waits.
struct Parked {
    thread: Thread,
    /// Set by a wake, so that one of somebody else's `park` is not taken for it.
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// Polls a future to its end on this thread, for a call that `instead` is awaited for.
///
/// # Panics
///
/// In a task of ours.
#[track_caller]
pub(crate) fn wait<F: Future>(call: &str, instead: &str, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    wait_until(call, instead, None, future.as_mut()).expect("it waits without a limit")
}

/// As [`wait`], for no longer than `limit`; the future is left to the caller.
#[track_caller]
pub(super) fn wait_within<F: Future>(
    call: &str,
    instead: &str,
    limit: Duration,
    future: Pin<&mut F>,
) -> Option<F::Output> {
    wait_until(call, instead, Some(limit), future)
}

#[expect(clippy::disallowed_methods, reason = "the clock of a plain thread")]
fn now() -> Instant {
    Instant::now()
}

#[track_caller]
fn wait_until<F: Future>(
    call: &str,
    instead: &str,
    limit: Option<Duration>,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    refuse_to_block(call, instead);
    if let Some(runtime) = runtime_of_job() {
        let mut given = None;
        let mut poll = |cx: &mut Context<'_>| future.as_mut().poll(cx).map(|value| given = Some(value));
        if runtime.wait_in_job(&mut poll, limit) {
            return given;
        }
    }
    // What is longer than the clock can tell is never over.
    let end = limit.and_then(|limit| now().checked_add(limit));
    let parked = Arc::new(Parked { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&parked));
    let mut poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
    loop {
        if let Poll::Ready(value) = poll() {
            return Some(value);
        }
        while !parked.woken.swap(false, Ordering::SeqCst) {
            let Some(end) = end else {
                thread::park();
                continue;
            };
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                // What is there at the very moment counts.
                return match poll() {
                    Poll::Ready(value) => Some(value),
                    Poll::Pending => None,
                };
            }
            thread::park_timeout(left);
        }
    }
}
