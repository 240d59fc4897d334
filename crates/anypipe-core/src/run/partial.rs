//! What a run has come to at a deadline.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Run;
use crate::error::RunError;
use crate::scope::{Cut, Deadline};

/// What a run came to under [`Run::deadline_partial`]: all of it, or what was there at the deadline.
///
/// # Examples
///
/// ```
/// use anypipe_core::run::Outcome;
///
/// let told = |outcome: Outcome<u32>| match outcome {
///     Outcome::Complete(sum) => format!("{sum}"),
///     Outcome::Partial(sum) => format!("at least {sum}"),
/// };
/// assert_eq!(told(Outcome::Partial(7)), "at least 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "it may be a part only"]
pub enum Outcome<T> {
    /// The input had ended before the deadline: nothing is missing.
    Complete(T),
    /// The deadline came first: what follows is missing.
    Partial(T),
}

impl<T> Outcome<T> {
    /// True where nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }

    /// The value, where nothing is missing.
    pub fn complete(self) -> Option<T> {
        match self {
            Self::Complete(value) => Some(value),
            Self::Partial(_) => None,
        }
    }

    /// The value, be it a part or not.
    pub fn into_value(self) -> T {
        let (Self::Complete(value) | Self::Partial(value)) = self;
        value
    }

    /// The same of another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Complete(value) => Outcome::Complete(f(value)),
            Self::Partial(value) => Outcome::Partial(f(value)),
        }
    }
}

impl<T: Send + 'static> Run<T> {
    /// Gives what the sink has at the deadline: what it has gathered, folded or counted of the items that had come to it
    /// by then. All before it is cancelled and joined. A length of time counts from when the run starts.
    ///
    /// It is [`Outcome::Partial`] unless the sink had seen the end of its input. The input is asked once more when the
    /// deadline has come, and an end or an item that is there counts.
    ///
    /// An item that the sink is at work on is finished, as in `for_each_async`: [`deadline`](Run::deadline) limits that,
    /// and loses all. What waits before the sink is dropped; a [`stop`](super::Control::stop) finishes that instead. A run without a
    /// sink, such as a task group, has no part to give: it fails as timed out.
    ///
    /// # Panics
    ///
    /// Where the run was polled already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe_core::Run;
    /// use anypipe_core::run::Outcome;
    ///
    /// async fn found(search: Run<Vec<String>>) -> String {
    ///     match search.deadline_partial(Duration::from_secs(2)).await {
    ///         Outcome::Complete(found) => format!("{} in all", found.len()),
    ///         Outcome::Partial(found) => format!("{} so far", found.len()),
    ///     }
    /// }
    /// ```
    pub fn deadline_partial(self, deadline: impl Into<Deadline>) -> Run<Outcome<T>> {
        let Some((plan, body)) = self.take_over() else {
            panic!("a deadline must be given before the run is polled");
        };
        let cut = Arc::new(Cut::new(deadline.into()));
        Run::planned(plan, move |scope| {
            // As for any deadline: a length counts also while the body is made.
            cut.begin(scope.runtime().now());
            let controls = scope.controls();
            controls.offer_cut(Arc::clone(&cut));
            let run = body.into_future(scope);
            // Nobody would obey it.
            let limit = controls.take_cut().map(|cut| cut.watch(scope.runtime()));
            let scope = scope.clone();
            async move {
                let mut limit = limit;
                let mut run = pin!(run);
                let value = poll_fn(|cx: &mut Context<'_>| {
                    if let Poll::Ready(value) = run.as_mut().poll(cx) {
                        return Poll::Ready(value);
                    }
                    if limit.as_mut().is_some_and(|limit| limit.poll(cx).is_ready()) {
                        limit = None;
                        scope.fail(RunError::timed_out());
                    }
                    Poll::Pending
                })
                .await;
                if cut.is_made() { Outcome::Partial(value) } else { Outcome::Complete(value) }
            }
        })
    }
}
