use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{RuntimeHandle, Sleep};
use anypipe_core::{Scope, Source};
use futures_core::Stream;

/// Ticks; made by [`interval`].
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    period: Duration,
}

/// The source of `Pipeline::interval`, where all of it is told.
///
/// # Panics
///
/// Where `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "`interval(0)`: ticks without time between them are `count_from(0, 1)`");
    Interval { period }
}

impl Source for Interval {
    type Item = u64;

    fn attach(self, scope: &Scope) -> impl Stream<Item = u64> + Send + 'static {
        Ticks { period: self.period, runtime: scope.runtime().clone(), next: None, count: 0 }
    }
}

struct Ticks {
    period: Duration,
    runtime: RuntimeHandle,
    /// The wait for the next tick, and when it is due; none before the first.
    next: Option<(Sleep, Option<Instant>)>,
    /// How many ticks there were.
    count: u64,
}

impl Stream for Ticks {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let this = &mut *self;
        match &mut this.next {
            None => {
                let due = this.runtime.now().checked_add(this.period);
                this.next = Some((this.runtime.sleep(this.period), due));
            }
            Some((sleep, due)) => {
                ready!(Pin::new(&mut *sleep).poll(cx));
                let now = this.runtime.now();
                let late = due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
                let wait = this.period.saturating_sub(remainder(late, this.period));
                *due = now.checked_add(wait);
                sleep.reset(wait);
            }
        }
        let tick = this.count;
        this.count += 1;
        Poll::Ready(Some(tick))
    }
}

/// What is left of `length` after as many whole periods as fit.
fn remainder(length: Duration, period: Duration) -> Duration {
    let nanos = length.as_nanos() % period.as_nanos();
    // Lengths of centuries don't fit; it doesn't matter when they end.
    u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos)
}
