use std::future::Future;

use anypipe_core::Run;
use anypipe_core::run::RunStream;

use crate::Pipeline;
use crate::backend;

/// Runs futures at the same time, `limit` of them at the most, and gives all that they give, in the order of the
/// futures.
///
/// They run as tasks, on as many threads as the runtime has. `None` is no limit. The iterator is asked for a future
/// when one may start: of a million futures with a limit of 8 there are 8 at a time. No futures give an empty `Vec`.
///
/// Tasks can't borrow: futures that do are for `futures::future::join_all`, which polls all of them in one task.
///
/// # Panics
///
/// Where `limit` is zero. The run panics where a future does, or the iterator; the others are cancelled and joined
/// first.
///
/// # Cancel safety
///
/// Dropping the run cancels the futures; the scope around it joins them.
///
/// # Examples
///
/// ```
/// use anypipe::task::gather;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))] {
/// let squares = anypipe::run(gather(8, (1..=4).map(|n| async move { n * n })));
/// assert_eq!(squares, [1, 4, 9, 16]);
/// let all_at_once = anypipe::run(gather(None, [async { 1 }]));
/// assert_eq!(all_at_once, [1]);
/// # }
/// ```
#[doc(alias("ALL_COMPLETED", "try_join"))]
#[track_caller]
pub fn gather<I>(limit: impl Into<Option<usize>>, futures: I) -> Run<Vec<<I::Item as Future>::Output>>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future + Send + 'static,
    <I::Item as Future>::Output: Send + 'static,
{
    anypipe_core::run::gather(backend::choose, limit, futures)
}

/// As [`gather`], of futures that may fail: the first `Err` cancels and joins the others, and is the result.
///
/// The first is the first in time. [`Run::all_errors`] goes on after one, and gives all of them.
///
/// # Panics
///
/// As [`gather`].
///
/// # Cancel safety
///
/// As [`gather`].
///
/// # Examples
///
/// ```
/// use anypipe::task::try_gather;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))] {
/// let numbers = |texts: [&'static str; 2]| texts.map(|text| async move { text.parse::<u8>() });
/// assert_eq!(anypipe::run(try_gather(8, numbers(["1", "2"]))), Ok(vec![1, 2]));
/// assert!(anypipe::run(try_gather(8, numbers(["1", "x"]))).is_err());
/// # }
/// ```
#[doc(alias("FIRST_EXCEPTION", "SetLimit", "awaitAll"))]
#[track_caller]
pub fn try_gather<I, T, E>(limit: impl Into<Option<usize>>, futures: I) -> Run<Result<Vec<T>, E>>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    anypipe_core::run::try_gather(backend::choose, limit, futures)
}

/// Runs futures at the same time, `limit` of them at the most, and gives what they give as a stream, in the order in
/// which they are done.
///
/// They run as tasks, on as many threads as the runtime has, whether the stream is polled or not. What is done and was
/// not taken yet counts against the limit too: a consumer that is slow holds them back. `None` is no limit. The
/// iterator is asked for a future when one may start.
///
/// # Panics
///
/// Where `limit` is zero. The stream panics where a future does, or the iterator, unless it is
/// [`checked`](RunStream::checked).
///
/// # Cancel safety
///
/// Dropping the stream cancels the futures; the scope around it joins them.
///
/// # Examples
///
/// ```
/// use anypipe::task::as_completed;
/// use anypipe::time::sleep;
/// use smol::stream::StreamExt; // or that of `futures`
/// use std::time::Duration;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let naps = [30, 1].map(|millis| async move {
///         sleep(Duration::from_millis(millis)).await;
///         millis
///     });
///     let mut done = as_completed(None, naps);
///     assert_eq!(done.next().await, Some(1));
///     assert_eq!(done.next().await, Some(30));
///     assert_eq!(done.next().await, None);
/// });
/// ```
#[doc(alias("FIRST_COMPLETED", "join_next"))]
#[track_caller]
pub fn as_completed<I>(limit: impl Into<Option<usize>>, futures: I) -> RunStream<<I::Item as Future>::Output>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future + Send + 'static,
    <I::Item as Future>::Output: Send + 'static,
{
    Pipeline::from_source(anypipe_core::run::as_completed(limit, futures)).into_stream()
}
