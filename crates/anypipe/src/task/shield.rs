use std::future::Future;
use std::time::Duration;

use anypipe_core::run::Shield;

use crate::backend;

/// Has work go on when the scope around it is cancelled: it is done before that scope is.
///
/// The work runs as a task, from the first poll on. A cancel, a limit of time and a dropped run let it be, whoever
/// awaits it; the scope it was started in waits for it: a task group, a run, `move_on_after`. So a task that is cancelled
/// can still say goodbye, and whatever comes after the shield in that task doesn't run. It may also be started by a task
/// that was cancelled already.
///
/// What is inside the shield is a world of its own: a token or a limit of time in there cancels as ever. Work that never
/// ends holds up the end of its scope for ever; [`shield_for`] sets it a limit. With no scope around it, as in a plain
/// `main`, it outlives what awaits it, as blocking work does, and ends with the runtime.
///
/// # Panics
///
/// As the work does; where nobody awaits it any more, its panic goes on in the scope's awaiter. Where there is no
/// runtime. And where it is awaited somewhere else than it was started, and was cut off with its scope.
///
/// # Cancel safety
///
/// Dropping it before its first poll drops the work; after that it stops the waiting only.
///
/// # Examples
///
/// ```
/// use anypipe::task::{shield, task_group};
///
/// # async fn undo() {}
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(task_group(|group| async move {
///     let cancels = group.clone();
///     group.spawn(async move {
///         cancels.cancel();
///         shield(undo()).await; // done, though the group is cancelled
///     });
/// }));
/// ```
#[doc(alias("NonCancellable"))]
pub fn shield<F>(work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    anypipe_core::run::shield(backend::choose, work)
}

/// As [`shield`], for `grace` at the most after the scope around it was cancelled; the work is then dropped.
///
/// Until the scope is cancelled there is no limit. A shield in a shield begins its own grace when that of the outer
/// one is over.
///
/// # Panics
///
/// As [`shield`], and where the runtime has no timer, once the scope is cancelled.
///
/// # Cancel safety
///
/// As [`shield`].
///
/// # Examples
///
/// ```
/// use anypipe::task::shield_for;
/// use anypipe::time::{move_on_after, sleep};
/// use std::time::Duration;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let goodbye = async { sleep(Duration::from_secs(60)).await };
///     let grace = Duration::from_millis(5);
///     // Both limits pass: the one around it, then that of the shield.
///     assert_eq!(move_on_after(Duration::from_millis(1), shield_for(grace, goodbye)).await, None);
/// });
/// ```
pub fn shield_for<F>(grace: Duration, work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    anypipe_core::run::shield_for(backend::choose, grace, work)
}
