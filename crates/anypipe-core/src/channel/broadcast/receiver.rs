use std::fmt;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::super::thread::{wait, wait_within};
use super::super::{ChannelReceiver, RecvError, Statistics, TryRecvError};
use super::heard::{Gives, Heard};
use super::subscriber::Subscriber;

/// A subscriber. One made by [`subscribe`](super::Sender::subscribe) misses nothing, and holds back the senders where it
/// is slow; a [`LossyReceiver`](super::LossyReceiver) is given each item with [what it has missed](super::Heard) before.
///
/// A clone is a further subscriber, which hears what this one is still to hear. It is a
/// [`Stream`](futures_core::Stream), and a source by `Pipeline::from_channel`.
#[must_use = "a subscriber that is kept and not asked may hold back the senders"]
pub struct Receiver<T, G = T> {
    subscriber: Subscriber<T>,
    /// What it is given of each item.
    gives: PhantomData<fn() -> G>,
}

/// A subscriber that holds back nobody, and is told what it [missed](Heard); made by
/// [`subscribe_lossy`](super::Sender::subscribe_lossy).
///
/// It misses the oldest items first, and never the newest: with the item after a gap it is told how long the gap was, so
/// what it heard and what it missed come to what was sent. A clone is a further subscriber in the same place.
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
pub type LossyReceiver<T> = Receiver<T, Heard<T>>;

impl<T, G> Receiver<T, G> {
    pub(super) fn new(subscriber: Subscriber<T>) -> Self {
        Self { subscriber, gives: PhantomData }
    }

    /// Closes this subscriber, as dropping it would: it holds back nobody any more.
    pub fn close(&mut self) {
        self.subscriber.close();
    }

    /// What the channel is doing now: its receivers are its subscribers.
    pub fn statistics(&self) -> Statistics {
        self.subscriber.statistics()
    }
}

impl<T: Clone, G: Gives<T>> Receiver<T, G> {
    /// Receives the oldest item that it has not had and that is kept, waiting for one.
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
    pub async fn recv(&mut self) -> Result<G, RecvError> {
        self.subscriber.take().await.map(|(missed, item)| G::give(missed, item))
    }

    /// Receives up to `limit` items into `items`, waiting for the first; gives how many.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::broadcast;
    ///
    /// async fn batches(to: broadcast::Sender<u64>) {
    ///     let (mut from, mut batch) = (to.subscribe(), Vec::new());
    ///     drop(to);
    ///     while from.recv_many(&mut batch, 100).await.is_ok() {
    ///         println!("{} events", batch.len());
    ///         batch.clear();
    ///     }
    /// }
    /// ```
    pub async fn recv_many(&mut self, items: &mut Vec<G>, limit: usize) -> Result<usize, RecvError> {
        if limit == 0 {
            return Ok(0);
        }
        items.push(self.recv().await?);
        // Those that are there now: on another thread they may be sent as quickly as they are taken here.
        let (mut count, limit) = (1, limit.min(1 + self.statistics().used));
        while count < limit {
            let Ok(item) = self.try_recv() else { break };
            items.push(item);
            count += 1;
        }
        Ok(count)
    }

    /// Receives the next item if there is one now.
    ///
    /// # Errors
    ///
    /// Where there is none, and as [`recv`](Receiver::recv).
    pub fn try_recv(&mut self) -> Result<G, TryRecvError> {
        self.subscriber.try_take().map(|(missed, item)| G::give(missed, item))
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
    /// In a task of anypipe, which would block a thread that others need.
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<G, RecvError> {
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
    pub fn recv_blocking_within(&mut self, limit: Duration) -> Result<G, TryRecvError> {
        let received = wait_within("recv_blocking_within", "recv", limit, pin!(self.recv()));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// Polls for an item: [`recv`](Receiver::recv) for those who write their own futures.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<G, RecvError>> {
        self.subscriber.poll_take(cx).map_ok(|(missed, item)| G::give(missed, item))
    }
}

impl<T: Clone, G: Gives<T>> Stream for Receiver<T, G> {
    type Item = Result<G, RecvError>;

    /// `None` is the end of input. A vanished sender is an item of its own, so that the end can't be
    /// mistaken; the end follows.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.subscriber.is_closed() {
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

impl<T, G> ChannelReceiver<G> for Receiver<T, G>
where
    T: Clone + Send + Sync + 'static,
    G: Gives<T> + Send + 'static,
{
    async fn recv(&mut self) -> Result<G, RecvError> {
        Receiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<G, TryRecvError> {
        Receiver::try_recv(self)
    }
}

impl<T, G> Clone for Receiver<T, G> {
    fn clone(&self) -> Self {
        Self::new(self.subscriber.clone())
    }
}

impl<T, G> fmt::Debug for Receiver<T, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.subscriber).finish()
    }
}
