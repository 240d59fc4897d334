use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::{RecvError, Statistics, TryRecvError};
use super::ring::{Id, Item, Position, Shared};

/// An item, and how many were missed before it.
pub(super) type Taken<T> = (u64, Item<T>);

/// What both kinds of receivers are.
pub(super) struct Subscriber<T> {
    shared: Arc<Shared<T>>,
    /// Where it is; `None` once it was closed.
    position: Option<Position>,
    /// The key of its wait.
    waiting: Option<Id>,
}

/// The item for one who has taken it: as it is, where no other is to have it.
#[inline]
pub(super) fn own<T: Clone>(item: Item<T>) -> T {
    match item {
        Item::Own(item) => item,
        // Looked at first: to try to unwrap one that others have costs more.
        Item::Shared(item) if Arc::strong_count(&item) > 1 => T::clone(&item),
        Item::Shared(item) => Arc::try_unwrap(item).unwrap_or_else(|item| T::clone(&item)),
        Item::Moving => unreachable!("it is moved under the lock"),
    }
}

impl<T> Subscriber<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>, holds: bool) -> Self {
        shared.count_in();
        let position = Some(shared.lock().subscribe(holds));
        Self { shared: Arc::clone(shared), position, waiting: None }
    }

    #[inline]
    pub(super) fn poll_take(&mut self, cx: &Context<'_>) -> Poll<Result<Taken<T>, RecvError>> {
        let Some(position) = &mut self.position else { return Poll::Ready(Err(RecvError::Closed)) };
        let mut state = self.shared.lock();
        if let Some(taken) = state.take(position) {
            if let Some(key) = self.waiting.take() {
                state.unwait(key);
            }
            return Poll::Ready(Ok(taken));
        }
        if state.senders == 0 {
            return RecvError::at_end(state.sender_vanished).told();
        }
        state.wait(&mut self.waiting, cx.waker());
        Poll::Pending
    }

    pub(super) async fn take(&mut self) -> Result<Taken<T>, RecvError> {
        let wait = Wait(self);
        poll_fn(|cx| wait.0.poll_take(cx)).await
    }

    pub(super) fn try_take(&mut self) -> Result<Taken<T>, TryRecvError> {
        let position = self.position.as_mut().ok_or(TryRecvError::Closed)?;
        let mut state = self.shared.lock();
        if let Some(taken) = state.take(position) {
            return Ok(taken);
        }
        Err(match (state.senders, state.sender_vanished) {
            (0, false) => TryRecvError::Closed,
            (0, true) => TryRecvError::Broken,
            _ => TryRecvError::Empty,
        })
    }

    /// Waits no more.
    #[inline]
    fn unwait(&mut self) {
        if let Some(key) = self.waiting.take() {
            self.shared.lock().unwait(key);
        }
    }

    pub(super) fn close(&mut self) {
        self.unwait();
        if let Some(position) = self.position.take() {
            self.shared.lock().leave(position);
            self.shared.count_out();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.position.is_none()
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.shared.lock().statistics()
    }
}

/// A wait of a subscriber, which leaves nothing behind.
struct Wait<'a, T>(&'a mut Subscriber<T>);

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        self.0.unwait();
    }
}

impl<T> Clone for Subscriber<T> {
    fn clone(&self) -> Self {
        if let Some(position) = self.position {
            self.shared.count_in();
            self.shared.lock().join(position);
        }
        Self { shared: Arc::clone(&self.shared), position: self.position, waiting: None }
    }
}

impl<T> Drop for Subscriber<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statistics().fmt(f)
    }
}
