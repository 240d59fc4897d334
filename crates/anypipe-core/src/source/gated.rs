use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::Source;
use crate::run::Controls;
use crate::scope::{Cancelled, Scope};
use crate::stage::Holds;

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

impl<S: Source> Source for Gated<S> {
    type Item = S::Item;

    fn attach(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        let controls = scope.controls().clone();
        let stopped = controls.stop_token().cancelled();
        GatedStream { input: Some(self.source.attach(scope)), controls, stopped }
    }

    fn holds(&self) -> Holds {
        self.source.holds()
    }
}

pin_project! {
    struct GatedStream<S> {
        #[pin]
        input: Option<S>,
        controls: Controls,
        // Wakes the task at a stop while the input is pending.
        stopped: Cancelled,
    }
}

impl<S: Stream> Stream for GatedStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        if this.controls.stop_token().is_cancelled() {
            this.input.set(None);
        }
        let Some(input) = this.input.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let polled = if this.controls.is_paused(cx) { Poll::Pending } else { input.poll_next(cx) };
        match polled {
            Poll::Ready(None) => this.input.set(None),
            Poll::Pending if Pin::new(this.stopped).poll(cx).is_ready() => {
                this.input.set(None);
                return Poll::Ready(None);
            }
            _ => {}
        }
        polled
    }
}
