//! One run while it runs: its scope, and the part that the awaiter polls itself.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::error::RunError;
use crate::runtime::{RuntimeHandle, Sleep};
use crate::scope::{
    Cancelled, Controls, Panic, Scope, catch, current_scope, drop_broken, drop_caught, polling,
};

/// What becomes of tasks that still run when the body is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtEnd {
    /// A pipeline that has its result needs nothing more of its stages.
    Cancel,
    /// A group waits for its children.
    Wait,
}

/// A body (a future, or a stream) in a scope of its own. The one place where a run begins, fails,
/// is joined and is given up.
pub(crate) struct Session<B> {
    /// Joins all tasks of the run.
    scope: Scope,
    /// The part the awaiter polls, until it is done or cancelled.
    body: Option<B>,
    /// The name told where the body panics outside any stage.
    name: &'static str,
    /// Ends the run as timed out.
    deadline: Option<Sleep>,
    /// Ends the run as cancelled.
    cancel: Option<Cancelled>,
    /// Ends the run as cancelled, after the grace of a stop.
    grace: Option<Sleep>,
    /// What to do with tasks that still run when the body is done.
    at_end: AtEnd,
    /// Set once the scope was joined.
    joined: bool,
    /// Holds an owned runtime until everything on it has ended.
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

impl<B> Session<B> {
    /// Opens a scope on `runtime` in the scope this code runs in; `make` builds the body in it.
    pub(crate) fn open(
        runtime: RuntimeHandle,
        name: &'static str,
        at_end: AtEnd,
        controls: Controls,
        keep: Option<Arc<dyn Any + Send + Sync>>,
        make: impl FnOnce(&Scope) -> B,
    ) -> Self {
        let scope = Scope::new(runtime, current_scope().as_ref(), controls);
        let mut session = Self {
            scope,
            body: None,
            name,
            deadline: None,
            cancel: None,
            grace: None,
            at_end,
            joined: false,
            _keep: keep,
        };
        let entered = polling(&session.scope);
        let body = catch(|| make(&session.scope));
        drop(entered);
        match body {
            Ok(body) => session.body = Some(body),
            Err(panic) => session.fail(panic),
        }
        session
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Fails the run as timed out after `length`.
    pub(crate) fn set_deadline(&mut self, length: Duration) {
        self.deadline = self.sleep(length);
    }

    /// A sleep of the run's runtime; one without a timer panics, which fails the run.
    fn sleep(&self, length: Duration) -> Option<Sleep> {
        catch(|| self.scope.runtime().sleep(length)).map_err(|panic| self.fail(panic)).ok()
    }

    /// The name of the run's own part.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Fails the run as cancelled once this is done.
    pub(crate) fn set_cancel(&mut self, cancelled: Cancelled) {
        self.cancel = Some(cancelled);
    }

    fn fail(&self, panic: Panic) {
        self.scope.fail(panic.into_error(Some(self.name)));
    }

    /// Polls the body; `None` once there is none any more, because the run has failed.
    pub(crate) fn poll_body<R>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut B, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Option<R>> {
        // First: a failure from here on wakes us.
        self.scope.register(cx);
        self.look_at_clock(cx);
        if let Some(body) = self.body.as_mut().filter(|_| !self.scope.is_cancelled()) {
            let entered = polling(&self.scope);
            let polled = catch(|| poll(body, cx));
            drop(entered);
            match polled {
                Ok(Poll::Ready(value)) => return Poll::Ready(Some(value)),
                Ok(Poll::Pending) if !self.scope.is_cancelled() => return Poll::Pending,
                Ok(Poll::Pending) => {}
                Err(panic) => self.fail(panic),
            }
        }
        self.break_body();
        Poll::Ready(None)
    }

    fn look_at_clock(&mut self, cx: &mut Context<'_>) {
        if self.scope.is_cancelled() {
            return;
        }
        if self.cancel.as_mut().is_some_and(|cancel| Pin::new(cancel).poll(cx).is_ready()) {
            return self.scope.fail(RunError::cancelled());
        }
        if let Some(grace) = self.scope.controls().take_grace(cx) {
            self.grace = self.sleep(grace);
        }
        let over = catch(|| (is_over(&mut self.deadline, cx), is_over(&mut self.grace, cx)));
        match over {
            Ok((true, _)) => self.scope.fail(RunError::timed_out()),
            Ok((_, true)) => self.scope.fail(RunError::cancelled()),
            Ok((false, false)) => {}
            Err(panic) => self.fail(panic),
        }
    }

    /// Drops a body that is not to be finished; what it sends to is broken.
    fn break_body(&mut self) {
        if let Some(body) = self.body.take() {
            let entered = polling(&self.scope);
            let dropped = drop_broken(body);
            drop(entered);
            if let Err(panic) = dropped {
                self.fail(panic);
            }
        }
    }

    /// Ends the run after its body: joins every task and tells whether anything failed.
    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        if let Some(body) = self.body.take() {
            let entered = polling(&self.scope);
            let dropped = catch(|| drop(body));
            drop(entered);
            if let Err(panic) = dropped {
                self.fail(panic);
            }
        }
        match self.at_end {
            AtEnd::Cancel => self.scope.cancel(),
            AtEnd::Wait => self.look_at_clock(cx),
        }
        ready!(self.scope.poll_join(cx));
        self.joined = true;
        Poll::Ready(match self.scope.take_failure() {
            Some(error) => Err(error),
            None => Ok(()),
        })
    }
}

fn is_over(sleep: &mut Option<Sleep>, cx: &mut Context<'_>) -> bool {
    sleep.as_mut().is_some_and(|sleep| Pin::new(sleep).poll(cx).is_ready())
}

impl<B> Drop for Session<B> {
    fn drop(&mut self) {
        if self.joined {
            return;
        }
        let (scope, name, mut body) = (self.scope.clone(), self.name, self.body.take());
        self.scope.abandon(&mut || {
            let entered = polling(&scope);
            let dropped = drop_broken(body.take());
            drop(entered);
            dropped.err().map(|panic| panic.into_error(Some(name)))
        });
    }
}

/// A session whose body is a future: done with its value, after the join.
pub(crate) struct FutureSession<F: Future> {
    session: Session<F>,
    /// The body's value, kept until the join.
    value: Option<F::Output>,
    /// True once the body is over, one way or the other.
    finishing: bool,
}

impl<F: Future> Drop for FutureSession<F> {
    fn drop(&mut self) {
        // Before the session goes, which may have a panic to tell, too.
        if let Err(panic) = drop_caught(self.value.take()) {
            self.session.fail(panic);
        }
    }
}

impl<F: Future + Unpin> FutureSession<F> {
    pub(crate) fn new(session: Session<F>) -> Self {
        Self { session, value: None, finishing: false }
    }

    pub(crate) fn session(&self) -> &Session<F> {
        &self.session
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<F::Output, RunError>> {
        if !self.finishing {
            self.value = ready!(self.session.poll_body(cx, |body, cx| Pin::new(body).poll(cx)));
            self.finishing = true;
        }
        if let Err(mut error) = ready!(self.session.poll_finish(cx)) {
            if let Err(panic) = drop_caught(self.value.take()) {
                error.push_other(panic.into_error(Some(self.session.name)));
            }
            return Poll::Ready(Err(error));
        }
        // Without a failure and without a value the scope was cancelled by hand.
        Poll::Ready(self.value.take().ok_or_else(RunError::cancelled))
    }
}
