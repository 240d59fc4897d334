//! Tasks that are joined, cancelled and heard of: groups, tokens, blocking work.

use std::future::{Future, pending, poll_fn};
use std::task::Poll;

use anypipe_core::run::scoped;
pub use anypipe_core::run::{Started, TaskGroup, TaskHandle};
use anypipe_core::scope::current_scope;
pub use anypipe_core::scope::{CancelToken, Cancelled};
use anypipe_core::{Run, Scope};

use crate::backend;

/// Runs a body that may spawn children, and waits for all of them.
///
/// The group resolves when the body and every child have ended. A panic anywhere cancels and joins
/// the rest and goes on in the awaiter. An `Err` of a child spawned by
/// [`spawn_try`](TaskGroup::spawn_try) interrupts the body, cancels and joins the rest, and is then
/// the group's result.
///
/// # Cancel safety
///
/// Dropping the run cancels the group.
///
/// # Examples
///
/// ```
/// use anypipe::task::task_group;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// let sum = anypipe::run(task_group(|group| async move {
///     let (one, two) = (group.spawn(async { 1 }), group.spawn(async { 2 }));
///     one.await.unwrap() + two.await.unwrap()
/// }));
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// assert_eq!(sum, 3);
/// ```
pub fn task_group<R, F, Fut>(body: F) -> Run<R>
where
    R: Send + 'static,
    F: FnOnce(TaskGroup<R>) -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    anypipe_core::run::task_group(backend::choose, body)
}

/// As [`task_group`], where an `Err` of the body fails the group as a child's does: the children are
/// cancelled and joined, and the group gives the error.
///
/// # Cancel safety
///
/// Dropping the run cancels the group.
///
/// # Examples
///
/// ```
/// use anypipe::task::try_task_group;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))] {
/// let failed = anypipe::run(try_task_group(|group| async move {
///     group.spawn(std::future::pending::<()>());
///     Err::<(), _>("the host failed")
/// }));
/// assert_eq!(failed, Err("the host failed"));
/// # }
/// ```
pub fn try_task_group<T, E, F, Fut>(body: F) -> Run<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(TaskGroup<Result<T, E>>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    anypipe_core::run::try_task_group(backend::choose, body)
}

/// Lets the runtime's other tasks go first, once.
///
/// # Cancel safety
///
/// There is nothing to lose.
///
/// # Examples
///
/// ```
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     for step in 0..3 {
///         // … a long computation, in pieces …
///         anypipe::task::yield_now().await;
///     }
/// });
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a closure on a thread where blocking is allowed, and gives what it gives.
///
/// # Panics
///
/// As the closure does, and where there is no runtime.
///
/// # Cancel safety
///
/// Dropping it stops the waiting; nothing can interrupt a closure that has started. The scope this
/// was called in joins it; with no scope around it outlives the call.
///
/// # Examples
///
/// ```
/// use anypipe::task::blocking;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let here = std::thread::current().id();
///     let there = blocking(|| std::thread::current().id()).await;
///     assert_ne!(here, there);
/// });
/// ```
pub async fn blocking<T, F>(work: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if let Some(scope) = current_scope() {
        return blocking_in(scope, work).await;
    }
    let work = async {
        let Some(scope) = current_scope() else { unreachable!("this is polled in the scope around it") };
        blocking_in(scope, work).await
    };
    scoped("blocking", backend::choose, work).await.unwrap_or_else(|error| error.rethrow())
}

async fn blocking_in<T, F>(scope: Scope, work: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match scope.spawn_blocking("blocking", work).await {
        Ok(value) => value,
        // The scope is about to drop the task that asked, for a reason of its own.
        Err(error) if error.is_cancelled() => pending().await,
        Err(error) => error.rethrow(),
    }
}
