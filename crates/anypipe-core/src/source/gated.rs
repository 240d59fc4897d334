use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::Source;
use crate::holds::Holds;
use crate::scope::{CancelToken, Cancelled, Pauses, Scope, waits_for_input};

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
    pub fn map<T>(self, map: impl FnOnce(S) -> T) -> Gated<T> {
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
    Gate::new(stream, scope, !scope.is_repeated(), |_: Pin<&mut S>| AtStop::End)
}

/// Puts a gate before a stream's items: at a stop `stop` is called, once, and then what the stream still
/// has is given, to its end. The source is shown in pictures of the run as it shows itself.
pub fn gated_until<S, F>(stream: S, scope: &Scope, mut stop: F) -> impl Stream<Item = S::Item> + use<S, F>
where
    S: Stream,
    F: FnMut(Pin<&mut S>),
{
    Gate::new(stream, scope, false, move |stream: Pin<&mut S>| {
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
        watch: Watch<F>,
    }
}

/// Never calm: the first poll of a gate looks around.
static FIRST: LazyLock<CancelToken> = LazyLock::new(|| {
    let first = CancelToken::new();
    first.cancel();
    first
});

/// Watches for stops and pauses.
struct Watch<F> {
    /// Raised at a stop, and held during a pause; until the first poll another.
    stop: CancelToken,
    /// Until then; and whether the run's pictures show it as a source.
    is_new: bool,
    is_shown: bool,
    /// Wakes the task at the end of a pause.
    pauses: Pauses,
    /// Wakes the task at a stop while the input is pending, or held back.
    stopped: Cancelled,
    /// Called at the stop.
    at_stop: Option<F>,
}

impl<S, F> Gate<S, F> {
    fn new(input: S, scope: &Scope, is_shown: bool, at_stop: F) -> Self {
        let controls = scope.controls();
        let (stopped, pauses) = (controls.stop_token().cancelled(), controls.pauses());
        let (stop, is_new) = (FIRST.clone(), true);
        let watch = Watch { stop, is_new, is_shown, pauses, stopped, at_stop: Some(at_stop) };
        Self { input: Some(input), watch }
    }
}

impl<F> Watch<F> {
    /// Whether the input may be polled, or is to end; pending during a pause. To be asked where the token shows
    /// something.
    #[cold]
    fn poll_open<S>(&mut self, input: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<AtStop>
    where
        F: FnMut(Pin<&mut S>) -> AtStop,
    {
        if std::mem::take(&mut self.is_new) {
            self.stop = self.pauses.controls().stop_token().clone();
            if self.is_shown {
                self.pauses.controls().enter_source();
            }
            if self.stop.is_calm() {
                return Poll::Ready(AtStop::GoOn);
            }
        }
        // A stop ends a pause: what is left is on its way.
        if !self.stop.is_cancelled() {
            if self.pauses.poll_resumed(cx).is_ready() {
                return Poll::Ready(AtStop::GoOn);
            }
            if self.poll_stop(cx).is_pending() {
                return Poll::Pending;
            }
        }
        let at_stop = self.at_stop.take();
        Poll::Ready(at_stop.map_or(AtStop::GoOn, |mut at_stop| at_stop(input)))
    }

    /// Pending until the stop, and after it.
    fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.at_stop.is_some() { Pin::new(&mut self.stopped).poll(cx) } else { Poll::Pending }
    }
}

impl<S, F> Stream for Gate<S, F>
where
    S: Stream,
    F: FnMut(Pin<&mut S>) -> AtStop,
{
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        loop {
            let Some(mut input) = this.input.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            // This one look is all that most items cost.
            let open = if this.watch.stop.is_calm() {
                AtStop::GoOn
            } else {
                ready!(this.watch.poll_open(input.as_mut(), cx))
            };
            let polled = match open {
                AtStop::GoOn => input.poll_next(cx),
                AtStop::End => Poll::Ready(None),
            };
            match polled {
                Poll::Ready(None) => this.input.set(None),
                Poll::Pending => {
                    if this.watch.poll_stop(cx).is_ready() {
                        continue;
                    }
                    waits_for_input();
                }
                Poll::Ready(Some(_)) => {}
            }
            return polled;
        }
    }
}
