use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::super::thread::{wait, wait_within};
use super::super::{ChannelSender, SendError, Statistics, TrySendError};
use super::receiver::{LossyReceiver, Receiver};
use super::ring::{Id, Item, Shared};
use super::subscriber::Subscriber;
use crate::scope::is_cut_off;

/// The sending end of a broadcast. Clones are further senders; dropping the last one closes the channel.
///
/// It is a [`ChannelSender`], and so a sink by `Pipeline::send_to`. As that it ends where nobody subscribes, as every
/// channel does whose receivers have gone: it gives the item back, *closed*.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// A subscriber that misses nothing of what is sent from now on. Where it is as many items behind as the channel
    /// keeps, the senders wait for it.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(Subscriber::new(&self.shared, true))
    }

    /// A subscriber that holds back nobody. Where it is slow it misses the oldest items, and is told
    /// [how many](super::Heard).
    pub fn subscribe_lossy(&self) -> LossyReceiver<T> {
        LossyReceiver::new(Subscriber::new(&self.shared, false))
    }

    /// Sends an item to each subscriber there is; gives how many there are. It waits for room where a subscriber that
    /// misses nothing is too far behind. Senders are served first come, first served.
    ///
    /// Without a subscriber the item is dropped at once, and the number is 0. A task that was cancelled, and is about to
    /// be dropped, waits instead.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has not sent, and the item is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::broadcast;
    ///
    /// async fn tell(to: broadcast::Sender<&'static str>) {
    ///     if to.send("news").await == 0 {
    ///         println!("nobody listens");
    ///     }
    /// }
    /// ```
    pub fn send(&self, item: T) -> SendFuture<'_, T> {
        SendFuture(Sending::new(self, item, false))
    }

    /// Sends an item if there is room now and nobody waits for it; gives how many are to hear it.
    ///
    /// # Errors
    ///
    /// Where there is no room; the item comes back.
    pub fn try_send(&self, item: T) -> Result<usize, TrySendError<T>> {
        let item = self.shared.item(item);
        let pushed = self.shared.lock().try_push(item);
        pushed.map_err(|item| TrySendError::Full(item.unheard()))
    }

    /// Waits for room and keeps it: [`Permit::send`] then needs no waiting, so no item can be lost. It is served in turn
    /// with those who send.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the permit, gives the room back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// # use std::task::{Context, Poll, Waker};
    /// let bus = anypipe::channel::broadcast(1);
    /// let mut subscriber = bus.subscribe();
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// let mut reserve = Box::pin(bus.reserve());
    /// let Poll::Ready(permit) = reserve.as_mut().poll(&mut cx) else { panic!("there is room") };
    /// assert!(bus.try_send(1).is_err(), "it is kept");
    /// assert_eq!(permit.send(2), 1);
    /// assert_eq!(subscriber.try_recv(), Ok(2));
    /// ```
    pub async fn reserve(&self) -> Permit<'_, T> {
        let mut wait = Reserving { shared: &self.shared, key: None };
        poll_fn(|cx| wait.poll(cx)).await
    }

    /// Sends an item from a plain thread, which is parked until there is room: [`send`](Sender::send) without a runtime.
    ///
    /// In a task of a runtime that anypipe doesn't know of it blocks the thread that polls the task: await
    /// [`send`](Sender::send) there.
    ///
    /// # Panics
    ///
    /// In a task of anypipe, which would block a thread that others need.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let bus = anypipe::channel::broadcast(1);
    /// let mut heard = bus.subscribe();
    /// let thread = std::thread::spawn(move || (bus.send_blocking(1), bus.send_blocking(2)));
    /// assert_eq!((heard.recv_blocking(), heard.recv_blocking()), (Ok(1), Ok(2)));
    /// assert_eq!(thread.join().unwrap(), (1, 1));
    /// ```
    #[track_caller]
    pub fn send_blocking(&self, item: T) -> usize {
        wait("send_blocking", "send", self.send(item))
    }

    /// As [`send_blocking`](Sender::send_blocking), for no longer than `limit` by the thread's own clock. A limit of
    /// zero tries once.
    ///
    /// # Errors
    ///
    /// Where there was no room in time; the item comes back.
    ///
    /// # Panics
    ///
    /// As [`send_blocking`](Sender::send_blocking).
    #[track_caller]
    pub fn send_blocking_within(&self, item: T, limit: Duration) -> Result<usize, TrySendError<T>> {
        let mut sending = self.send(item);
        match wait_within("send_blocking_within", "send", limit, Pin::new(&mut sending)) {
            Some(heard_by) => Ok(heard_by),
            None => {
                let outcome = sending.0.give_up().expect("it has waited");
                outcome.map_err(TrySendError::Full)
            }
        }
    }

    /// Done once nobody subscribes, at once where nobody has. A later subscriber opens the channel again.
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
    /// let bus = anypipe::channel::broadcast::<u8>(1);
    /// let subscriber = bus.subscribe();
    /// let mut closed = Box::pin(bus.closed());
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(closed.as_mut().poll(&mut cx).is_pending());
    /// drop(subscriber);
    /// assert!(closed.as_mut().poll(&mut cx).is_ready());
    /// ```
    pub async fn closed(&self) {
        let mut watch = Watch { shared: &self.shared, key: None };
        poll_fn(|cx| watch.poll(cx)).await;
    }

    /// True while nobody subscribes.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().subscribers == 0
    }

    /// What the channel is doing now: its receivers are its subscribers.
    pub fn statistics(&self) -> Statistics {
        self.shared.lock().statistics()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.lock().sender_gone();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.statistics()).finish()
    }
}

/// An item on its way in.
struct Sending<'a, T> {
    shared: &'a Shared<T>,
    /// The item, until it is parked or sent.
    item: Option<Item<T>>,
    /// The key of the wait, once there is one.
    key: Option<Id>,
    /// Set where the item comes back if nobody subscribes.
    to_somebody: bool,
}

impl<'a, T> Sending<'a, T> {
    fn new(sender: &'a Sender<T>, item: T, to_somebody: bool) -> Self {
        Self { shared: &sender.shared, item: Some(sender.shared.item(item)), key: None, to_somebody }
    }

    /// Sends; the item comes back where it is to be heard by somebody and nobody subscribes.
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<usize, T>> {
        let mut state = self.shared.lock();
        let is_heard = state.subscribers > 0;
        if !is_heard && is_cut_off() {
            return Poll::Pending;
        }
        if let Some(key) = self.key {
            let Some(outcome) = state.outcome(key) else {
                state.repark(key, cx.waker());
                return Poll::Pending;
            };
            self.key = None;
            return Poll::Ready(outcome.map_err(Item::unheard));
        }
        let item = self.item.take().expect("`send` was polled after it was done");
        if self.to_somebody && !is_heard {
            return Poll::Ready(Err(item.unheard()));
        }
        match state.try_push(item) {
            Ok(heard_by) => Poll::Ready(Ok(heard_by)),
            Err(item) => {
                self.key = Some(state.park(item, cx.waker().clone(), self.to_somebody));
                Poll::Pending
            }
        }
    }

    /// Ends the wait: for how many the item was where it was sent, or the item; `None` where it has not waited.
    fn give_up(&mut self) -> Option<Result<usize, T>> {
        let key = self.key.take()?;
        let outcome = self.shared.lock().unpark(key)?;
        Some(outcome.map_err(Item::unheard))
    }
}

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}

/// The wait of a [`Sender::send`]: it gives how many subscribers are to hear the item.
#[must_use = "nothing is sent unless this is awaited"]
pub struct SendFuture<'a, T>(Sending<'a, T>);

// The item is only ever moved.
impl<T> Unpin for SendFuture<'_, T> {}

impl<T> Future for SendFuture<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.0.poll(cx).map(|outcome| outcome.unwrap_or_else(|_| unreachable!("it may be heard by nobody")))
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("waiting", &self.0.key.is_some()).finish()
    }
}

/// The wait of [`Sender::reserve`].
struct Reserving<'a, T> {
    shared: &'a Shared<T>,
    /// The key of the wait, once there is one.
    key: Option<Id>,
}

impl<'a, T> Reserving<'a, T> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Permit<'a, T>> {
        let mut state = self.shared.lock();
        if state.subscribers == 0 && is_cut_off() {
            return Poll::Pending;
        }
        match self.key {
            Some(key) if state.outcome(key).is_some() => self.key = None,
            Some(key) => {
                state.repark(key, cx.waker());
                return Poll::Pending;
            }
            None if state.try_reserve() => {}
            None => {
                self.key = Some(state.park_for_room(cx.waker().clone()));
                return Poll::Pending;
            }
        }
        Poll::Ready(Permit { shared: self.shared, used: false })
    }
}

impl<T> Drop for Reserving<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let mut state = self.shared.lock();
            if state.unpark(key).is_some() {
                // It was granted, and not looked at.
                state.release();
            }
        }
    }
}

/// Room for one item, kept by [`Sender::reserve`]. Dropping it gives the room back.
#[must_use = "a permit keeps room until it is used or dropped"]
pub struct Permit<'a, T> {
    shared: &'a Shared<T>,
    /// Set once the room is filled.
    used: bool,
}

impl<T> Permit<'_, T> {
    /// Sends an item into the room that was kept; gives how many subscribers are to hear it.
    pub fn send(mut self, item: T) -> usize {
        self.used = true;
        let item = self.shared.item(item);
        self.shared.lock().fill(item)
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if !self.used {
            self.shared.lock().release();
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
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
        let mut state = self.shared.lock();
        if state.subscribers == 0 {
            return Poll::Ready(());
        }
        state.watch(&mut self.key, cx.waker());
        Poll::Pending
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.lock().unwatch(key);
        }
    }
}

impl<T: Send + Sync + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        let mut sending = Sending::new(self, item, true);
        let sent = poll_fn(|cx| sending.poll(cx)).await;
        sent.map(drop).map_err(SendError::Closed)
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        let item = self.shared.item(item);
        let mut state = self.shared.lock();
        if state.subscribers == 0 {
            return Err(TrySendError::Closed(item.unheard()));
        }
        state.try_push(item).map(drop).map_err(|item| TrySendError::Full(item.unheard()))
    }

    async fn closed(&mut self) {
        Sender::closed(self).await;
    }
}
