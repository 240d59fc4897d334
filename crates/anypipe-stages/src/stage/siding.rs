//! What `tee` and `dead_letter` share: a sink beside the way of the items.

use std::convert::Infallible;
use std::iter;
use std::task::{Context, Poll};

use anypipe_core::run::picture::StageKind;
use anypipe_core::scope::{Charted, Meter};
use anypipe_core::{Scope, Sink};

use crate::Name;
use crate::attached::Attached;
use crate::fan::{Closed, Fan, Refused, fan};
use crate::sink::{NothingToTell, drain_silently};

/// A sink beside the way of the items, and what waits before it.
pub(super) struct Siding<T> {
    /// Ends when the sink has.
    sink: Attached<Infallible>,
    /// Where items wait for the sink.
    fan: Fan<T>,
    /// Counts what goes aside.
    meter: Meter,
    /// Its place in pictures of the run: with what takes the items that go on.
    charted: Charted,
    /// True until it was polled.
    is_new: bool,
}

impl<T: Send + 'static> Siding<T> {
    pub(super) fn new<K>(name: &Name, sink: K, scope: &Scope) -> Self
    where
        K: Sink<T, Output: NothingToTell>,
    {
        let meter = scope.meter(name.0.clone());
        let charted = scope.charted_as(&meter, StageKind::Branch);
        let (fan, inputs) = fan(1, Some(meter.clone()), None);
        let aside = inputs.into_iter().next().expect("one branch");
        let sink = drain_silently(name, charted.clone(), sink, aside, scope);
        Self { sink, fan, meter, charted, is_new: true }
    }

    /// Has the task woken where the sink ends, and where it has room for more.
    #[inline]
    pub(super) fn register(&mut self, cx: &mut Context<'_>) {
        self.fan.register(cx);
    }

    /// Runs `f`, which polls the input, now and then: what that asks first gives its items here.
    pub(super) fn poll_in<R>(&mut self, f: impl FnOnce() -> R) -> R {
        if std::mem::take(&mut self.is_new) {
            self.charted.note_asked();
        }
        self.charted.poll_in(f)
    }

    /// Gives an item to the sink.
    pub(super) fn put(&mut self, item: T) -> Result<(), Refused<T>> {
        match self.fan.give(0, item) {
            // The sink did not end: it was cut off, and so are we.
            Err(Refused::Closed(item)) if self.sink.is_cancelled() => Err(Refused::Full(item)),
            put => put,
        }
    }

    /// Waits until the sink has room; `None` where it takes no more.
    pub(super) fn poll_room(&mut self) -> Poll<Option<usize>> {
        if !self.fan.is_open() {
            // As in `put`.
            return if self.sink.is_cancelled() { Poll::Pending } else { Poll::Ready(None) };
        }
        match self.fan.room(0) {
            0 => Poll::Pending,
            room => Poll::Ready(Some(room)),
        }
    }

    /// Puts items before the sink, for which there is [room](Siding::poll_room), each to be [shown](Siding::show_next); gives
    /// how many. Where the sink has ended they go.
    pub(super) fn put_unseen(&mut self, first: T, rest: impl ExactSizeIterator<Item = T>) -> usize {
        let count = rest.len() + 1;
        self.fan.deal_all(0, iter::once(first));
        self.fan.deal_all(0, rest);
        self.meter.take(count);
        if let Err(Closed) = self.fan.put(0) {
            self.meter.leave(count);
            return 0;
        }
        count
    }

    /// Shows the next item to the sink.
    #[inline]
    pub(super) fn show_next(&mut self) {
        self.fan.show_next(0);
    }

    /// No more items come.
    pub(super) fn end(&self) {
        self.fan.end();
    }

    /// Waits until the sink has ended, after the last item.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sink.poll_next(cx).map(|_| ())
    }
}

impl<T> Siding<T> {
    /// Counts an item for the sink, which is [put](Siding::put) or left.
    pub(super) fn take(&self) {
        self.meter.take(1);
    }

    /// Nobody takes an item that was counted.
    pub(super) fn leave(&self) {
        self.meter.leave(1);
    }
}
