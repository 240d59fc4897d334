use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{AtEnd, Choose, Control, Make, Plan, Session};
use crate::drive::Inlet;
use crate::error::RunError;
use crate::runtime::AsHandle;
use crate::scope::{Breakable, CancelToken, Controls, Deadline};
use crate::source::Source;

/// A run whose items come out one by one, for the rest of the futures world.
///
/// It starts with its first poll, and its end comes after every task was joined. Where the run
/// fails it panics, as a [`Run`](super::Run) that is awaited does; [`checked`](RunStream::checked)
/// gives the failure as a last item instead. A truncated stream never looks complete.
///
/// # Cancel safety
///
/// Dropping it cancels the run.
#[must_use = "a stream does nothing unless it is polled"]
pub struct RunStream<T> {
    state: State<T>,
    /// Steers the run; handed out by [`RunStream::control`].
    controls: Controls,
}

enum State<T> {
    Planned { plan: Plan, make: Make<Inlet<T>> },
    Active { session: Session<Inlet<T>>, finishing: bool },
    Over,
}

impl<T: Send + 'static> RunStream<T> {
    /// A run that gives the items of `source`; `choose` finds a runtime.
    pub fn new(choose: Choose, source: impl Source<Item = T>) -> Self {
        let plan = Plan::new("into_stream", choose, AtEnd::Cancel);
        let make: Make<Inlet<T>> = Breakable::new(Box::new(|scope| {
            let inlet = Inlet::for_stream(source.attach(scope));
            scope.controls().set_sink(false);
            inlet
        }));
        let controls = plan.controls.clone();
        Self { state: State::Planned { plan, make }, controls }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Plan)) -> Self {
        if let State::Planned { plan, .. } = &mut self.state {
            edit(plan);
        }
        self
    }

    /// Runs on this runtime, whatever the code runs in.
    pub fn on(self, runtime: impl AsHandle) -> Self {
        self.edit(|plan| plan.set_runtime(&runtime))
    }

    /// Cancels and joins the run at its deadline; its last item is then the failure that it timed out. An item that is
    /// there when the limit passes is given first. A length of time counts from the first poll.
    ///
    /// The limit is looked at when the stream is polled, so a consumer that pauses learns of it afterwards.
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        self.edit(|plan| plan.deadline = Some(deadline.into()))
    }

    /// Cancels and joins the run when the token is cancelled; its last item is then the failure that it was
    /// cancelled. Nothing is polled where the token is cancelled already. Asked for with several tokens, any of
    /// them does it.
    pub fn cancel_on(self, token: CancelToken) -> Self {
        self.edit(|plan| plan.cancel_on(token))
    }

    /// Ends the sources when the token is cancelled: items on their way are finished and given, and then the
    /// stream ends. Asked for with several tokens, any of them does it.
    pub fn stop_on(self, token: CancelToken) -> Self {
        self.edit(|plan| plan.controls.stop_on(token))
    }

    /// A handle that stops, cancels, pauses and watches the run, from anywhere; also before it starts.
    pub fn control(&self) -> Control {
        Control::new(self.controls.clone())
    }

    /// The same stream, with a failure of the run as its last item instead of a panic.
    pub fn checked(self) -> CheckedStream<T> {
        CheckedStream { stream: self }
    }

    fn poll_checked(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, RunError>>> {
        if let State::Planned { .. } = self.state {
            let State::Planned { plan, make } = std::mem::replace(&mut self.state, State::Over) else {
                unreachable!("looked at one line above");
            };
            let opened = plan.begin().map(|course| Session::open(course, make.into_inner()));
            match opened {
                Ok(session) => self.state = State::Active { session, finishing: false },
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let State::Active { session, finishing } = &mut self.state else {
            return Poll::Ready(None);
        };
        let mut ended_by_itself = *finishing;
        if !*finishing {
            if let Some(item) = session.body().and_then(Inlet::take_at_hand) {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(session.poll_body(cx, Inlet::poll_next)) {
                Some(Some(item)) => return Poll::Ready(Some(Ok(item))),
                Some(None) => {
                    *finishing = true;
                    ended_by_itself = true;
                }
                None => {}
            }
        }
        let finished = ready!(session.poll_finish(cx));
        self.state = State::Over;
        Poll::Ready(match finished {
            Err(error) => Some(Err(error)),
            Ok(()) if ended_by_itself => None,
            Ok(()) => Some(Err(RunError::cancelled())),
        })
    }
}

impl<T: Send + 'static> Stream for RunStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_checked(cx).map(|item| item.map(|item| item.unwrap_or_else(|error| error.resume())))
    }
}

impl<T> fmt::Debug for RunStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunStream").finish_non_exhaustive()
    }
}

/// A [`RunStream`] whose failure is its last item, made by [`RunStream::checked`].
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct CheckedStream<T> {
    stream: RunStream<T>,
}

impl<T: Send + 'static> Stream for CheckedStream<T> {
    type Item = Result<T, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_checked(cx)
    }
}
