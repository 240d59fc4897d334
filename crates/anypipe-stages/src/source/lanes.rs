//! Sources side by side, of each of which an item is kept.

use std::task::{Context, Poll, ready};

use crate::attached::Attached;

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
    /// Keeps the next item, in place of the one it has; `false` at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool>;
    fn has_item(&self) -> bool;
    /// Closes the source and drops the item.
    fn close(&mut self);
    /// Waits until the tasks of a source that was closed have ended.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<T: Send> AnyLane for Lane<T> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.ended {
            return Poll::Ready(false);
        }
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

/// Closes all lanes.
pub(super) fn close(lanes: &mut impl Lanes) {
    (0..lanes.len()).for_each(|index| lanes.get(index).close());
}

/// Waits until the tasks of all lanes, which were closed, have ended.
pub(super) fn poll_closed(lanes: &mut impl Lanes, cx: &mut Context<'_>) -> Poll<()> {
    for index in 0..lanes.len() {
        ready!(lanes.get(index).poll_closed(cx));
    }
    Poll::Ready(())
}
