use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::{AtEnd, Choose, Plan, Run};
use crate::error::RunError;
use crate::scope::task::TaskCell;
use crate::scope::{Breakable, Giver, Promise, Scope, promise, replace_waker};
use crate::sync::Mutex;

/// Runs a body that may spawn children, and waits for all of them.
///
/// The group resolves when the body and every child have ended. A panic anywhere cancels and joins
/// the rest and goes on in the awaiter. An `Err` of a child spawned by
/// [`spawn_try`](TaskGroup::spawn_try) interrupts the body, cancels and joins the rest, and is then
/// the group's result. Dropping the group in its middle cancels it.
pub fn task_group<R, F, Fut>(choose: Choose, body: F) -> Run<R>
where
    R: Send + 'static,
    F: FnOnce(TaskGroup<R>) -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    group(choose, body, None)
}

/// As [`task_group`], where an `Err` of the body fails the group as a child's does: the children are
/// cancelled and joined.
///
/// In a group that uses [`spawn_try`](TaskGroup::spawn_try) it does so anyway.
pub fn try_task_group<T, E, F, Fut>(choose: Choose, body: F) -> Run<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(TaskGroup<Result<T, E>>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    group(choose, body, Some(Result::is_err))
}

fn group<R, F, Fut>(choose: Choose, body: F, judge: Option<fn(&R) -> bool>) -> Run<R>
where
    R: Send + 'static,
    F: FnOnce(TaskGroup<R>) -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    Run::planned(Plan::new("task_group", choose, AtEnd::Wait), move |scope| {
        let children = scope.child();
        let failure = Arc::new(Mutex::new(Failure { first: None, keep: None, body: None, judge }));
        let body = body(TaskGroup { scope: children.clone(), failure: Arc::clone(&failure) });
        async move {
            let value = {
                let mut body = pin!(Breakable::new(body));
                poll_fn(|cx| {
                    let (failed, old) = {
                        let mut failure = failure.lock();
                        let old = replace_waker(&mut failure.body, cx.waker());
                        (failure.first.is_some(), old)
                    };
                    drop(old);
                    if failed { Poll::Ready(None) } else { body.as_mut().poll(cx).map(Some) }
                })
                .await
            };
            let judge = failure.lock().judge;
            if value.as_ref().zip(judge).is_some_and(|(value, is_failure)| is_failure(value)) {
                children.cancel();
            }
            poll_fn(|cx| children.poll_join(cx)).await;
            let (first, keep) = {
                let mut failure = failure.lock();
                (failure.first.take(), failure.keep.take())
            };
            match (value, first, keep) {
                // A body that was done before a child failed may have failed before it.
                (Some(value), Some(first), Some(keep)) => keep(value, first, &children),
                (Some(result), _, _) | (None, Some(result), _) => result,
                (None, None, _) => unreachable!("a body is only interrupted by an error"),
            }
        }
    })
}

type Keep<R> = fn(R, R, &Scope) -> R;

/// What the children of a group have failed with.
struct Failure<R> {
    /// The first child's error, as the group's result.
    first: Option<R>,
    /// Gives the group's result, of the body's and of a child's that failed after it.
    keep: Option<Keep<R>>,
    /// Wakes the body.
    body: Option<Waker>,
    /// Tells whether a result of the body is a failure, where results can be.
    judge: Option<fn(&R) -> bool>,
}

/// Where a [`task_group`]'s body spawns its children. Cheap to clone; children may hold one.
pub struct TaskGroup<R> {
    /// The children's scope.
    scope: Scope,
    /// The first error of a child.
    failure: Arc<Mutex<Failure<R>>>,
}

impl<R> Clone for TaskGroup<R> {
    fn clone(&self) -> Self {
        Self { scope: self.scope.clone(), failure: Arc::clone(&self.failure) }
    }
}

impl<R: Send + 'static> TaskGroup<R> {
    /// Spawns a child. What it gives is for the handle; that may be let go, the child runs on.
    ///
    /// In a group that has ended nothing is spawned: the future is dropped, and the handle gives
    /// [`ErrorKind::ScopeEnded`](crate::ErrorKind::ScopeEnded). In one that is being cancelled it
    /// gives [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_named("task", future)
    }

    /// Spawns a child with a name, which panics and reports tell.
    pub fn spawn_named<F>(
        &self,
        name: impl Into<std::borrow::Cow<'static, str>>,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (giver, promise) = promise();
        let child = Child { future: Some(Box::pin(future)), giver: Some(giver) };
        match self.scope.spawn_cell(name.into(), Box::pin(child)) {
            Ok(cell) => TaskHandle { cell: Some(cell), promise, refused: None },
            Err(error) => TaskHandle { cell: None, promise, refused: Some(error) },
        }
    }

    /// Spawns a child and waits until it says that it is ready.
    ///
    /// The child is given a [`Started`] to say so with.
    ///
    /// # Errors
    ///
    /// Where the child ended before it was ready, or can't be spawned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the child runs on.
    pub async fn start<V, F, Fut>(&self, child: F) -> Result<V, RunError>
    where
        V: Send + 'static,
        F: FnOnce(Started<V>) -> Fut,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        let (giver, ready) = promise();
        let handle = self.spawn(child(Started { giver }));
        match ready.await {
            Some(value) => Ok(value),
            None => Err(match handle.await {
                Ok(_) => RunError::broken("task"),
                Err(error) => error,
            }),
        }
    }

    /// Cancels every child. The body goes on, and nothing can be spawned any more.
    pub fn cancel(&self) {
        self.scope.cancel();
    }

    /// True once the group's children were cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.scope.is_cancelled()
    }

    /// The scope that the children run in.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl<T, E> TaskGroup<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    /// Spawns a child whose `Err` fails the group: the body is interrupted, the other children are
    /// cancelled and joined, and the group gives the first error; [`Run::all_errors`] gives all.
    pub fn spawn_try<U, F>(&self, future: F) -> TaskHandle<U>
    where
        U: Send + 'static,
        F: Future<Output = Result<U, E>> + Send + 'static,
    {
        let (giver, promise) = promise();
        self.failure.lock().judge = Some(Result::is_err);
        let group = self.clone();
        let child = async move {
            match future.await {
                Ok(value) => drop(giver.give(Ok(value))),
                Err(error) => {
                    drop(giver);
                    group.fail(error);
                }
            }
        };
        match self.scope.spawn_cell("task".into(), Box::pin(child)) {
            Ok(cell) => TaskHandle { cell: Some(cell), promise, refused: None },
            Err(error) => TaskHandle { cell: None, promise, refused: Some(error) },
        }
    }

    fn fail(&self, error: E) {
        let mut failure = self.failure.lock();
        let later = if failure.first.is_none() {
            failure.first = Some(Err(error));
            failure.keep = Some(first_error);
            None
        } else {
            Some(error)
        };
        let body = failure.body.take();
        drop(failure);
        if let Some(later) = later {
            // Kept where all errors were asked for; else the first stands for the rest.
            let _ = self.scope.keep_error(later);
        }
        self.scope.cancel();
        body.into_iter().for_each(Waker::wake);
    }
}

/// The body's error where it has one, which then came first; else the child's.
fn first_error<T, E: Send + 'static>(body: Result<T, E>, child: Result<T, E>, scope: &Scope) -> Result<T, E> {
    let Err(first) = body else { return child };
    match scope.keep_error(first) {
        Ok(()) => child,
        Err(first) => Err(first),
    }
}

impl<R> fmt::Debug for TaskGroup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A child's way to say that it is ready, given by [`TaskGroup::start`].
pub struct Started<V> {
    giver: Giver<V>,
}

impl<V> Started<V> {
    /// Lets [`TaskGroup::start`] go on with `value`.
    pub fn ready(self, value: V) {
        // A starter that was dropped waits for nothing.
        let _ = self.giver.give(value);
    }
}

impl<V> fmt::Debug for Started<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

/// A child's future, that gives its outcome after its destructors have finished.
struct Child<F: Future> {
    future: Option<Pin<Box<F>>>,
    giver: Option<Giver<Result<F::Output, RunError>>>,
}

impl<F: Future> Future for Child<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(future) = &mut self.future {
            let value = ready!(future.as_mut().poll(cx));
            self.future = None;
            if let Some(giver) = self.giver.take() {
                // A handle that was let go asks for nothing.
                let _ = giver.give(Ok(value));
            }
        }
        Poll::Ready(())
    }
}

// The future is boxed and the value only moved.
impl<F: Future> Unpin for Child<F> {}

/// A child of a [`task_group`]: a future of what it gives. Dropping it changes nothing.
///
/// It gives an error where the child was cancelled, panicked (the panic itself goes on in the
/// group's awaiter), or was never spawned because the group had ended.
///
/// # Cancel safety
///
/// Dropping it stops the waiting and nothing else.
pub struct TaskHandle<T> {
    cell: Option<Arc<TaskCell>>,
    promise: Promise<Result<T, RunError>>,
    refused: Option<RunError>,
}

impl<T> TaskHandle<T> {
    /// Cancels this child alone. The group and the other children go on.
    pub fn cancel(&self) {
        if let Some(cell) = &self.cell {
            cell.cancel_alone();
        }
    }

    /// True once the child has ended, or was never spawned.
    pub fn is_finished(&self) -> bool {
        self.refused.is_some() || self.promise.is_ready()
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Err(error));
        }
        let given = ready!(Pin::new(&mut self.promise).poll(cx));
        Poll::Ready(given.unwrap_or_else(|| {
            let panicked = self.cell.as_ref().and_then(|cell| cell.panicked());
            Err(panicked.unwrap_or_else(RunError::cancelled))
        }))
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}
