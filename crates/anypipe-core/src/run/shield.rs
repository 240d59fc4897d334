use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Choose;
use crate::scope::task::BoxFuture;
use crate::scope::{Breakable, SHIELD, Scope, Shielded, current_scope, drop_caught};

/// Work that goes on when the scope around it is cancelled, made by [`shield`] and [`shield_for`]: a future of what
/// it gives.
///
/// # Cancel safety
///
/// Dropping it before its first poll drops the work. After that it stops the waiting: the work goes on, and
/// the scope that it was started in joins it.
#[must_use = "a shield does nothing unless it is awaited"]
pub struct Shield<T> {
    choose: Choose,
    /// How long it goes on after a cancel; without end where there is none.
    grace: Option<Duration>,
    /// The work, before the first poll.
    work: Option<Breakable<BoxFuture<T>>>,
    wait: Option<Wait<T>>,
}

impl<T> Drop for Shield<T> {
    fn drop(&mut self) {
        if let Some(wait) = self.wait.take() {
            wait.let_go();
        }
    }
}

/// Work that was started.
struct Wait<T> {
    promise: Shielded<T>,
    /// The work's, where a panic goes that nobody awaits.
    scope: Scope,
}

impl<T> Wait<T> {
    fn let_go(mut self) {
        let panic = match self.promise.take() {
            Some(Err(panic)) => Some(panic),
            value => drop_caught(value).err(),
        };
        if let Some(panic) = panic {
            self.scope.fail(panic.into_error(Some(SHIELD)));
        }
    }
}

/// Has work go on when the scope around it is cancelled: that waits for its end.
pub fn shield<F>(choose: Choose, work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Shield { choose, grace: None, work: Some(Breakable::new(Box::pin(work))), wait: None }
}

/// Has work go on when the scope around it is cancelled, for `grace` at the most: that waits for its end.
pub fn shield_for<F>(choose: Choose, grace: Duration, work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Shield { choose, grace: Some(grace), work: Some(Breakable::new(Box::pin(work))), wait: None }
}

impl<T: Send + 'static> Future for Shield<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if let Some(work) = this.work.take() {
            let started = match current_scope() {
                Some(around) => around.shield(this.grace, work),
                None => Err(work),
            };
            let (scope, promise) = started.unwrap_or_else(|work| {
                let runtime = (this.choose)().unwrap_or_else(|error| error.resume());
                Scope::shield_alone(runtime, work)
            });
            this.wait = Some(Wait { promise, scope });
        }
        let Some(wait) = &mut this.wait else { panic!("a shield was polled after its end") };
        let given = ready!(Pin::new(&mut wait.promise).poll(cx));
        let failure = wait.scope.take_failure();
        this.wait = None;
        match given {
            Some(Ok(value)) => Poll::Ready(value),
            Some(Err(panic)) => panic.resume(),
            // Whoever polls here is not cut off, as the work is: it was moved away from where that was started.
            None => match failure {
                Some(error) => error.resume(),
                None => panic!(
                    "shielded work was cut off: the scope it was started in is cancelled, and its grace over"
                ),
            },
        }
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").field("grace", &self.grace).finish_non_exhaustive()
    }
}
