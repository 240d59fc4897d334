//! The sending end of the in-memory channel, and the futures it returns.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::memory::{Id, Parked, Shared, State};
use super::thread::{wait, wait_within};
use super::{ChannelSender, SendError, Statistics, TrySendError};
use crate::runtime::WaitsFor;
use crate::scope::{goes_with, is_cut_off, note_wait, with_output};
use crate::sync::atomic::{AtomicBool, Ordering};

/// The sending end of the in-memory channel. Clones are further senders.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
    /// What those who wait on this handle name it by.
    handle: Id,
    /// Set when this handle was closed by hand.
    closed: AtomicBool,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let handle = shared.lock().key();
        Self { shared, handle, closed: AtomicBool::new(false) }
    }

    fn parked(&self, cx: &Context<'_>) -> Parked {
        Parked { handle: self.handle, waker: cx.waker().clone() }
    }

    /// Sends an item, waiting for room. Senders are served first come, first served.
    ///
    /// # Errors
    ///
    /// Where the last receiver went or vanished, or this sender was closed; the item comes back. A task that was
    /// cancelled, and is about to be dropped, waits instead.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has not sent, and the item is dropped with it. Where none may be
    /// lost, [`reserve`](Sender::reserve) the room first.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::Sender;
    ///
    /// async fn count(to: Sender<u64>) {
    ///     for n in 0.. {
    ///         if to.send(n).await.is_err() {
    ///             return; // nobody takes any more
    ///         }
    ///     }
    /// }
    /// ```
    pub fn send(&self, item: T) -> SendFuture<'_, T> {
        SendFuture { sender: self, item: Some(item), key: None }
    }

    /// Sends items one after the other, as many at a time as there is room for.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send); the items that were not sent come back, in order.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has sent some of the items, and those it has not are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::{SendError, Sender};
    ///
    /// async fn store(rows: Vec<u64>, to: Sender<u64>) -> Result<(), SendError<Vec<u64>>> {
    ///     to.send_many(rows).await
    /// }
    /// ```
    pub async fn send_many(&self, items: impl IntoIterator<Item = T>) -> Result<(), SendError<Vec<T>>> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            if let Err(error) = self.send(item).await {
                let broken = error.is_broken();
                let rest = std::iter::once(error.into_inner()).chain(items).collect();
                return Err(if broken { SendError::Broken(rest) } else { SendError::Closed(rest) });
            }
        }
        Ok(())
    }

    /// Sends an item if there is room now and nobody waits for it.
    ///
    /// # Errors
    ///
    /// Where there is no room, and where the other side is gone; the item comes back.
    #[doc(alias("send_nowait"))]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut state = self.shared.lock();
        match self.gone(&state) {
            Some(gone) => Err(gone.with(item).into()),
            None => state.push(item).map_err(TrySendError::Full),
        }
    }

    /// Sends an item from a plain thread, which is parked until there is room: [`send`](Sender::send) without a
    /// runtime. It takes its turn among those who await.
    ///
    /// In a task of a runtime that anypipe doesn't know of it blocks the thread that polls the task: await
    /// [`send`](Sender::send) there.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send).
    ///
    /// # Panics
    ///
    /// In a task of anypipe, which would block a thread that others need.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::rendezvous;
    ///
    /// let (sender, receiver) = rendezvous();
    /// let thread = std::thread::spawn(move || sender.send_blocking("from a thread"));
    /// assert_eq!(receiver.recv_blocking(), Ok("from a thread"));
    /// assert_eq!(thread.join().unwrap(), Ok(()));
    /// ```
    #[doc(alias("blocking_send"))]
    #[track_caller]
    pub fn send_blocking(&self, item: T) -> Result<(), SendError<T>> {
        wait("send_blocking", "send", self.send(item))
    }

    /// As [`send_blocking`](Sender::send_blocking), for no longer than `limit` by the thread's own clock. A limit of
    /// zero tries once.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send), and [`Full`](TrySendError::Full) where there was no room in time.
    ///
    /// # Panics
    ///
    /// As [`send_blocking`](Sender::send_blocking).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use std::time::Duration;
    ///
    /// let (sender, _receiver) = anypipe::channel::rendezvous();
    /// assert!(sender.send_blocking_within(1, Duration::from_millis(1)).unwrap_err().is_full());
    /// ```
    #[doc(alias("send_timeout"))]
    #[track_caller]
    pub fn send_blocking_within(&self, item: T, limit: Duration) -> Result<(), TrySendError<T>> {
        let mut send = self.send(item);
        match wait_within("send_blocking_within", "send", limit, Pin::new(&mut send)) {
            Some(outcome) => outcome.map_err(Into::into),
            None => send.give_up().map_or(Ok(()), |item| Err(TrySendError::Full(item))),
        }
    }

    /// Waits for room and keeps it: [`Permit::send`] then needs no waiting, so no item can be lost.
    ///
    /// # Errors
    ///
    /// As [`send`](Sender::send).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future, or the permit, gives the room back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::Sender;
    ///
    /// /// Takes a job only when there is room for what comes of it.
    /// async fn work(jobs: &mut Vec<u64>, to: Sender<u64>) {
    ///     while let Ok(room) = to.reserve().await {
    ///         let Some(job) = jobs.pop() else { return };
    ///         let _gone = room.send(job * 2);
    ///     }
    /// }
    /// ```
    #[doc(alias("try_reserve"))]
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        let mut wait = Reserving { sender: self, key: None };
        poll_fn(|cx| wait.poll(cx)).await
    }

    /// Done once the last receiver went, or this sender was closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::channel::Sender;
    ///
    /// async fn until_nobody_listens(to: Sender<u64>) {
    ///     to.closed().await;
    /// }
    /// ```
    pub async fn closed(&self) {
        let mut watch = Watch { sender: self, key: None };
        poll_fn(|cx| watch.poll(cx)).await;
    }

    /// True once nothing can be sent here any more.
    pub fn is_closed(&self) -> bool {
        self.gone(&self.shared.lock()).is_some()
    }

    /// Closes this sender, as dropping it would. Whoever waits on it to send gets the item back; what was
    /// sent before stays sent, and other senders stay open.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.shared.sender_closed(self.handle);
        }
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared.lock().statistics()
    }

    /// Polls the task that this channel is the output of, which is dropped once the last receiver has gone: its
    /// author watches [`closed`](Sender::closed).
    ///
    /// A send that is awaited in it never fails for want of a receiver: it waits, to be dropped with the task.
    /// Whether the task is being polled just when its receiver goes is a matter of the schedule, and a program
    /// must not do one thing on one runtime and another on the next.
    pub fn poll_task<R>(&self, poll: impl FnOnce() -> R) -> R {
        with_output(self.id(), poll)
    }

    /// Tells this channel from others.
    fn id(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// True where a send that finds no receiver is to wait, since its task is about to be dropped.
    fn waits_for_drop(&self) -> bool {
        !self.closed.load(Ordering::SeqCst) && (is_cut_off() || goes_with(self.id()))
    }

    fn gone(&self, state: &State<T>) -> Option<Gone> {
        if self.closed.load(Ordering::SeqCst) {
            return Some(Gone::Closed);
        }
        (state.receivers == 0).then_some(if state.receiver_vanished { Gone::Broken } else { Gone::Closed })
    }
}

/// How the other side went.
enum Gone {
    Closed,
    Broken,
}

impl Gone {
    fn with<T>(self, item: T) -> SendError<T> {
        match self {
            Self::Closed => SendError::Closed(item),
            Self::Broken => SendError::Broken(item),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Looked at under the lock: a handle that is closed meanwhile brings no sender back.
        let mut state = self.shared.lock();
        let closed = self.closed.load(Ordering::SeqCst);
        state.senders += usize::from(!closed);
        let handle = state.key();
        drop(state);
        Self { shared: Arc::clone(&self.shared), handle, closed: AtomicBool::new(closed) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.shared.sender_gone();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.statistics()).finish()
    }
}

/// The wait of a [`Sender::send`].
#[must_use = "nothing is sent unless this is awaited"]
pub struct SendFuture<'a, T> {
    sender: &'a Sender<T>,
    /// The item, until it is parked or sent.
    item: Option<T>,
    /// The key of the wait, once there is one.
    key: Option<Id>,
}

// The item is only ever moved.
impl<T> Unpin for SendFuture<'_, T> {}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.poll_send(cx);
        if polled.is_pending() {
            note_wait(WaitsFor::Room);
        }
        polled
    }
}

impl<T> SendFuture<'_, T> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let this = self;
        let mut state = this.sender.shared.lock();
        if let Some(key) = this.key {
            if state.was_granted(key) {
                this.key = None;
                return Poll::Ready(Ok(()));
            }
            let Some(gone) = this.sender.gone(&state) else {
                state.rewake_sender(key, cx.waker());
                return Poll::Pending;
            };
            if this.sender.waits_for_drop() {
                return Poll::Pending;
            }
            this.key = None;
            let item = state.unpark_sender(key).expect("a parked item stays until it is taken");
            return Poll::Ready(Err(gone.with(item)));
        }
        let item = this.item.take().expect("`send` was polled after it was done");
        if let Some(gone) = this.sender.gone(&state) {
            if this.sender.waits_for_drop() {
                this.item = Some(item);
                return Poll::Pending;
            }
            return Poll::Ready(Err(gone.with(item)));
        }
        match state.push(item) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(item) => {
                let key = state.key();
                this.key = Some(key);
                state.park_sender(key, Some(item), this.sender.parked(cx));
                Poll::Pending
            }
        }
    }
}

impl<T> SendFuture<'_, T> {
    /// Ends the wait; the item comes back unless it was sent.
    fn give_up(&mut self) -> Option<T> {
        let key = self.key.take()?;
        let mut state = self.sender.shared.lock();
        if state.was_granted(key) { None } else { state.unpark_sender(key) }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("waiting", &self.key.is_some()).finish()
    }
}

/// The wait of a [`Sender::reserve`].
struct Reserving<'a, T> {
    sender: &'a Sender<T>,
    key: Option<Id>,
}

impl<'a, T> Reserving<'a, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Permit<'a, T>, SendError<()>>> {
        let mut state = self.sender.shared.lock();
        if let Some(key) = self.key {
            if state.was_granted(key) {
                self.key = None;
                return Poll::Ready(Ok(Permit { sender: self.sender, used: false }));
            }
        }
        if let Some(gone) = self.sender.gone(&state) {
            if self.sender.waits_for_drop() {
                return Poll::Pending;
            }
            if let Some(key) = self.key.take() {
                state.unpark_sender(key);
            }
            return Poll::Ready(Err(gone.with(())));
        }
        if let Some(key) = self.key {
            state.rewake_sender(key, cx.waker());
            drop(state);
            note_wait(WaitsFor::Room);
            return Poll::Pending;
        }
        if state.reserve() {
            return Poll::Ready(Ok(Permit { sender: self.sender, used: false }));
        }
        let key = state.key();
        self.key = Some(key);
        state.park_sender(key, None, self.sender.parked(cx));
        drop(state);
        note_wait(WaitsFor::Room);
        Poll::Pending
    }
}

impl<T> Drop for Reserving<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let mut state = self.sender.shared.lock();
            if state.was_granted(key) {
                state.release();
            } else {
                state.unpark_sender(key);
            }
        }
    }
}

/// Room for one item, kept by [`Sender::reserve`]. Dropping it gives the room back.
#[must_use = "a permit keeps room until it is used or dropped"]
pub struct Permit<'a, T> {
    sender: &'a Sender<T>,
    /// Set once the room is filled.
    used: bool,
}

impl<T> Permit<'_, T> {
    /// Sends an item into the room that was kept.
    ///
    /// # Errors
    ///
    /// Where the last receiver went in between; the item comes back.
    pub fn send(mut self, item: T) -> Result<(), SendError<T>> {
        let mut state = self.sender.shared.lock();
        if let Some(gone) = self.sender.gone(&state) {
            return Err(gone.with(item));
        }
        state.fill(item);
        self.used = true;
        Ok(())
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if !self.used {
            self.sender.shared.lock().release();
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
    sender: &'a Sender<T>,
    key: Option<Id>,
}

impl<T> Watch<'_, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.sender.shared.lock();
        if self.sender.gone(&state).is_some() {
            return Poll::Ready(());
        }
        let key = *self.key.get_or_insert_with(|| state.key());
        if !state.is_watched(key, cx.waker()) {
            state.watch(key, self.sender.parked(cx));
        }
        Poll::Pending
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.sender.shared.lock().unwatch(key);
        }
    }
}

impl<T: Send + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        Sender::send(self, item).await
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        Sender::try_send(self, item)
    }

    async fn closed(&mut self) {
        Sender::closed(self).await;
    }
}
