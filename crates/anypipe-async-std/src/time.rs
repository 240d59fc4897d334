//! The standard clock, and timers that work on any thread. `async_std::task::sleep` can't be reset; the
//! timer below it can.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{Sleep, SleepFuture, Timer};

use crate::spawn::Native;

impl Timer for Native {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(NativeSleep { inner: async_io::Timer::after(length) })
    }
}

/// The timer of async-std's reactor, that tells nothing when it is done.
struct NativeSleep {
    /// The wait itself.
    inner: async_io::Timer,
}

impl Future for NativeSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.inner).poll(cx).map(drop)
    }
}

impl SleepFuture for NativeSleep {
    fn reset(mut self: Pin<&mut Self>, length: Duration) {
        self.inner.set_after(length);
    }
}
