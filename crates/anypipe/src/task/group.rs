use std::future::Future;

use anypipe_core::Run;
use anypipe_core::run::TaskGroup;

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
#[doc(alias(
    "JoinSet",
    "TaskTracker",
    "WaitGroup",
    "create_task_group",
    "nursery",
    "open_nursery",
    "spawn_fifo",
    "supervisorScope"
))]
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
#[doc(alias("WithContext", "coroutineScope", "errgroup"))]
pub fn try_task_group<T, E, F, Fut>(body: F) -> Run<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(TaskGroup<Result<T, E>>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    anypipe_core::run::try_task_group(backend::choose, body)
}
