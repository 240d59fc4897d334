//! Tokio's clock, which tests can pause.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{Sleep, SleepFuture, Timer};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::{Instant as TokioInstant, sleep};

use crate::blocking::Sleeper;
use crate::spawn::Native;

/// Longer than any program runs, and short enough to be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl Timer for Native {
    fn now(&self) -> Instant {
        // Inside the runtime, since each has its own clock where tests pause it.
        let _inside = self.handle.enter();
        TokioInstant::now().into_std()
    }

    fn now_in_task(&self) -> Instant {
        TokioInstant::now().into_std()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        // Tokio has no way to ask for the timer but to try.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let _inside = self.handle.enter();
            sleep(length)
        }));
        let Ok(inner) = made else {
            panic!(
                "this tokio runtime has no timer: build it with `enable_time()` or `enable_all()`, \
                 or run on another with `.on(runtime)`"
            );
        };
        Sleep::new(NativeSleep {
            inner,
            handle: self.handle.clone(),
            sleeper: Sleeper::new(self.owner.clone()),
        })
    }
}

pin_project! {
    /// Tokio's sleep, with the runtime whose clock it is on.
    struct NativeSleep {
        // The wait itself.
        #[pin]
        inner: tokio::time::Sleep,
        // Whose clock it is.
        handle: Handle,
        // Has the runtime driven meanwhile.
        sleeper: Sleeper,
    }
}

impl Future for NativeSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        this.sleeper.set(polled.is_pending());
        polled
    }
}

impl SleepFuture for NativeSleep {
    fn reset(self: Pin<&mut Self>, length: Duration) {
        let this = self.project();
        let _inside = this.handle.enter();
        let now = TokioInstant::now();
        this.inner.reset(now.checked_add(length).unwrap_or_else(|| now + FOR_EVER));
    }
}
