use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Controls, Promise, Scope, TaskName, catch, drop_caught, promise};
use crate::error::RunError;

impl Scope {
    /// Starts blocking work on a thread where that is allowed. The scope joins it: once started it is
    /// awaited, since nothing can interrupt it; a cancel drops it where it has not started.
    ///
    /// A panic in it goes on in whoever awaits the [`Blocking`], else in the run.
    pub fn spawn_blocking<T, F>(&self, name: impl Into<Cow<'static, str>>, work: F) -> Blocking<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start_blocking(TaskName::from(name.into()), work)
    }

    pub(super) fn start_blocking<T, F>(&self, name: TaskName, work: F) -> Blocking<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (giver, promise) = promise();
        let job = move || {
            if let Err(Err(panic)) = giver.give(catch(work)) {
                panic.resume();
            }
        };
        let refused = self.spawn_job(name.clone(), Box::new(job)).err();
        Blocking { promise, refused, scope: self.clone(), name, is_alone: false }
    }

    /// Starts blocking work that nobody waits for any more once the [`Blocking`] is dropped: the scope doesn't join it.
    /// What has not begun by then is dropped; what has goes on, and what it gives is dropped, a panic too.
    ///
    /// It is in a scope of its own, which is cancelled then.
    pub fn spawn_abandonable<T, F>(&self, name: impl Into<Cow<'static, str>>, work: F) -> Blocking<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let alone = Scope::new(self.runtime().clone(), None, Controls::default());
        let mut blocking = alone.spawn_blocking(name, work);
        blocking.is_alone = true;
        blocking
    }
}

/// Blocking work that was started by [`Scope::spawn_blocking`]: a future of what it gives.
///
/// # Errors
///
/// Where the work panicked ([`RunError::rethrow`] goes on with the panic as it was raised), and where
/// it was given up before it started.
///
/// # Cancel safety
///
/// Dropping it stops the waiting; the work goes on, and the scope joins it.
#[must_use = "the result of blocking work is lost unless this is awaited"]
pub struct Blocking<T> {
    promise: Promise<Result<T, super::Panic>>,
    /// Why the work was never let in.
    refused: Option<RunError>,
    /// Where a panic goes that nobody awaits.
    scope: Scope,
    name: TaskName,
    /// True where the scope is of this work alone.
    is_alone: bool,
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        let panic = match self.promise.take() {
            Some(Err(panic)) => Some(panic),
            value => drop_caught(value).err(),
        };
        if self.is_alone {
            return self.scope.cancel();
        }
        if let Some(panic) = panic {
            self.scope.fail(panic.into_error(Some(&self.name)));
        }
    }
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.promise).poll(cx)) {
            Some(Ok(value)) => Ok(value),
            Some(Err(panic)) => Err(panic.into_error(None)),
            // A runtime that is gone has failed a scope that no run tells of.
            None if self.is_alone => Err(self.scope.take_failure().unwrap_or_else(RunError::cancelled)),
            None => Err(RunError::cancelled()),
        })
    }
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("finished", &self.promise.is_ready()).finish_non_exhaustive()
    }
}
