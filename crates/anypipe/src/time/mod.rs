//! Time, by the clock of the runtime the code runs on.
//!
//! | To | Use |
//! |---|---|
//! | wait | [`sleep`], [`sleep_until`] |
//! | do something again and again | [`interval`](interval()), [`interval_at`] |
//! | give work up that takes too long | [`move_on_after`], [`fail_after`], [`move_on_at`], [`fail_at`] |
//! | move a limit while work runs under it | [`Deadline`] |
//! | know how long the code has | [`current_deadline`] |
//!
//! Whatever races a limit is polled first and the clock is asked afterwards: a value that is there is never thrown away
//! for a clock, and a limit of zero polls once. A length that reaches beyond all time, as `Duration::MAX` does, is a
//! wait that never ends and a limit that never comes, on every runtime.

mod deadline;
mod interval;

use std::future::Future;
use std::time::{Duration, Instant};

pub use anypipe_core::run::TimedOut;

pub use self::deadline::{Deadline, DeadlinePassed, current_deadline};
pub use self::interval::{Interval, MissedTicks, interval, interval_at};
use crate::{backend, runtime};

/// Waits for `length`, from the first poll on.
///
/// # Panics
///
/// Where there is no runtime, and where the runtime has no timer.
///
/// # Cancel safety
///
/// Dropping it forgets the wait and nothing else.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{now, sleep};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let start = now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(now() - start >= Duration::from_millis(5));
/// });
/// ```
pub async fn sleep(length: Duration) {
    runtime::current().sleep(length).await;
}

/// Waits until [`now`] is `at`; a moment that is over is not waited for.
///
/// # Panics
///
/// Where there is no runtime, and where the runtime has no timer.
///
/// # Cancel safety
///
/// Dropping it forgets the wait and nothing else.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{now, sleep_until};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let at = now() + Duration::from_millis(5);
///     sleep_until(at).await;
///     assert!(now() >= at);
/// });
/// ```
pub async fn sleep_until(at: Instant) {
    anypipe_core::run::sleep_until(backend::choose, at).await;
}

/// The present moment of the runtime the code runs on; on the simulator it is virtual.
///
/// # Panics
///
/// Where there is no runtime.
///
/// # Examples
///
/// ```
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let before = anypipe::time::now();
///     assert!(anypipe::time::now() >= before);
/// });
/// ```
#[doc(alias("current_time"))]
pub fn now() -> Instant {
    runtime::current().now()
}

/// Runs a future for `length` at most: `None` where it wasn't done by then.
///
/// It has then been dropped, and all it had started has been joined.
///
/// # Panics
///
/// Where there is no runtime, where the runtime has no timer, and where the future does.
///
/// # Cancel safety
///
/// Dropping it drops the future and cancels what it started; the enclosing scope joins the rest.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::move_on_after;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let never = std::future::pending::<()>();
///     assert_eq!(move_on_after(Duration::from_millis(5), never).await, None);
/// });
/// ```
#[doc(alias("withTimeoutOrNull"))]
pub async fn move_on_after<F: Future>(length: Duration, future: F) -> Option<F::Output> {
    anypipe_core::run::move_on_after(backend::choose, length, future).await
}

/// Runs a future for `length` at most.
///
/// # Errors
///
/// [`TimedOut`] where it wasn't done by then; it has then been dropped, and all it had started has
/// been joined.
///
/// # Panics
///
/// As [`move_on_after`].
///
/// # Cancel safety
///
/// As [`move_on_after`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::fail_after;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let done = fail_after(Duration::from_secs(60), async { 3 }).await;
///     assert_eq!(done, Ok(3));
/// });
/// ```
#[doc(alias("WithTimeout", "withTimeout"))]
pub async fn fail_after<F: Future>(length: Duration, future: F) -> Result<F::Output, TimedOut> {
    anypipe_core::run::fail_after(backend::choose, length, future).await
}

/// Runs a future until `at`, as [`now`] tells it: `None` where it wasn't done by then. It has then been dropped, and
/// all it had started has been joined.
///
/// # Panics
///
/// As [`move_on_after`].
///
/// # Cancel safety
///
/// As [`move_on_after`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{move_on_at, now};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let at = now() + Duration::from_millis(5);
///     assert_eq!(move_on_at(at, std::future::pending::<()>()).await, None);
///     assert_eq!(move_on_at(at, async { 3 }).await, Some(3), "it is over, and polls once");
/// });
/// ```
pub async fn move_on_at<F: Future>(at: Instant, future: F) -> Option<F::Output> {
    anypipe_core::run::move_on(backend::choose, at, future).await
}

/// As [`move_on_at`], with an error where the future wasn't done by then.
///
/// # Errors
///
/// [`TimedOut`] where it wasn't done by then; it has then been dropped, and all it had started has been joined.
///
/// # Panics
///
/// As [`move_on_after`].
///
/// # Cancel safety
///
/// As [`move_on_after`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{fail_at, now};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     assert_eq!(fail_at(now() + Duration::from_secs(60), async { 3 }).await, Ok(3));
/// });
/// ```
#[doc(alias("WithDeadline", "timeout_at"))]
pub async fn fail_at<F: Future>(at: Instant, future: F) -> Result<F::Output, TimedOut> {
    move_on_at(at, future).await.ok_or(TimedOut)
}
