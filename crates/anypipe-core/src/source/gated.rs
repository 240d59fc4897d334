use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::Source;
use crate::holds::Holds;
use crate::scope::{CancelToken, Cancelled, Pauses, Scope};

/// A source that obeys the run's [`Control`](crate::run::Control): it ends at a stop, and gives nothing
/// during a pause. Every pipeline begins with one.
#[derive(Clone, Debug)]
pub struct Gated<S> {
    source: S,
}

impl<S: Source> Gated<S> {
    /// Puts a gate before `source`'s items.
    pub fn new(source: S) -> Self {
        Self { source }
    }
}

impl<S> Gated<S> {
    /// The same gate before another source.
    pub(crate) fn map<T>(self, map: impl FnOnce(S) -> T) -> Gated<T> {
        Gated { source: map(self.source) }
    }
}

impl<S: Source> Source for Gated<S> {
    type Item = S::Item;

    fn attach(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        self.source.attach_gated(scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        self.source.holds()
    }
}

/// Puts a gate before a stream's items: at a stop the stream is dropped.
pub fn gated<S: Stream>(stream: S, scope: &Scope) -> impl Stream<Item = S::Item> + use<S> {
    Gate::new(stream, scope, |_: Pin<&mut S>| AtStop::End)
}

/// Puts a gate before a stream's items: at a stop `stop` is called, once, and then what the stream still
/// has is given, to its end.
pub fn gated_until<S, F>(stream: S, scope: &Scope, mut stop: F) -> impl Stream<Item = S::Item> + use<S, F>
where
    S: Stream,
    F: FnMut(Pin<&mut S>),
{
    Gate::new(stream, scope, move |stream: Pin<&mut S>| {
        stop(stream);
        AtStop::GoOn
    })
}

/// What becomes of a stream at a stop.
enum AtStop {
    End,
    GoOn,
}

pin_project! {
    struct Gate<S, F> {
        #[pin]
        input: Option<S>,
        // Raised at a stop.
        stop: CancelToken,
        // Holds the input back during a pause.
        pauses: Pauses,
        // Wakes the task at a stop while the input is pending.
        stopped: Cancelled,
        // Called at the stop.
        at_stop: Option<F>,
    }
}

impl<S, F> Gate<S, F> {
    fn new(input: S, scope: &Scope, at_stop: F) -> Self {
        let controls = scope.controls();
        let stop = controls.stop_token().clone();
        let (stopped, pauses) = (stop.cancelled(), controls.pauses());
        Self { input: Some(input), stop, pauses, stopped, at_stop: Some(at_stop) }
    }
}

impl<S, F> Stream for Gate<S, F>
where
    S: Stream,
    F: FnMut(Pin<&mut S>) -> AtStop,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        loop {
            let Some(mut input) = this.input.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            if this.at_stop.is_some() && this.stop.is_cancelled() {
                let at_stop = this.at_stop.take().map(|mut at_stop| at_stop(input.as_mut()));
                if matches!(at_stop, Some(AtStop::End)) {
                    this.input.set(None);
                    return Poll::Ready(None);
                }
            }
            // A stop ends a pause: what is left is on its way.
            let paused = this.at_stop.is_some() && this.pauses.poll_resumed(cx).is_pending();
            let polled = if paused { Poll::Pending } else { input.poll_next(cx) };
            match polled {
                Poll::Ready(None) => this.input.set(None),
                Poll::Pending
                    if this.at_stop.is_some() && Pin::new(&mut *this.stopped).poll(cx).is_ready() =>
                {
                    continue;
                }
                _ => {}
            }
            return polled;
        }
    }
}
