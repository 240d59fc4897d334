//! One run while it runs: its scope, and the part that the awaiter polls itself.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::error::RunError;
use crate::runtime::{Alarm, RuntimeHandle};
use crate::scope::{
    Cancelled, Controls, Deadline, DeadlineWatch, Panic, Scope, catch, current_scope, drop_broken,
    drop_caught, polling,
};

/// What becomes of tasks that still run when the body is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtEnd {
    /// A pipeline that has its result needs nothing more of its stages.
    Cancel,
    /// A group waits for its children, and is not done before them.
    Wait,
    /// A future's value counts from when it is there. What it has left behind is waited for until the limit,
    /// and then cancelled.
    Linger,
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
    deadline: Option<DeadlineWatch>,
    /// Ends the run as cancelled, whichever is first.
    cancel: Vec<Cancelled>,
    /// Ends the run as cancelled, after the grace of a stop.
    grace: Alarm,
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
        deadline: Option<Deadline>,
        keep: Option<Arc<dyn Any + Send + Sync>>,
        make: impl FnOnce(&Scope) -> B,
    ) -> Self {
        // First: a length counts also while the body is made.
        if let Some(deadline) = &deadline {
            deadline.begin(runtime.now());
        }
        let (watch, grace) =
            (deadline.clone().map(|deadline| deadline.watch(&runtime)), Alarm::new(&runtime));
        let scope = Scope::limited(runtime, current_scope().as_ref(), controls, deadline);
        let mut session = Self {
            scope,
            body: None,
            name,
            deadline: watch,
            cancel: Vec::new(),
            grace,
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

    /// The name of the run's own part.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Fails the run as cancelled once one of these is done.
    pub(crate) fn set_cancel(&mut self, cancelled: Vec<Cancelled>) {
        self.cancel = cancelled;
    }

    fn fail(&self, panic: Panic) {
        self.scope.fail(panic.into_error(Some(self.name)));
    }

    /// The body, unless the run was cancelled: nothing is asked of what was.
    pub(crate) fn body(&mut self) -> Option<&mut B> {
        self.look_at_flags();
        self.body.as_mut().filter(|_| !self.scope.is_cancelled())
    }

    fn look_at_flags(&self) {
        let is_cancelled = self.scope.controls().is_cancelled() || self.cancel.iter().any(Cancelled::is_over);
        if is_cancelled && !self.scope.is_cancelled() {
            self.scope.fail(RunError::cancelled());
        }
    }

    /// Polls the body; `None` once there is none any more, because the run has failed.
    ///
    /// The body first, and the clock only while there is something left to wait for: a value that is there is
    /// never given up for a clock. What was cancelled is not polled at all.
    pub(crate) fn poll_body<R>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut B, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Option<R>> {
        self.look_at_flags();
        if let Some(body) = self.body.as_mut().filter(|_| !self.scope.is_cancelled()) {
            self.scope.note_body(Some((self.name, None)));
            let entered = polling(&self.scope);
            let polled = catch(|| poll(body, cx));
            let waits_for = Some(entered.leave());
            self.scope.note_body(matches!(polled, Ok(Poll::Pending)).then_some((self.name, waits_for)));
            match polled {
                Ok(Poll::Ready(value)) => return Poll::Ready(Some(value)),
                Ok(Poll::Pending) => self.look_around(cx),
                Err(panic) => self.fail(panic),
            }
            if !self.scope.is_cancelled() {
                return Poll::Pending;
            }
        }
        self.break_body();
        Poll::Ready(None)
    }

    /// Has the task woken by whatever else ends the run, and looks whether it has come. A body that gave something
    /// waits for none of it.
    fn look_around(&mut self, cx: &mut Context<'_>) {
        // First: a failure from here on wakes us, and one before is seen after it.
        self.scope.register(cx);
        self.look_at_cancel(cx);
        self.look_at_clock(cx);
    }

    fn look_at_cancel(&mut self, cx: &mut Context<'_>) {
        if self.scope.is_cancelled() {
            return;
        }
        let is_cancelled = self.scope.controls().is_cancelled();
        if is_cancelled || self.cancel.iter_mut().any(|cancel| Pin::new(cancel).poll(cx).is_ready()) {
            self.scope.fail(RunError::cancelled());
        }
    }

    fn look_at_clock(&mut self, cx: &mut Context<'_>) {
        if self.scope.is_cancelled() {
            return;
        }
        let grace = self.scope.controls().take_grace(cx);
        // After the entry: a cancel in between has either seen the waker or is seen here.
        if self.scope.controls().is_cancelled() {
            return self.scope.fail(RunError::cancelled());
        }
        if grace.is_none() && self.deadline.is_none() && !self.grace.is_set() {
            return;
        }
        let over = catch(|| {
            if let Some(grace) = grace {
                self.grace.set(grace);
            }
            (self.is_too_late(cx), self.grace.poll(cx).is_ready())
        });
        match over {
            Ok((true, _)) => self.scope.fail(RunError::timed_out()),
            Ok((_, true)) => self.scope.fail(RunError::cancelled()),
            Ok((false, false)) => {}
            Err(panic) => self.fail(panic),
        }
    }

    /// Whether the deadline has passed. A runtime without a timer panics.
    fn is_too_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.deadline.as_mut().is_some_and(|deadline| deadline.poll(cx).is_ready())
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
        if self.scope.poll_join(cx).is_pending() {
            match self.at_end {
                AtEnd::Cancel => self.scope.cancel(),
                AtEnd::Wait => {
                    self.look_at_cancel(cx);
                    self.look_at_clock(cx);
                }
                AtEnd::Linger => match catch(|| self.is_too_late(cx)) {
                    Ok(true) => self.scope.cancel(),
                    Ok(false) => {}
                    Err(panic) => self.fail(panic),
                },
            }
            // A cancel may have ended the last of them.
            ready!(self.scope.poll_join(cx));
        }
        self.joined = true;
        Poll::Ready(match self.scope.take_failure() {
            Some(error) => Err(error),
            None => Ok(()),
        })
    }
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
