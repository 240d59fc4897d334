use std::time::{Duration, Instant};

pub use anypipe_core::run::{Interval, MissedTicks};

use crate::backend;

/// Ticks every `period`. As tokio does, it gives the first tick at once, when it is first asked for; the period counts
/// from there.
///
/// It can be made before there is a runtime: the one that the first tick is asked for on is its clock. Ticks are awaited
/// by [`tick`](Interval::tick), or taken as a stream that has no end. [`missed`](Interval::missed) tells what becomes of
/// those that come while nobody waits: they burst, as tokio's do, unless told otherwise.
///
/// # Panics
///
/// Where `period` is zero. Asking for a tick panics where there is no runtime, and where the runtime has no timer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{MissedTicks, interval};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let mut ticks = interval(Duration::from_millis(5)).missed(MissedTicks::Skip);
///     let first = ticks.tick().await;
///     for _ in 0..3 {
///         // … what takes a while, and misses a tick now and then …
///         assert!(ticks.tick().await - first >= Duration::from_millis(5));
///     }
///     // The next one a whole period from now.
///     ticks.reset();
///     ticks.tick().await;
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    anypipe_core::run::interval(backend::choose, period)
}

/// As [`interval`], with the first tick at `start`. Where that is over, what was missed since is treated as any missed
/// tick.
///
/// # Panics
///
/// As [`interval`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{interval_at, now};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let period = Duration::from_millis(5);
///     let start = now() + period;
///     let mut ticks = interval_at(start, period);
///     assert_eq!(ticks.tick().await, start);
///     assert_eq!(ticks.tick().await, start + period);
///     assert!(now() >= start + period);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    anypipe_core::run::interval_at(backend::choose, start, period)
}
