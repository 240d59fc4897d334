use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::handle::{Outcomes, TaskHandle, child};
use super::start::{Answer, StartError, Started, Starting, door};
use super::{AtEnd, Choose, Plan, Run};
use crate::error::RunError;
use crate::scope::{Breakable, Scope, TaskName, promise_of_task, replace_waker};
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

/// The name of a child without one of its own.
const NAME: &str = "task";

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
    #[doc(alias("create_task", "ensure_future", "launch", "start_soon"))]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_named(NAME, future)
    }

    /// Spawns a child with a name, which panics and reports tell.
    #[doc(alias("current_task"))]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<std::borrow::Cow<'static, str>>,
        future: F,
    ) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (child, outcome) = child(&self.scope, TaskName::from(name.into()), future);
        TaskHandle::spawn(Box::pin(child), outcome)
    }

    /// Spawns a child and waits until it says that it is ready.
    ///
    /// The child is given a [`Started`] to say so with. One that drops it and goes on working will never say so, which
    /// is told at once; the child goes on.
    ///
    /// # Errors
    ///
    /// Where the child was cancelled, panicked or can't be spawned; and
    /// [`ErrorKind::Broken`](crate::ErrorKind::Broken) where it ended without a word, or has let its [`Started`] go.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the child runs on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::task::{Started, TaskGroup};
    ///
    /// async fn serve(group: &TaskGroup<()>) -> u16 {
    ///     let port = group.start(|started: Started<u16>| async move {
    ///         // … binds a socket …
    ///         started.ready(8080);
    ///         // … serves until the group is cancelled …
    ///     });
    ///     port.await.expect("it says that it is ready")
    /// }
    /// ```
    pub async fn start<V, F, Fut>(&self, child: F) -> Result<V, RunError>
    where
        V: Send + 'static,
        F: FnOnce(Started<V>) -> Fut,
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        let (started, door, ready) = door();
        let (child, outcome) = self::child(&self.scope, NAME.into(), child(started));
        let handle = TaskHandle::spawn(Box::pin(Starting::new(child, door)), outcome);
        match ready.await {
            Some(value) => Ok(value),
            None => Err(never_ready(handle).await),
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
        let (giver, outcome) = promise_of_task(&self.scope, NAME.into());
        self.failure.lock().judge = Some(Result::is_err);
        let group = self.clone();
        let child = async move {
            let result = future.await;
            tell(result, giver, |error| group.fail(error));
        };
        TaskHandle::spawn(Box::pin(child), outcome)
    }

    /// Spawns a child whose `Err` fails the group once it is ready, and waits until it says that it is.
    ///
    /// A child that fails before gives that error to the starter alone, and the group goes on. Where nobody waits for
    /// it any more, because the starter was dropped or has heard that the child let its [`Started`] go, the error fails
    /// the group.
    ///
    /// # Errors
    ///
    /// [`StartError::Failed`] with the child's own error; else as [`start`](TaskGroup::start).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; the child runs on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::task::{StartError, Started, TaskGroup};
    ///
    /// # async fn bind(port: u16) -> Result<u16, &'static str> { Err("the port is taken") }
    /// async fn serve(group: &TaskGroup<Result<(), &'static str>>) {
    ///     let serving = group.start_try(|started: Started<u16>| async move {
    ///         started.ready(bind(8080).await?);
    ///         // … serves: an `Err` from here on fails the group …
    ///         Ok(())
    ///     });
    ///     match serving.await {
    ///         Ok(port) => println!("serves on {port}"),
    ///         Err(StartError::Failed(error)) => println!("goes on without: {error}"),
    ///         Err(StartError::NotReady(error)) => println!("{error}"),
    ///     }
    /// }
    /// ```
    pub async fn start_try<V, U, F, Fut>(&self, child: F) -> Result<V, StartError<E>>
    where
        V: Send + 'static,
        U: Send + 'static,
        F: FnOnce(Started<V>) -> Fut,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
    {
        self.failure.lock().judge = Some(Result::is_err);
        let (started, door, ready) = door();
        let (giver, outcome) = promise_of_task(&self.scope, NAME.into());
        let asks = Asks { answer: Answer::new(), group: self.clone() };
        let (answer, group, tells) = (Arc::clone(&asks.answer), self.clone(), Arc::clone(&door));
        let future = child(started);
        let child = async move {
            let result = future.await;
            tell(result, giver, |error| {
                if let Err(error) = answer.give(&tells, error) {
                    group.fail(error);
                }
            });
        };
        let handle = TaskHandle::<U>::spawn(Box::pin(Starting::new(child, door)), outcome);
        if let Some(value) = ready.await {
            return Ok(value);
        }
        Err(match asks.answer.take() {
            Some(error) => StartError::Failed(error),
            None => StartError::NotReady(never_ready(handle).await),
        })
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

/// Tells a child's outcome: a value to its handle, an error to `fail`, after the handle has heard that no value comes.
fn tell<U, E>(result: Result<U, E>, giver: Outcomes<U>, fail: impl FnOnce(E)) {
    match result {
        Ok(value) => drop(giver.give(Ok(value))),
        Err(error) => {
            drop(giver);
            fail(error);
        }
    }
}

/// Why a child can't be ready any more.
async fn never_ready<T>(handle: TaskHandle<T>) -> RunError {
    if !handle.is_finished() {
        return RunError::not_ready("the task has let its `Started` go: call `ready` before that is dropped");
    }
    match handle.await {
        Ok(_) => RunError::not_ready("the task ended without calling `ready` on its `Started`"),
        Err(error) => error,
    }
}

/// A starter that waits for its child. The error that it was given and has not seen fails the group when it goes.
struct Asks<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    answer: Arc<Answer<E>>,
    group: TaskGroup<Result<T, E>>,
}

impl<T, E> Drop for Asks<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    fn drop(&mut self) {
        if let Some(error) = self.answer.take() {
            self.group.fail(error);
        }
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
