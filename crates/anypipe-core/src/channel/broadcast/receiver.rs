use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::super::thread::{wait, wait_within};
use super::super::{ChannelReceiver, RecvError, Statistics, TryRecvError};
use super::subscriber::{Subscriber, own};

/// A subscriber that misses nothing, and holds back the senders where it is slow; made by
/// [`subscribe`](super::Sender::subscribe).
///
/// A clone is a further subscriber, which hears what this one is still to hear. It is a
/// [`Stream`](futures_core::Stream), and a source by `Pipeline::from_channel`.
#[derive(Clone, Debug)]
#[must_use = "a subscriber that is kept and not asked holds back the senders"]
pub struct Receiver<T>(Subscriber<T>);

impl<T> Receiver<T> {
    pub(super) fn new(subscriber: Subscriber<T>) -> Self {
        Self(subscriber)
    }

    /// Closes this subscriber, as dropping it would: it holds back nobody any more.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// What the channel is doing now: its receivers are its subscribers.
    pub fn statistics(&self) -> Statistics {
        self.0.statistics()
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next item, waiting for one.
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
    /// let bus = anypipe::channel::broadcast(1);
    /// let mut subscriber = bus.subscribe();
    /// bus.try_send(1).unwrap();
    /// let mut received = Box::pin(subscriber.recv());
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(received.as_mut().poll(&mut cx), Poll::Ready(Ok(1)));
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.take().await.map(|(_, item)| own(item))
    }

    /// Receives the next item if there is one now.
    ///
    /// # Errors
    ///
    /// Where there is none, and as [`recv`](Receiver::recv).
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_take().map(|(_, item)| own(item))
    }

    /// Receives the next item on a plain thread, which is parked until one comes: [`recv`](Receiver::recv) without a
    /// runtime.
    ///
    /// In a task of a runtime that anypipe doesn't know of it blocks the thread that polls the task: await
    /// [`recv`](Receiver::recv) there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    ///
    /// # Panics
    ///
    /// In a task of anypipe, which would block a thread that others need; and where it has to wait in blocking work
    /// on the simulator.
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        wait("recv_blocking", "recv", self.recv())
    }

    /// As [`recv_blocking`](Receiver::recv_blocking), for no longer than `limit` by the thread's own clock. A limit
    /// of zero tries once.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv), and [`Empty`](TryRecvError::Empty) where no item came in time.
    ///
    /// # Panics
    ///
    /// As [`recv_blocking`](Receiver::recv_blocking).
    #[track_caller]
    pub fn recv_blocking_within(&mut self, limit: Duration) -> Result<T, TryRecvError> {
        let received = wait_within("recv_blocking_within", "recv", limit, pin!(self.recv()));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// Polls for an item: [`recv`](Receiver::recv) for those who write their own futures.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        self.0.poll_take(cx).map_ok(|(_, item)| own(item))
    }
}

impl<T: Clone> Stream for Receiver<T> {
    type Item = Result<T, RecvError>;

    /// `None` is the end of input. A vanished sender is an item of its own, so that the end can't be
    /// mistaken; the end follows.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_closed() {
            return Poll::Ready(None);
        }
        self.poll_recv(cx).map(|received| match received {
            Ok(item) => Some(Ok(item)),
            Err(RecvError::Closed) => None,
            Err(broken @ RecvError::Broken) => {
                self.close();
                Some(Err(broken))
            }
        })
    }
}

impl<T: Clone + Send + Sync + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        Receiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        Receiver::try_recv(self)
    }
}
