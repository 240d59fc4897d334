//! Futures on a plain thread, outside of every runtime.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};

use crate::registry::give_way;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future to its end on this thread.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}

/// Does something on another thread, that is in no runtime.
#[expect(clippy::disallowed_methods, reason = "a thread that is no runtime's")]
pub(crate) fn beside<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::spawn(body)
}

/// Counts wakes.
#[derive(Clone, Default)]
pub(crate) struct Wakes {
    wakes: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.wakes))
    }

    /// How many wakers are kept.
    pub(crate) fn held(&self) -> usize {
        Arc::strong_count(&self.wakes) - 1
    }

    pub(crate) fn count(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// A value for as long as the program runs, so that what borrows it may go anywhere. It is small.
pub(crate) fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A future, how it is woken, and what it is called.
pub(crate) struct Waiter<T> {
    pub(crate) id: usize,
    wait: Pin<Box<dyn Future<Output = T> + Send>>,
    pub(crate) wakes: Wakes,
}

impl<T> Waiter<T> {
    pub(crate) fn new(id: usize, wait: impl Future<Output = T> + Send + 'static) -> Self {
        Self { id, wait: Box::pin(wait), wakes: Wakes::new() }
    }

    /// Polls it with its own waker, in a poll of the case's that has just begun.
    pub(crate) async fn poll(&mut self) -> Poll<T> {
        give_way().await;
        self.poll_now()
    }

    pub(crate) fn poll_now(&mut self) -> Poll<T> {
        self.wait.as_mut().poll(&mut Context::from_waker(&self.wakes.waker()))
    }
}
