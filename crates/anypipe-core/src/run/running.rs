use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Control, Run};
use crate::error::RunError;
use crate::scope::{Promise, Scope, current_scope, drop_caught, promise};

/// A run that was started: it goes on by itself, and is a future of its result.
///
/// # Cancel safety
///
/// Dropping a `Running` cancels the run, as dropping a [`Run`](super::Run) in its middle does.
#[must_use = "dropping a running run cancels it"]
pub struct Running<T> {
    /// The scope of the task that polls the run; `None` where there was no runtime.
    host: Option<Scope>,
    /// Steers the run; handed out by [`Running::control`].
    control: Control,
    /// The result, or why the run could not start.
    outcome: Outcome<T>,
}

enum Outcome<T> {
    Promised(Promise<Result<T, RunError>>),
    Known(Option<Result<T, RunError>>),
    Over,
}

impl<T: Send + 'static> Running<T> {
    pub(super) fn start(mut run: Run<T>) -> Self {
        let (name, controls, runtime) = run.way.host();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let control = Control::new(controls);
                return Self { host: None, control, outcome: Outcome::Known(Some(Err(error))) };
            }
        };
        let host = Scope::new(runtime, current_scope().as_ref(), controls.clone());
        // Here, where the run is started, and not in the task.
        controls.observe_begin(name, host.runtime().name());
        let (giver, promise) = promise();
        // The session opens inside the task, so that its scope has the host for a parent.
        host.spawn(name, async move {
            let result = poll_fn(|cx| run.poll_checked(cx)).await;
            // Where nobody waits any more the host was abandoned, and a panic goes to its heir.
            if let Err(Err(error)) = giver.give(result) {
                if let Some(host) = current_scope() {
                    host.fail(error);
                }
            }
        });
        Self { host: Some(host), control: Control::new(controls), outcome: Outcome::Promised(promise) }
    }

    /// A handle that stops, cancels, pauses and watches the run, from anywhere.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Waits until the run is over, and gives its result. Awaiting it is the same.
    ///
    /// # Errors
    ///
    /// Where the run failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn join(self) -> Result<T, RunError> {
        self.await
    }

    /// Cancels the run, as [`Control::cancel`] does.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// True once the run has its result, or could not start.
    pub fn is_finished(&self) -> bool {
        match &self.outcome {
            Outcome::Promised(promise) => promise.is_ready(),
            Outcome::Known(_) | Outcome::Over => true,
        }
    }
}

impl<T: Send + 'static> Future for Running<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Outcome::Promised(promise) = &mut this.outcome {
            let given = ready!(Pin::new(promise).poll(cx));
            this.outcome = Outcome::Known(given);
        }
        if let Some(host) = &this.host {
            ready!(host.poll_join(cx));
        }
        let failure = this.host.take().and_then(|host| host.take_failure());
        match std::mem::replace(&mut this.outcome, Outcome::Over) {
            Outcome::Known(Some(Ok(value))) => Poll::Ready(failure.map_or(Ok(value), Err)),
            Outcome::Known(Some(Err(mut error))) => {
                for panic in failure.map_or_else(Vec::new, RunError::into_panics) {
                    error.push_other(panic);
                }
                Poll::Ready(Err(error))
            }
            Outcome::Known(None) => Poll::Ready(Err(failure.unwrap_or_else(RunError::cancelled))),
            Outcome::Promised(_) | Outcome::Over => panic!("a running run was polled after its end"),
        }
    }
}

impl<T> Unpin for Running<T> {}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            let outcome = &mut self.outcome;
            host.abandon(&mut || {
                let result = match std::mem::replace(outcome, Outcome::Over) {
                    Outcome::Promised(mut promise) => promise.take(),
                    Outcome::Known(result) => result,
                    Outcome::Over => None,
                };
                // The run is over: a panic in it is still to be told, here as by one that is not.
                match result {
                    Some(Err(error)) => Some(error),
                    value => drop_caught(value).err().map(|panic| panic.into_error(None)),
                }
            });
            // One that was started and never polled has nobody else to tell it.
            self.control.tell_given_up();
        }
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("host", &self.host).finish_non_exhaustive()
    }
}
