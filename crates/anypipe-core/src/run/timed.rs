use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{AtEnd, Body, Choose, Plan, Way};
use crate::error::{ErrorKind, RunError};
use crate::runtime::Alarm;
use crate::scope::{Deadline, Scope};
use crate::sync::Lone;

/// A future in a scope of its own, made by [`scoped`]: the runs and tasks it starts are joined before
/// it is done.
///
/// # Cancel safety
///
/// Dropping it drops the future and cancels what it started; the enclosing scope joins the rest.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Scoped<F: Future> {
    /// How far it is.
    way: Lone<Way>,
    body: Own<F>,
}

/// The future, and what it gave.
struct Own<F: Future> {
    future: Option<Pin<Box<F>>>,
    value: Option<F::Output>,
}

impl<F: Future> Body for Own<F> {
    fn make(&mut self, _scope: &Scope) {}

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        future.as_mut().poll(cx).map(|value| self.value = Some(value))
    }

    fn is_there(&self) -> bool {
        self.future.is_some()
    }

    fn drop_future(&mut self) {
        self.future = None;
    }

    fn drop_value(&mut self) {
        self.value = None;
    }
}

/// Runs a future in a scope of its own. The future may borrow, and need not be `Send`.
///
/// # Errors
///
/// Where there is no runtime, where a task that the future left behind panicked, and where the
/// deadline passed.
pub fn scoped<F: Future>(name: &'static str, choose: Choose, future: F) -> Scoped<F> {
    let way = Lone::planned(Plan::new(name, choose, AtEnd::Linger));
    Scoped { way, body: Own { future: Some(Box::pin(future)), value: None } }
}

impl<F: Future> Scoped<F> {
    /// Cancels and joins at the deadline; the result is then a [`RunError`] that timed out. A length of time counts from
    /// the first poll.
    ///
    /// The future is polled once before the limit counts, and what it gives is never given up for the clock: a
    /// value that is there when the limit passes is the result. What the future has left behind by then is
    /// cancelled and joined.
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        if let Some(plan) = self.way.plan() {
            plan.deadline = Some(deadline.into());
        }
        self
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = Result<F::Output, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { way, body } = &mut *self;
        ready!(way.poll(body, cx))?;
        // Without a failure and without a value the scope was cancelled by hand.
        Poll::Ready(body.value.take().ok_or_else(RunError::cancelled))
    }
}

impl<F: Future> Drop for Scoped<F> {
    fn drop(&mut self) {
        let Self { way, body } = self;
        way.give_up(body);
    }
}

// The future is boxed, and its value is only ever moved.
impl<F: Future> Unpin for Scoped<F> {}

impl<F: Future> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}

/// A length of time passed before the work was done.
#[doc(alias("TimeoutError"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for TimedOut {}

/// Waits until the runtime's clock shows `at`; `choose` finds the runtime. A moment that is over is not waited for.
///
/// # Panics
///
/// Where there is no runtime, and where the runtime has no timer.
///
/// # Cancel safety
///
/// Dropping it forgets the wait and nothing else.
pub async fn sleep_until(choose: Choose, at: Instant) {
    let mut alarm = match choose() {
        Ok(runtime) => Alarm::new(&runtime),
        Err(error) => error.resume(),
    };
    alarm.set_at(at);
    poll_fn(|cx| alarm.poll(cx)).await;
}

/// Runs a future until a deadline at most: `None` where it wasn't done by then, and it has then been
/// dropped, and all it had started has been joined.
///
/// The future is polled once before the limit counts, also where that is zero; a value that is there when
/// the limit passes is given.
///
/// # Panics
///
/// Where there is no runtime, where the runtime has no timer, and where the future does.
///
/// # Cancel safety
///
/// Dropping it drops the future and cancels what it started; the enclosing scope joins the rest.
pub async fn move_on<F: Future>(
    choose: Choose,
    deadline: impl Into<Deadline>,
    future: F,
) -> Option<F::Output> {
    match scoped("move_on", choose, future).deadline(deadline).await {
        Ok(value) => Some(value),
        Err(error) if error.kind() == ErrorKind::TimedOut && error.others().is_empty() => None,
        Err(error) => error.resume(),
    }
}

/// As [`move_on`], for a length of time that counts from the first poll.
///
/// # Panics
///
/// As [`move_on`].
///
/// # Cancel safety
///
/// As [`move_on`].
pub async fn move_on_after<F: Future>(choose: Choose, length: Duration, future: F) -> Option<F::Output> {
    move_on(choose, length, future).await
}

/// Runs a future for `length` at most.
///
/// # Errors
///
/// [`TimedOut`] where it wasn't done by then; it has then been dropped, and all it had started has
/// been joined.
///
/// # Panics
///
/// As [`move_on`].
///
/// # Cancel safety
///
/// As [`move_on`].
pub async fn fail_after<F: Future>(
    choose: Choose,
    length: Duration,
    future: F,
) -> Result<F::Output, TimedOut> {
    move_on_after(choose, length, future).await.ok_or(TimedOut)
}
