use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::error::RunError;
use crate::scope::task::{BoxFuture, TaskCell};
use crate::scope::{Giver, Promise, Scope, TaskName, holding, promise_of_task};

pin_project! {
    /// A child's future, that gives its outcome after its destructors have finished.
    pub(super) struct Child<F>
    where
        F: Future,
    {
        // `None` once it is done.
        #[pin]
        future: Option<F>,
        // Gone where nobody is to be told any more.
        giver: Option<Outcomes<F::Output>>,
    }
}

impl<F: Future> Future for Child<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let value = ready!(future.poll(cx));
            let value = holding(value, || this.future.set(None));
            if let Some(giver) = this.giver.take() {
                // A handle that was let go asks for nothing.
                drop(giver.give(Ok(value)));
            }
        }
        Poll::Ready(())
    }
}

/// What a handle waits for, and the end that gives it.
pub(super) type Outcome<T> = Promise<Result<T, RunError>, TaskCell>;
pub(super) type Outcomes<T> = Giver<Result<T, RunError>, TaskCell>;

/// A child's future for its task, and what its handle waits for.
pub(super) fn child<F: Future>(scope: &Scope, name: TaskName, future: F) -> (Child<F>, Outcome<F::Output>) {
    let (giver, promise) = promise_of_task(scope, name);
    (Child { future: Some(future), giver: Some(giver) }, promise)
}

/// A child of a [`task_group`](super::task_group): a future of what it gives. Dropping it changes nothing.
///
/// It gives an error where the child was cancelled, panicked (the panic itself goes on in the
/// group's awaiter), or was never spawned because the group had ended.
///
/// # Cancel safety
///
/// Dropping it stops the waiting and nothing else; [`abort_on_drop`](TaskHandle::abort_on_drop) is for those who want
/// the child to go with it.
#[doc(alias("JoinHandle"))]
pub struct TaskHandle<T> {
    /// What the child gives, and the child.
    promise: Outcome<T>,
    /// Why it was never spawned.
    refused: Option<RunError>,
}

impl<T> TaskHandle<T> {
    /// Spawns the task whose outcome is what `promise` waits for.
    pub(super) fn spawn(task: BoxFuture<()>, promise: Outcome<T>) -> Self
    where
        T: Send + 'static,
    {
        let refused = promise.spawn(task).err();
        Self { promise, refused }
    }

    /// Waits until the child has ended, and gives what it gave. Awaiting the handle is the same.
    ///
    /// # Errors
    ///
    /// Where the child was cancelled, where it panicked (the panic itself goes on in the group's awaiter), and where
    /// it was never spawned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets the handle go: the child runs on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::task::TaskGroup;
    ///
    /// async fn both(group: TaskGroup<()>) -> u64 {
    ///     let (one, two) = (group.spawn(async { 1 }), group.spawn(async { 2 }));
    ///     one.join().await.unwrap_or(0) + two.join().await.unwrap_or(0)
    /// }
    /// ```
    #[doc(alias("TaskFailed"))]
    pub async fn join(self) -> Result<T, RunError> {
        self.await
    }

    /// Cancels this child alone. The group and the other children go on.
    #[doc(alias("AbortHandle", "CancelledError", "TaskCancelled", "abort"))]
    pub fn cancel(&self) {
        self.promise.task().cancel_alone();
    }

    /// True once the child has ended, or was never spawned.
    #[doc(alias("TaskNotFinished"))]
    pub fn is_finished(&self) -> bool {
        self.refused.is_some() || self.promise.is_ready()
    }

    /// The same handle, that cancels the child when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::task::TaskGroup;
    ///
    /// async fn first_of_two(group: &TaskGroup<()>) {
    ///     let helper = group.spawn(std::future::pending::<()>()).abort_on_drop();
    ///     // … works with the helper's help, and may return at any `?` …
    ///     drop(helper); // now it is cancelled
    /// }
    /// ```
    #[doc(alias("AbortOnDropHandle"))]
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop { handle: self }
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Err(error));
        }
        let given = ready!(Pin::new(&mut self.promise).poll(cx));
        Poll::Ready(
            given.unwrap_or_else(|| Err(self.promise.task().panicked().unwrap_or_else(RunError::cancelled))),
        )
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// A [`TaskHandle`] that cancels its child when it is dropped, made by [`TaskHandle::abort_on_drop`].
///
/// # Cancel safety
///
/// Dropping it cancels the child; the child's scope joins it.
#[must_use = "the child is cancelled when this is dropped"]
pub struct AbortOnDrop<T> {
    handle: TaskHandle<T>,
}

impl<T> AbortOnDrop<T> {
    /// As [`TaskHandle::join`].
    ///
    /// # Errors
    ///
    /// As [`TaskHandle::join`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the child.
    pub async fn join(self) -> Result<T, RunError> {
        self.await
    }

    /// As [`TaskHandle::cancel`].
    pub fn cancel(&self) {
        self.handle.cancel();
    }

    /// As [`TaskHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        // One that has ended hears nothing.
        self.handle.cancel();
    }
}

impl<T> fmt::Debug for AbortOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortOnDrop").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}
