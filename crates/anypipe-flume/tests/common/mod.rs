//! Waits for a future on a plain thread, outside of every runtime; a hang is a failure.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[expect(clippy::disallowed_methods, reason = "a watchdog is about real time")]
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(thread::current())).into();
    let (mut future, until) = (pin!(future), Instant::now() + Duration::from_secs(20));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let left = until.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "it hangs");
        thread::park_timeout(left);
    }
}

#[allow(dead_code, reason = "not every test file starts a thread")]
#[expect(clippy::disallowed_methods, reason = "a test's own thread")]
pub(crate) fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::spawn(body)
}
