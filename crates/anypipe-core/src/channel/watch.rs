//! The latest value; made by [`watch`](fn@super::watch).
//!
//! A value is looked at by an [`Arc`] and never by a guard: nobody's code runs while the channel is held, so a reader
//! can't keep the writer waiting, nor itself, however long it looks.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;

use super::thread::{wait, wait_within};
use super::{ChannelReceiver, ChannelSender, RecvError, SendError, Statistics, TryRecvError, TrySendError};
use crate::scope::{Few, Wakes, is_breaking, is_cut_off};
use crate::sync::Mutex;

/// Names a wait.
type Id = u64;

/// The state behind all ends.
struct State<T> {
    value: Arc<T>,
    /// Grows with each value.
    version: u64,
    senders: usize,
    receivers: usize,
    /// Set when a sender vanished instead of closing.
    sender_vanished: bool,
    /// The last key that was given out.
    last_key: Id,
    /// Receivers that wait for another value.
    waiting: Few<Waker>,
    /// Those who wait for the last receiver to go.
    watching: Few<Waker>,
}

struct Shared<T>(Mutex<State<T>>);

/// A channel that keeps the latest value, and begins with `initial`.
///
/// A receiver that is slow misses the values in between, and never the latest. It belongs to no runtime: its ends may
/// be used under different ones.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::channel::watch;
///
/// let (sender, mut receiver) = watch("starting");
/// assert_eq!(*receiver.latest(), "starting");
///
/// sender.send("loading");
/// sender.send("ready");
/// assert_eq!(*receiver.recv_blocking().unwrap(), "ready");
/// ```
#[doc(alias("SignallingRef", "StateFlow"))]
pub fn watch<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared(Mutex::new(State {
        value: Arc::new(initial),
        version: 0,
        senders: 1,
        receivers: 1,
        sender_vanished: false,
        last_key: 0,
        waiting: Few::default(),
        watching: Few::default(),
    })));
    (
        Sender { shared: Arc::clone(&shared) },
        Receiver { shared, seen: Some(0), waiting: None, is_over: false },
    )
}

impl<T> State<T> {
    fn key(&mut self) -> Id {
        self.last_key += 1;
        self.last_key
    }
}

impl<T> Shared<T> {
    fn latest(&self) -> (Arc<T>, u64) {
        let state = self.0.lock();
        (Arc::clone(&state.value), state.version)
    }

    /// Puts a value in the place of the last, or only of the one with this version; gives the one that was there, or the
    /// new one back.
    fn put(&self, value: Arc<T>, instead_of: Option<u64>) -> Result<Arc<T>, Arc<T>> {
        let mut state = self.0.lock();
        if instead_of.is_some_and(|version| version != state.version) {
            return Err(value);
        }
        state.version += 1;
        let old = std::mem::replace(&mut state.value, value);
        let waiting: Wakes = state.waiting.take().collect();
        drop(state);
        waiting.wake();
        Ok(old)
    }

    fn statistics(&self) -> Statistics {
        let state = self.0.lock();
        Statistics {
            used: 1,
            capacity: 1,
            high_water: 1,
            senders: state.senders,
            receivers: state.receivers,
            waiting_senders: 0,
            waiting_receivers: state.waiting.len(),
        }
    }
}

/// The sending end of a [`watch`](fn@super::watch). Clones are further senders; dropping the last one closes the channel.
///
/// It is a [`ChannelSender`], and so a sink by `Pipeline::send_to`. As that it ends where nobody receives, as every
/// channel does: it gives the value back, *closed*.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes this the latest value. There is always room, so it needs no waiting and no runtime; the value is kept also
    /// where nobody receives, for those who [`subscribe`](Sender::subscribe).
    pub fn send(&self, value: T) {
        self.replace(value);
    }

    /// As [`send`](Sender::send); gives the value that was the latest before.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, _receiver) = anypipe::channel::watch(1);
    /// assert_eq!(*sender.replace(2), 1);
    /// ```
    pub fn replace(&self, value: T) -> Arc<T> {
        self.shared.put(Arc::new(value), None).unwrap_or_else(|value| value)
    }

    /// Changes the value: `change` is given a clone of the latest, which takes its place. Where another sender was
    /// quicker it is called again, with the newer value, so that no change is lost.
    ///
    /// # Panics
    ///
    /// Where `change` does; the value is as it was then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, receiver) = anypipe::channel::watch(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(*receiver.latest(), [1, 2]);
    /// ```
    pub fn send_modify(&self, mut change: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.send_if_modified(|value| {
            change(value);
            true
        });
    }

    /// As [`send_modify`](Sender::send_modify), where the change gives `true`; gives whether it did. Where it gives
    /// `false`, nothing was sent and nobody is woken.
    ///
    /// # Panics
    ///
    /// Where `change` does; the value is as it was then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, receiver) = anypipe::channel::watch(5);
    /// let raise = |to| sender.send_if_modified(|value| *value < to && { *value = to; true });
    /// assert_eq!((raise(7), raise(6)), (true, false));
    /// assert_eq!(*receiver.latest(), 7);
    /// ```
    pub fn send_if_modified(&self, mut change: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        loop {
            let (latest, version) = self.shared.latest();
            // The user's clone and change, with no lock held.
            let mut value = T::clone(&latest);
            drop(latest);
            if !change(&mut value) {
                return false;
            }
            if self.shared.put(Arc::new(value), Some(version)).is_ok() {
                return true;
            }
        }
    }

    /// The latest value.
    pub fn latest(&self) -> Arc<T> {
        self.shared.latest().0
    }

    /// A further receiver, which has seen what is the latest value now.
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.shared.0.lock();
        state.receivers += 1;
        let seen = Some(state.version);
        drop(state);
        Receiver { shared: Arc::clone(&self.shared), seen, waiting: None, is_over: false }
    }

    /// Done once nobody receives. A later [`subscribe`](Sender::subscribe) opens the channel again.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use std::task::{Context, Waker};
    ///
    /// let (sender, receiver) = anypipe::channel::watch(1);
    /// let mut closed = Box::pin(sender.closed());
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(closed.as_mut().poll(&mut cx).is_pending());
    /// drop(receiver);
    /// assert!(closed.as_mut().poll(&mut cx).is_ready());
    /// ```
    pub async fn closed(&self) {
        let mut watch = Watch { shared: &self.shared, key: None };
        poll_fn(|cx| watch.poll(cx)).await;
    }

    /// True while nobody receives.
    pub fn is_closed(&self) -> bool {
        self.shared.0.lock().receivers == 0
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.0.lock().senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.0.lock();
        state.sender_vanished |= is_breaking();
        state.senders -= 1;
        if state.senders > 0 {
            return;
        }
        let waiting: Wakes = state.waiting.take().collect();
        drop(state);
        waiting.wake();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.statistics()).finish()
    }
}

/// The wait of [`Sender::closed`].
struct Watch<'a, T> {
    shared: &'a Shared<T>,
    /// The key of the wait, once there is one.
    key: Option<Id>,
}

impl<T> Watch<'_, T> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.0.lock();
        if state.receivers == 0 {
            return Poll::Ready(());
        }
        let key = *self.key.get_or_insert_with(|| state.key());
        let old = state.watching.insert(key, cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let old = self.shared.0.lock().watching.remove(key);
            drop(old);
        }
    }
}

/// The receiving end of a [`watch`](fn@super::watch): it knows which value it has seen.
///
/// A clone is a further receiver that has seen as much. It is a [`Stream`] of the values to come,
/// of which it may miss some and never the latest, and a source by `Pipeline::from_channel`; by
/// [`unseen`](Receiver::unseen) they begin with the one that is there.
#[must_use = "a receiver does nothing unless it is asked"]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that was seen; `None` where none was.
    seen: Option<u64>,
    /// The key of the wait.
    waiting: Option<Id>,
    /// Set once the stream has told that a sender vanished.
    is_over: bool,
}

impl<T> Receiver<T> {
    /// The latest value, whether or not it was seen; it stays as unseen as it was.
    pub fn latest(&self) -> Arc<T> {
        self.shared.latest().0
    }

    /// True where the latest value was not seen here.
    pub fn has_changed(&self) -> bool {
        self.seen != Some(self.shared.0.lock().version)
    }

    /// The same receiver with nothing seen: what is the latest value now is the first it gives.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (_sender, mut receiver) = anypipe::channel::watch(1);
    /// assert!(receiver.try_recv().unwrap_err().is_empty());
    /// let mut receiver = receiver.unseen();
    /// assert_eq!(*receiver.try_recv().unwrap(), 1);
    /// ```
    pub fn unseen(mut self) -> Self {
        self.seen = None;
        self
    }

    /// Receives the latest value, waiting for one that was not seen here.
    ///
    /// # Errors
    ///
    /// Where the last sender went, or one vanished, after the last value was seen. A task that was cancelled, and is about
    /// to be dropped, waits instead.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has seen nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// # use std::task::{Context, Poll, Waker};
    /// use std::sync::Arc;
    ///
    /// let (sender, mut receiver) = anypipe::channel::watch(1);
    /// sender.send(2);
    /// let mut received = Box::pin(receiver.recv());
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(received.as_mut().poll(&mut cx), Poll::Ready(Ok(Arc::new(2))));
    /// ```
    pub async fn recv(&mut self) -> Result<Arc<T>, RecvError> {
        let wait = Wait(self);
        poll_fn(|cx| wait.0.poll_recv(cx)).await
    }

    /// Waits for a value that was not seen here, and sees it: look at it by [`latest`](Receiver::latest).
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has seen nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::watch;
    ///
    /// async fn follow(mut level: watch::Receiver<u64>) {
    ///     while level.changed().await.is_ok() {
    ///         println!("now it is {}", level.latest());
    ///     }
    /// }
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        self.recv().await.map(drop)
    }

    /// Waits until the latest value is as it is asked for, and sees it; at once where it is, seen or not.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has seen the values that were not as asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// # use std::task::{Context, Poll, Waker};
    /// use std::sync::Arc;
    ///
    /// let (sender, mut receiver) = anypipe::channel::watch(1);
    /// let mut large = Box::pin(receiver.wait_for(|value| *value > 5));
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// assert!(large.as_mut().poll(&mut cx).is_pending());
    /// sender.send(4);
    /// assert!(large.as_mut().poll(&mut cx).is_pending());
    /// sender.send(6);
    /// assert_eq!(large.as_mut().poll(&mut cx), Poll::Ready(Ok(Arc::new(6))));
    /// ```
    pub async fn wait_for(&mut self, mut is_so: impl FnMut(&T) -> bool) -> Result<Arc<T>, RecvError> {
        let (mut value, version) = self.shared.latest();
        self.seen = Some(version);
        while !is_so(&value) {
            value = self.recv().await?;
        }
        Ok(value)
    }

    /// Receives the latest value if it was not seen here.
    ///
    /// # Errors
    ///
    /// Where it was, and as [`recv`](Receiver::recv).
    pub fn try_recv(&mut self) -> Result<Arc<T>, TryRecvError> {
        let state = self.shared.0.lock();
        if self.seen != Some(state.version) {
            self.seen = Some(state.version);
            return Ok(Arc::clone(&state.value));
        }
        Err(match (state.senders, state.sender_vanished) {
            (0, false) => TryRecvError::Closed,
            (0, true) => TryRecvError::Broken,
            _ => TryRecvError::Empty,
        })
    }

    /// Receives the latest value on a plain thread, which is parked until there is one that was not seen here:
    /// [`recv`](Receiver::recv) without a runtime.
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
    pub fn recv_blocking(&mut self) -> Result<Arc<T>, RecvError> {
        wait("recv_blocking", "recv", self.recv())
    }

    /// As [`recv_blocking`](Receiver::recv_blocking), for no longer than `limit` by the thread's own clock. A limit
    /// of zero tries once.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv), and [`Empty`](TryRecvError::Empty) where no other value came in time.
    ///
    /// # Panics
    ///
    /// As [`recv_blocking`](Receiver::recv_blocking).
    #[track_caller]
    pub fn recv_blocking_within(&mut self, limit: Duration) -> Result<Arc<T>, TryRecvError> {
        let received = wait_within("recv_blocking_within", "recv", limit, pin!(self.recv()));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// As [`wait_for`](Receiver::wait_for), on a plain thread, which is parked meanwhile.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    ///
    /// # Panics
    ///
    /// As [`recv_blocking`](Receiver::recv_blocking).
    #[track_caller]
    pub fn wait_for_blocking(&mut self, is_so: impl FnMut(&T) -> bool) -> Result<Arc<T>, RecvError> {
        wait("wait_for_blocking", "wait_for", self.wait_for(is_so))
    }

    /// Polls for a value: [`recv`](Receiver::recv) for those who write their own futures.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arc<T>, RecvError>> {
        let mut state = self.shared.0.lock();
        if self.seen != Some(state.version) {
            self.seen = Some(state.version);
            let value = Arc::clone(&state.value);
            let old = self.waiting.take().and_then(|key| state.waiting.remove(key));
            drop(state);
            drop(old);
            return Poll::Ready(Ok(value));
        }
        if state.senders == 0 {
            return RecvError::at_end(state.sender_vanished).told();
        }
        let key = *self.waiting.get_or_insert_with(|| state.key());
        let old = state.waiting.insert(key, cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }

    /// Waits no more.
    fn unwait(&mut self) {
        if let Some(key) = self.waiting.take() {
            let old = self.shared.0.lock().waiting.remove(key);
            drop(old);
        }
    }
}

/// A wait of a receiver, which leaves nothing behind.
struct Wait<'a, T>(&'a mut Receiver<T>);

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        self.0.unwait();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.0.lock().receivers += 1;
        Self { shared: Arc::clone(&self.shared), seen: self.seen, waiting: None, is_over: false }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.unwait();
        let mut state = self.shared.0.lock();
        state.receivers -= 1;
        if state.receivers > 0 {
            return;
        }
        let watching: Wakes = state.watching.take().collect();
        drop(state);
        watching.wake();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.statistics()).finish()
    }
}

impl<T> Stream for Receiver<T> {
    type Item = Result<Arc<T>, RecvError>;

    /// `None` is the end of input. A vanished sender is an item of its own, so that the end can't be
    /// mistaken; the end follows.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.poll_recv(cx).map(|received| match received {
            Ok(value) => Some(Ok(value)),
            Err(RecvError::Closed) => None,
            Err(broken @ RecvError::Broken) => {
                self.is_over = true;
                Some(Err(broken))
            }
        })
    }
}

impl<T: Send + Sync + 'static> ChannelReceiver<Arc<T>> for Receiver<T> {
    async fn recv(&mut self) -> Result<Arc<T>, RecvError> {
        Receiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<Arc<T>, TryRecvError> {
        Receiver::try_recv(self)
    }
}

impl<T: Send + Sync + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, value: T) -> Result<(), SendError<T>> {
        match ChannelSender::try_send(self, value) {
            Err(TrySendError::Closed(value)) => {
                // What its cancel has cut off a task must not see.
                poll_fn(|_| if is_cut_off() { Poll::Pending } else { Poll::Ready(()) }).await;
                Err(SendError::Closed(value))
            }
            _ => Ok(()),
        }
    }

    fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>> {
        if self.is_closed() {
            return Err(TrySendError::Closed(value));
        }
        Sender::send(self, value);
        Ok(())
    }

    async fn closed(&mut self) {
        Sender::closed(self).await;
    }
}
