use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::super::thread::{wait, wait_within};
use super::super::{ChannelReceiver, RecvError, Statistics, TryRecvError};
use super::subscriber::{Subscriber, Taken, own};

/// An item, and how many this subscriber has missed since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard<T> {
    /// How many were dropped unheard just before this one, since the subscriber was too slow.
    pub missed: u64,
    /// The item.
    pub item: T,
}

impl<T: Clone> Heard<T> {
    fn new((missed, item): Taken<T>) -> Self {
        Self { missed, item: own(item) }
    }
}

/// A subscriber that holds back nobody, and is told what it [missed](Heard); made by
/// [`subscribe_lossy`](super::Sender::subscribe_lossy).
///
/// It misses the oldest items first, and never the newest: with the item after a gap it is told how long the gap was, so
/// what it heard and what it missed come to what was sent. A clone is a further subscriber in the same place. It is a
/// [`Stream`](futures_core::Stream), and a source by `Pipeline::from_channel`.
#[derive(Clone, Debug)]
#[must_use = "a subscriber does nothing unless it is asked"]
pub struct LossyReceiver<T>(Subscriber<T>);

impl<T> LossyReceiver<T> {
    pub(super) fn new(subscriber: Subscriber<T>) -> Self {
        Self(subscriber)
    }

    /// Closes this subscriber, as dropping it would.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// What the channel is doing now: its receivers are its subscribers.
    pub fn statistics(&self) -> Statistics {
        self.0.statistics()
    }
}

impl<T: Clone> LossyReceiver<T> {
    /// Receives the oldest item that is kept, waiting for one.
    ///
    /// # Errors
    ///
    /// At the end of input, where a sender vanished, and where this subscriber was closed. A task that was cancelled,
    /// and is about to be dropped, waits instead.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// # use std::task::{Context, Poll, Waker};
    /// use anypipe::channel::broadcast;
    /// use anypipe::channel::broadcast::Heard;
    ///
    /// let bus = broadcast(1);
    /// let mut subscriber = bus.subscribe_lossy();
    /// for item in 0..5 {
    ///     bus.try_send(item).unwrap();
    /// }
    /// let mut received = Box::pin(subscriber.recv());
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(received.as_mut().poll(&mut cx), Poll::Ready(Ok(Heard { missed: 4, item: 4 })));
    /// ```
    pub async fn recv(&mut self) -> Result<Heard<T>, RecvError> {
        self.0.take().await.map(Heard::new)
    }

    /// Receives the oldest item that is kept, if there is one now.
    ///
    /// # Errors
    ///
    /// Where there is none, and as [`recv`](LossyReceiver::recv).
    pub fn try_recv(&mut self) -> Result<Heard<T>, TryRecvError> {
        self.0.try_take().map(Heard::new)
    }

    /// Receives an item on a plain thread, which is parked until one comes: [`recv`](LossyReceiver::recv) without a
    /// runtime.
    ///
    /// In a task of a runtime that anypipe doesn't know of it blocks the thread that polls the task: await
    /// [`recv`](LossyReceiver::recv) there.
    ///
    /// # Errors
    ///
    /// As [`recv`](LossyReceiver::recv).
    ///
    /// # Panics
    ///
    /// In a task of anypipe, which would block a thread that others need; and where it has to wait in blocking work
    /// on the simulator.
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<Heard<T>, RecvError> {
        wait("recv_blocking", "recv", self.recv())
    }

    /// As [`recv_blocking`](LossyReceiver::recv_blocking), for no longer than `limit` by the thread's own clock. A
    /// limit of zero tries once.
    ///
    /// # Errors
    ///
    /// As [`recv`](LossyReceiver::recv), and [`Empty`](TryRecvError::Empty) where no item came in time.
    ///
    /// # Panics
    ///
    /// As [`recv_blocking`](LossyReceiver::recv_blocking).
    #[track_caller]
    pub fn recv_blocking_within(&mut self, limit: Duration) -> Result<Heard<T>, TryRecvError> {
        let received = wait_within("recv_blocking_within", "recv", limit, pin!(self.recv()));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// Polls for an item: [`recv`](LossyReceiver::recv) for those who write their own futures.
    ///
    /// # Errors
    ///
    /// As [`recv`](LossyReceiver::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard<T>, RecvError>> {
        self.0.poll_take(cx).map_ok(Heard::new)
    }
}

impl<T: Clone> Stream for LossyReceiver<T> {
    type Item = Result<Heard<T>, RecvError>;

    /// `None` is the end of input. A vanished sender is an item of its own, so that the end can't be
    /// mistaken; the end follows.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_closed() {
            return Poll::Ready(None);
        }
        self.poll_recv(cx).map(|received| match received {
            Ok(heard) => Some(Ok(heard)),
            Err(RecvError::Closed) => None,
            Err(broken @ RecvError::Broken) => {
                self.close();
                Some(Err(broken))
            }
        })
    }
}

impl<T: Clone + Send + Sync + 'static> ChannelReceiver<Heard<T>> for LossyReceiver<T> {
    async fn recv(&mut self) -> Result<Heard<T>, RecvError> {
        LossyReceiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<Heard<T>, TryRecvError> {
        LossyReceiver::try_recv(self)
    }
}
