//! What `tee` and `dead_letter` share: a sink beside the way of the items.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::scope::Meter;
use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Sink};
use futures_core::Stream;

use crate::Name;
use crate::attached::Attached;
use crate::fan::{AHEAD, Fan, Refused, fan};
use crate::sink::{NothingToTell, drain_beside};

/// What of an item goes to the sink, and what goes on.
pub(super) trait Split<In>: Send + 'static {
    /// What goes to the sink.
    type Aside: Send + 'static;
    /// What goes on.
    type On: Send + 'static;

    /// Splits an item; `wanted` tells whether the sink takes any more.
    fn split(&mut self, item: In, wanted: bool) -> (Option<Self::Aside>, Option<Self::On>);

    /// Something went aside after the sink had ended.
    fn refused(&mut self, aside: Self::Aside);
}

/// The most that wait before the sink.
pub(super) const HOLDS: Holds = Holds::at_most(AHEAD + 1);

/// Gives what goes on of the items of `input`, and the rest to the sink; ends when both have.
pub(super) fn siding<S, K, P>(
    input: S,
    name: &Name,
    sink: K,
    split: P,
    scope: &Scope,
) -> Siding<S, P::Aside, P>
where
    S: Stream,
    P: Split<S::Item>,
    K: Sink<P::Aside, Output: NothingToTell>,
{
    let meter = scope.meter(name.0.clone());
    let (fan, inputs) = fan(1, Some(meter.clone()));
    let aside = inputs.into_iter().next().expect("one branch");
    let sink = drain_beside(name, sink, aside, scope);
    Siding { input: Some(Box::pin(input)), sink, fan, waiting: None, meter, split }
}

pub(super) struct Siding<S, Aside, P> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// Ends when the sink has.
    sink: Attached<Infallible>,
    /// Where items wait for the sink.
    fan: Fan<Aside>,
    /// An item that waits for room there.
    waiting: Option<Aside>,
    /// Counts what goes aside.
    meter: Meter,
    split: P,
}

impl<S, Aside, P> Drop for Siding<S, Aside, P> {
    fn drop(&mut self) {
        self.meter.leave(usize::from(self.waiting.is_some()));
    }
}

// The items are only ever moved.
impl<S, Aside, P> Unpin for Siding<S, Aside, P> {}

impl<S, P> Siding<S, P::Aside, P>
where
    S: Stream,
    P: Split<S::Item>,
{
    /// Gives something to the sink, or has it wait for room there.
    #[inline]
    fn put_aside(&mut self, aside: P::Aside) -> Poll<()> {
        match self.fan.put(0, aside) {
            Ok(()) => {}
            Err(Refused::Full(aside)) => {
                self.waiting = Some(aside);
                return Poll::Pending;
            }
            // The sink did not end: it was cut off, and so are we.
            Err(Refused::Closed(aside)) if self.sink.is_cancelled() => {
                self.waiting = Some(aside);
                return Poll::Pending;
            }
            Err(Refused::Closed(aside)) => {
                self.meter.leave(1);
                self.split.refused(aside);
            }
        }
        Poll::Ready(())
    }
}

impl<S, P> Stream for Siding<S, P::Aside, P>
where
    S: Stream,
    P: Split<S::Item>,
{
    type Item = P::On;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P::On>> {
        let this = self.get_mut();
        this.fan.register(cx);
        loop {
            if let Some(aside) = this.waiting.take() {
                ready!(this.put_aside(aside));
            }
            let Some(input) = &mut this.input else {
                return this.sink.poll_next(cx).map(|_| None);
            };
            let Some(item) = ready!(input.as_mut().poll_next(cx)) else {
                this.input = None;
                this.fan.end();
                continue;
            };
            let (aside, on) = this.split.split(item, this.fan.is_open());
            if let Some(aside) = aside {
                this.meter.take(1);
                // Where there is no room now, the next item waits.
                let _ = this.put_aside(aside);
            }
            if let Some(on) = on {
                return Poll::Ready(Some(on));
            }
            ready!(poll_go_on(cx));
        }
    }
}
