//! Sources side by side, of each of which an item is kept.

use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;

use crate::attached::Attached;
use crate::bells::Bells;

/// A source and the item that is kept of it.
pub(super) struct Lane<T> {
    source: Attached<T>,
    item: Option<T>,
    ended: bool,
}

impl<T> Lane<T> {
    pub(super) fn new(source: Attached<T>) -> Self {
        Self { source, item: None, ended: false }
    }

    pub(super) fn take(&mut self) -> T {
        self.item.take().expect("the lane has an item")
    }

    pub(super) fn item(&self) -> Option<&T> {
        self.item.as_ref()
    }
}

/// A lane, whatever its items are.
pub(super) trait AnyLane: Send {
    /// Keeps the next item, in place of the one it has; `false` at the end, after which it is not asked again.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool>;
    fn has_item(&self) -> bool;
    fn has_ended(&self) -> bool;
    /// Closes the source and drops the item.
    fn close(&mut self);
    /// Waits until the tasks of a source that was closed have ended.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<T: Send> AnyLane for Lane<T> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let item = ready!(self.source.poll_next(cx));
        if item.is_some() {
            self.item = item;
        } else {
            self.ended = true;
        }
        Poll::Ready(!self.ended)
    }

    fn has_item(&self) -> bool {
        self.item.is_some()
    }

    fn has_ended(&self) -> bool {
        self.ended
    }

    fn close(&mut self) {
        self.source.close();
        self.item = None;
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.source.poll_closed(cx)
    }
}

/// Lanes side by side: two of different items, or any number of the same.
pub(super) trait Lanes: Send + 'static {
    fn len(&self) -> usize;
    fn get(&mut self, index: usize) -> &mut dyn AnyLane;
}

impl<A: Send + 'static, B: Send + 'static> Lanes for (Lane<A>, Lane<B>) {
    fn len(&self) -> usize {
        2
    }

    fn get(&mut self, index: usize) -> &mut dyn AnyLane {
        if index == 0 { &mut self.0 } else { &mut self.1 }
    }
}

impl<T: Send + 'static> Lanes for Vec<Lane<T>> {
    fn len(&self) -> usize {
        self.len()
    }

    fn get(&mut self, index: usize) -> &mut dyn AnyLane {
        &mut self[index]
    }
}

/// Lanes whose items make rows. Only those that were woken are polled.
pub(super) struct Row<L> {
    pub(super) lanes: L,
    bells: Bells,
    /// How many lanes have an item.
    items: usize,
    /// How many lanes have ended.
    ended: usize,
    /// How many lanes, from the first on, have no task left since they were closed.
    closed: usize,
}

impl<L: Lanes> Row<L> {
    pub(super) fn new(lanes: L) -> Self {
        let bells = Bells::new(lanes.len());
        Self { lanes, bells, items: 0, ended: 0, closed: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.len() == 0
    }

    /// Waits until every lane has an item; `Err` with the index of the first lane that is seen to have ended.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), usize>> {
        self.bells.in_order();
        while self.items < self.lanes.len() {
            if let (index, false) = ready!(self.poll_lane(true, cx)) {
                return Poll::Ready(Err(index));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Has every lane give its next item, once those of a full row were taken.
    pub(super) fn taken(&mut self) {
        self.items = 0;
        (0..self.lanes.len()).for_each(|index| self.bells.line_up(index));
    }

    /// Waits for an item of a lane that has none and has not ended; gives that lane's index, or `None` where there is no such
    /// lane.
    pub(super) fn poll_missing(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        while self.items + self.ended < self.lanes.len() {
            if let (index, true) = ready!(self.poll_lane(true, cx)) {
                return Poll::Ready(Some(index));
            }
        }
        Poll::Ready(None)
    }

    /// Waits until all lanes have ended; `false` where one has an item instead.
    pub(super) fn poll_others(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        while self.items == 0 && self.ended < self.lanes.len() {
            ready!(self.poll_lane(true, cx));
        }
        Poll::Ready(self.items == 0)
    }

    /// Waits for a new item of any lane; `false` once all have ended or, where a row needs an item of every lane,
    /// once one has ended without.
    pub(super) fn poll_event(&mut self, whole: bool, cx: &mut Context<'_>) -> Poll<bool> {
        while self.ended < self.lanes.len() {
            let (index, gave) = ready!(self.poll_lane(false, cx));
            if gave {
                self.bells.line_up(index);
                return Poll::Ready(true);
            }
            if whole && !self.lanes.get(index).has_item() {
                break;
            }
        }
        Poll::Ready(false)
    }

    /// Waits until one of the lanes, or of those without an item, gives one or ends; with its index.
    fn poll_lane(&mut self, empty: bool, cx: &mut Context<'_>) -> Poll<(usize, bool)> {
        self.bells.register(cx);
        while let Some((index, waker)) = self.bells.next() {
            let lane = self.lanes.get(index);
            let had_item = lane.has_item();
            if lane.has_ended() || (empty && had_item) {
                continue;
            }
            match lane.poll_next(&mut Context::from_waker(waker)) {
                Poll::Ready(gave) => {
                    self.items += usize::from(gave && !had_item);
                    self.ended += usize::from(!gave);
                    return Poll::Ready((index, gave));
                }
                Poll::Pending => ready!(poll_go_on(cx)),
            }
        }
        Poll::Pending
    }

    /// Closes all lanes.
    pub(super) fn close(&mut self) {
        (0..self.lanes.len()).for_each(|index| self.lanes.get(index).close());
    }

    /// Waits until the tasks of all lanes, which were closed, have ended.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.closed < self.lanes.len() {
            ready!(self.lanes.get(self.closed).poll_closed(cx));
            self.closed += 1;
        }
        Poll::Ready(())
    }
}

impl<T: Send + 'static> Row<Vec<Lane<T>>> {
    /// Takes the item of one lane, which is to give its next.
    pub(super) fn take(&mut self, index: usize) -> T {
        self.items -= 1;
        self.bells.line_up(index);
        self.lanes[index].take()
    }
}
