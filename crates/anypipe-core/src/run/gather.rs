use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::gatherers::{Gatherers, Keeps, Put};
use super::{AtEnd, Choose, Plan, Run};
use crate::scope::{Scope, drop_each};
use crate::source::Source;

/// Runs futures as tasks, `limit` of them at a time, and gives what they give in the order of the futures.
///
/// `None` is no limit. The iterator is asked for a future when one may start.
///
/// # Panics
///
/// Where `limit` is zero.
pub fn gather<I>(
    choose: Choose,
    limit: impl Into<Option<usize>>,
    futures: I,
) -> Run<Vec<<I::Item as Future>::Output>>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future + Send + 'static,
    <I::Item as Future>::Output: Send + 'static,
{
    let (limit, futures) = (at_most("gather", limit), futures.into_iter());
    Run::planned(Plan::new("gather", choose, AtEnd::Cancel), move |scope| {
        let gatherers = Gatherers::start("gather", limit, scope, futures, Slots(Vec::new()));
        async move {
            let all = |cx: &mut Context<'_>| {
                gatherers.poll_body(cx, |state| state.is_done().then(|| std::mem::take(&mut state.keeps().0)))
            };
            poll_fn(all).await.into_iter().flatten().collect()
        }
    })
}

/// As [`gather`], of futures that may fail: the first `Err` cancels and joins the others, and is the result.
///
/// # Panics
///
/// Where `limit` is zero.
pub fn try_gather<I, T, E>(
    choose: Choose,
    limit: impl Into<Option<usize>>,
    futures: I,
) -> Run<Result<Vec<T>, E>>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let (limit, futures) = (at_most("try_gather", limit), futures.into_iter());
    Run::planned(Plan::new("try_gather", choose, AtEnd::Cancel), move |scope| {
        let keeps = TrySlots { slots: Slots(Vec::new()), failed: None };
        let gatherers = Gatherers::start("try_gather", limit, scope, futures, keeps);
        async move {
            let all = |cx: &mut Context<'_>| {
                gatherers.poll_body(cx, |state| match state.keeps().failed.take() {
                    Some(error) => Some(Err(error)),
                    None => state.is_done().then(|| Ok(std::mem::take(&mut state.keeps().slots.0))),
                })
            };
            poll_fn(all).await.map(|all| all.into_iter().flatten().collect())
        }
    })
}

/// What several futures give, in the order in which they are done: a source, made by [`as_completed`].
///
/// Dropping what it gives its items to cancels the futures; the run they are in joins them.
pub struct AsCompleted<I> {
    limit: usize,
    futures: I,
}

/// Runs futures as tasks, and gives what they give as it comes. What was given and not taken yet counts against
/// `limit` as what is under way does; `None` is no limit.
///
/// # Panics
///
/// Where `limit` is zero.
pub fn as_completed<I>(limit: impl Into<Option<usize>>, futures: I) -> AsCompleted<I::IntoIter>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: Future + Send + 'static,
    <I::Item as Future>::Output: Send + 'static,
{
    AsCompleted { limit: at_most("as_completed", limit), futures: futures.into_iter() }
}

impl<I> Source for AsCompleted<I>
where
    I: Iterator + Send + 'static,
    I::Item: Future + Send + 'static,
    <I::Item as Future>::Output: Send + 'static,
{
    type Item = <I::Item as Future>::Output;

    fn attach(self, scope: &Scope) -> impl Stream<Item = Self::Item> + Send + 'static {
        let scope = scope.child();
        let gatherers = Gatherers::start(
            "as_completed",
            self.limit,
            &scope,
            self.futures,
            Queue { outcomes: VecDeque::new() },
        );
        let fetched = Queue { outcomes: VecDeque::new() };
        Completed { gatherers, scope, fetched, taken: 0, batch: (self.limit / 2).max(1) }
    }
}

impl<I> fmt::Debug for AsCompleted<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The limit that was asked for.
#[track_caller]
fn at_most(name: &str, limit: impl Into<Option<usize>>) -> usize {
    let limit = limit.into().unwrap_or(usize::MAX);
    assert!(
        limit > 0,
        "`{name}` with a limit of 0 would never run anything: give 1 or more, or `None` for no limit"
    );
    limit
}

/// Outcomes in the order of the futures.
struct Slots<T>(Vec<Option<T>>);

impl<T> Slots<T> {
    fn set(&mut self, index: usize, value: Option<T>) {
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = value;
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        drop_each(std::mem::take(&mut self.0));
    }
}

impl<T: Send + 'static> Keeps<T> for Slots<T> {
    type Kept = T;

    const COUNTED: bool = false;

    fn look(_scope: &Scope, outcome: T) -> T {
        outcome
    }

    fn put(&mut self, index: usize, kept: T) -> Put<T> {
        self.set(index, Some(kept));
        Put::Kept { tell: false }
    }
}

/// Outcomes in the order of the futures, and the first error.
struct TrySlots<T, E> {
    slots: Slots<T>,
    failed: Option<E>,
}

impl<T: Send + 'static, E: Send + 'static> Keeps<Result<T, E>> for TrySlots<T, E> {
    /// No value is one whose error the run keeps.
    type Kept = Result<Option<T>, E>;

    const COUNTED: bool = false;

    fn look(scope: &Scope, outcome: Result<T, E>) -> Self::Kept {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) => scope.keep_error(error).map(|()| None),
        }
    }

    fn put(&mut self, index: usize, kept: Self::Kept) -> Put<Self::Kept> {
        match kept {
            Ok(value) => {
                self.slots.set(index, value);
                Put::Kept { tell: false }
            }
            Err(error) if self.failed.is_none() => {
                self.failed = Some(error);
                Put::Stop
            }
            later @ Err(_) => Put::Late(later),
        }
    }
}

/// Outcomes in the order in which they came.
struct Queue<T> {
    outcomes: VecDeque<T>,
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        drop_each(std::mem::take(&mut self.outcomes));
    }
}

impl<T: Send + 'static> Keeps<T> for Queue<T> {
    type Kept = T;

    const COUNTED: bool = true;

    fn look(_scope: &Scope, outcome: T) -> T {
        outcome
    }

    fn put(&mut self, _index: usize, kept: T) -> Put<T> {
        self.outcomes.push_back(kept);
        Put::Kept { tell: true }
    }
}

/// The stream of an [`AsCompleted`].
struct Completed<I, T> {
    gatherers: Arc<Gatherers<I, Queue<T>>>,
    /// The workers', that end with the stream.
    scope: Scope,
    /// Outcomes that were fetched in one go, to be taken one by one. They count until then.
    fetched: Queue<T>,
    /// How many items were taken whose room is not given back: each time that would wake a worker for one future.
    /// While there are items at hand it is the consumer that is behind, and half of the room may wait.
    taken: usize,
    /// How many it gives back at the latest.
    batch: usize,
}

impl<I, T> Stream for Completed<I, T>
where
    I: Iterator + Send + 'static,
    I::Item: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.fetched.outcomes.pop_front() {
                this.taken += 1;
                if this.taken >= this.batch {
                    this.gatherers.taken(std::mem::take(&mut this.taken));
                }
                return Poll::Ready(Some(item));
            }
            let (taken, fetched) = (this.taken, &mut this.fetched.outcomes);
            let look = this.gatherers.poll_body(cx, |state| {
                std::mem::swap(&mut state.keeps().outcomes, fetched);
                // What was taken still counts, and is given back first.
                (!fetched.is_empty() || taken > 0 || state.is_done()).then_some(())
            });
            ready!(look);
            if this.fetched.outcomes.is_empty() {
                if taken == 0 {
                    return Poll::Ready(None);
                }
                this.gatherers.taken(std::mem::take(&mut this.taken));
            }
        }
    }
}

// Nothing in it is pinned.
impl<I, T> Unpin for Completed<I, T> {}

impl<I, T> Drop for Completed<I, T> {
    fn drop(&mut self) {
        self.scope.cancel();
    }
}
