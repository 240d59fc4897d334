//! Time, by the clock of the runtime the code runs on.

use std::future::Future;
use std::time::{Duration, Instant};

pub use anypipe_core::run::TimedOut;

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
pub async fn fail_after<F: Future>(length: Duration, future: F) -> Result<F::Output, TimedOut> {
    anypipe_core::run::fail_after(backend::choose, length, future).await
}
