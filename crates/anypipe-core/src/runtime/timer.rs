use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::sync::Mutex;

/// A runtime's clock.
///
/// Lengths of time cross this trait, points of time only come out of it: a deadline worked out on
/// the standard clock would be wrong on a virtual one.
pub trait Timer: Send + Sync + 'static {
    /// The runtime's present moment. It never goes backwards.
    fn now(&self) -> Instant;

    /// As [`now`](Timer::now), asked for in a task of this runtime: core reads the clock every few items, so
    /// this should cost little.
    fn now_in_task(&self) -> Instant {
        self.now()
    }

    /// A future that is done `length` after this call, by [`Timer::now`].
    ///
    /// # Panics
    ///
    /// Where the runtime has no timer (a tokio runtime built without `enable_time`), with a
    /// message that says so.
    fn sleep(&self, length: Duration) -> Sleep;

    /// True where a sleep ends at its moment and none is late, as only a simulator can promise: what a
    /// test may ask before it compares times.
    fn is_exact(&self) -> bool {
        false
    }
}

/// What a backend's sleep must be able to do; users meet it as [`Sleep`].
pub trait SleepFuture: Future<Output = ()> + Send {
    /// Starts the wait anew: done `length` after this call, whatever came before.
    fn reset(self: Pin<&mut Self>, length: Duration);
}

/// A wait on a runtime's clock, that can be set again without a new allocation.
///
/// # Cancel safety
///
/// Dropping it forgets the wait and nothing else.
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    /// Never locked: whoever has a `Sleep` may share what it lies in.
    inner: Mutex<Pin<Box<dyn SleepFuture>>>,
}

impl Sleep {
    /// Wraps a backend's sleep.
    pub fn new(inner: impl SleepFuture + 'static) -> Self {
        Self { inner: Mutex::new(Box::pin(inner)) }
    }

    /// Starts the wait anew: done `length` after this call, whatever came before.
    pub fn reset(&mut self, length: Duration) {
        self.inner.get_mut().as_mut().reset(length);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.get_mut().as_mut().poll(cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").finish_non_exhaustive()
    }
}
