//! The receiving end of the in-memory channel, and the future it returns.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::memory::{Id, Parked, Shared, State};
use super::thread::{wait, wait_within};
use super::{ChannelReceiver, RecvError, Statistics, TryRecvError};
use crate::scope::{drop_each, is_cut_off};
use crate::sync::atomic::{AtomicBool, Ordering};

/// The receiving end of the in-memory channel. Clones are further receivers: each item goes to one of
/// them. It is a [`Stream`](futures_core::Stream), and a source by `Pipeline::from_channel`.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// What those who wait on this handle name it by.
    handle: Id,
    /// Set when this handle was closed by hand.
    closed: AtomicBool,
    /// The key of the wait of `poll_recv`.
    waiting: Option<Id>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let handle = shared.lock().key();
        Self { shared, handle, closed: AtomicBool::new(false), waiting: None }
    }

    /// Receives an item, waiting for one. Receivers are served first come, first served.
    ///
    /// # Errors
    ///
    /// At the end of input, where a sender vanished, and where this receiver was closed. A task that was cancelled,
    /// and is about to be dropped, waits instead.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing: an item it was handed goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::{Receiver, RecvError};
    ///
    /// async fn sum(from: Receiver<u64>) -> Result<u64, RecvError> {
    ///     let mut sum = 0;
    ///     loop {
    ///         match from.recv().await {
    ///             Ok(n) => sum += n,
    ///             Err(error) if error.is_closed() => return Ok(sum),
    ///             Err(broken) => return Err(broken), // a sender vanished: that is not all
    ///         }
    ///     }
    /// }
    /// ```
    #[doc(alias("receive"))]
    pub fn recv(&self) -> RecvFuture<'_, T> {
        RecvFuture { receiver: self, key: None }
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
    /// use anypipe::channel::Receiver;
    ///
    /// async fn batches(from: Receiver<u64>) {
    ///     let mut batch = Vec::new();
    ///     while from.recv_many(&mut batch, 100).await.is_ok() {
    ///         println!("{} rows", batch.len());
    ///         batch.clear();
    ///     }
    /// }
    /// ```
    pub async fn recv_many(&self, items: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        if limit == 0 {
            return Ok(0);
        }
        items.push(self.recv().await?);
        let mut state = self.shared.lock();
        let mut count = 1;
        while count < limit && !self.is_closed() {
            let Some(item) = state.pop() else { break };
            items.push(item);
            count += 1;
        }
        Ok(count)
    }

    /// Receives an item if there is one now that nobody waits for.
    ///
    /// # Errors
    ///
    /// Where there is none, at the end of input, and where a sender vanished.
    #[doc(alias("receive_nowait"))]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.shared.lock();
        if self.is_closed() {
            return Err(TryRecvError::Closed);
        }
        match state.pop() {
            Some(item) => Ok(item),
            None => Err(end(&state).map_or(TryRecvError::Empty, Into::into)),
        }
    }

    /// Receives an item on a plain thread, which is parked until one comes: [`recv`](Receiver::recv) without a
    /// runtime. It takes its turn among those who await.
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::{RecvError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// let thread = std::thread::spawn(move || (receiver.recv_blocking(), receiver.recv_blocking()));
    /// sender.try_send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(thread.join().unwrap(), (Ok(1), Err(RecvError::Closed)));
    /// ```
    #[doc(alias("blocking_recv"))]
    #[track_caller]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use std::time::Duration;
    ///
    /// let (_sender, receiver) = anypipe::channel::bounded::<u8>(1);
    /// assert!(receiver.recv_blocking_within(Duration::from_millis(1)).unwrap_err().is_empty());
    /// ```
    #[doc(alias("recv_timeout"))]
    #[track_caller]
    pub fn recv_blocking_within(&self, limit: Duration) -> Result<T, TryRecvError> {
        let mut recv = self.recv();
        let received = wait_within("recv_blocking_within", "recv", limit, Pin::new(&mut recv));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// Polls for an item: [`recv`](Receiver::recv) for those who write their own futures. The receiver
    /// keeps its place in the queue of receivers between the polls.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let mut key = self.waiting.take();
        let polled = self.poll_with(&mut key, cx);
        self.waiting = key;
        polled
    }

    /// Closes this receiver, as dropping it would. Whoever waits on it sees the end, and what it was handed
    /// and has not looked at goes to the next receiver; the last one drops the items that are queued.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            drop_each(self.shared.receiver_closed(self.handle));
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Closes this receiver, and gives what was sent and not received where it is the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, receiver) = anypipe::channel::bounded(2);
    /// sender.try_send(1).unwrap();
    /// assert_eq!(receiver.into_rest(), [1]);
    /// assert!(sender.try_send(2).unwrap_err().is_closed());
    /// ```
    pub fn into_rest(mut self) -> Vec<T> {
        if let Some(key) = self.waiting.take() {
            self.leave(key);
        }
        if self.closed.swap(true, Ordering::SeqCst) { Vec::new() } else { self.shared.receiver_gone().into() }
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared.lock().statistics()
    }

    fn poll_with(&self, key: &mut Option<Id>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let mut state = self.shared.lock();
        if let Some(old) = *key {
            if let Some(item) = state.take_handed(old) {
                *key = None;
                return Poll::Ready(Ok(item));
            }
        }
        if self.is_closed() {
            if let Some(old) = key.take() {
                state.unpark_receiver(old);
            }
            return Poll::Ready(Err(RecvError::Closed));
        }
        if key.is_none() {
            if let Some(item) = state.pop() {
                return Poll::Ready(Ok(item));
            }
        }
        if let Some(end) = end(&state) {
            if is_cut_off() {
                return Poll::Pending;
            }
            if let Some(old) = key.take() {
                state.unpark_receiver(old);
            }
            return Poll::Ready(Err(end));
        }
        let mine = *key.get_or_insert_with(|| state.key());
        state.park_receiver(mine, Parked { handle: self.handle, waker: cx.waker().clone() });
        // A sender that reserves may have been let in by the parking; an item is never there yet,
        // unless one waited without room.
        match state.take_handed(mine) {
            Some(item) => {
                *key = None;
                Poll::Ready(Ok(item))
            }
            None => Poll::Pending,
        }
    }

    fn leave(&self, key: Id) {
        self.shared.lock().unpark_receiver(key);
    }
}

/// The end of input, where every sender is gone and nothing is left.
fn end<T>(state: &State<T>) -> Option<RecvError> {
    state.is_drained().then(|| RecvError::at_end(state.sender_vanished))
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        // Looked at under the lock: a handle that is closed meanwhile brings no receiver back.
        let mut state = self.shared.lock();
        let closed = self.is_closed();
        state.receivers += usize::from(!closed);
        let handle = state.key();
        drop(state);
        Self { shared: Arc::clone(&self.shared), handle, closed: AtomicBool::new(closed), waiting: None }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(key) = self.waiting.take() {
            self.leave(key);
        }
        if !self.closed.swap(true, Ordering::SeqCst) {
            drop_each(self.shared.receiver_gone());
        }
    }
}

impl<T> Stream for Receiver<T> {
    type Item = Result<T, RecvError>;

    /// `None` is the end of input. A vanished sender is an item of its own, so that the end can't be
    /// mistaken; the end follows.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_closed() {
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

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.statistics()).finish()
    }
}

/// The wait of a [`Receiver::recv`].
#[must_use = "nothing is received unless this is awaited"]
pub struct RecvFuture<'a, T> {
    receiver: &'a Receiver<T>,
    /// The key of the wait, once there is one.
    key: Option<Id>,
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.receiver.poll_with(&mut this.key, cx)
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.receiver.leave(key);
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture").field("waiting", &self.key.is_some()).finish()
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        Receiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        Receiver::try_recv(self)
    }
}
