//! One item, from one sender to one receiver; made by [`oneshot`](fn@super::oneshot).

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::thread::{wait, wait_within};
use super::{ChannelReceiver, RecvError, SendError, Statistics, TryRecvError};
use crate::scope::{Place, Waiters, Wakes, is_breaking, replace_waker};
use crate::sync::Mutex;

/// How an end went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
    Broken,
}

impl End {
    /// How one that goes now has gone.
    fn now() -> Self {
        if is_breaking() { Self::Broken } else { Self::Closed }
    }
}

/// The state behind both ends.
struct State<T> {
    /// What was sent and not received.
    item: Option<T>,
    /// Set once something was sent.
    was_sent: bool,
    sender: End,
    receiver: End,
    /// The receiver, where it waits.
    receiving: Option<Waker>,
    /// Those who wait for the receiver to go; mostly there are none.
    watching: Option<Box<Waiters>>,
}

struct Shared<T>(Mutex<State<T>>);

/// A channel for one item.
///
/// It belongs to no runtime: the two ends may be used under different ones.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::channel::{RecvError, oneshot};
///
/// let (sender, mut receiver) = oneshot();
/// sender.send("answer").unwrap();
/// assert_eq!(receiver.try_recv(), Ok("answer"));
///
/// // A sender that goes without sending is told of.
/// let (sender, receiver) = oneshot::<u8>();
/// drop(sender);
/// assert_eq!(receiver.recv_blocking(), Err(RecvError::Closed));
/// ```
#[doc(alias("Future"))]
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared(Mutex::new(State {
        item: None,
        was_sent: false,
        sender: End::Open,
        receiver: End::Open,
        receiving: None,
        watching: None,
    })));
    (Sender { shared: Some(Arc::clone(&shared)) }, Receiver { shared, is_over: false })
}

impl<T> Shared<T> {
    fn statistics(&self) -> Statistics {
        let state = self.0.lock();
        Statistics {
            used: usize::from(state.item.is_some()),
            capacity: 1,
            high_water: usize::from(state.was_sent),
            senders: usize::from(state.sender == End::Open),
            receivers: usize::from(state.receiver == End::Open),
            waiting_senders: 0,
            waiting_receivers: usize::from(state.receiving.is_some()),
        }
    }
}

/// The sending end of a [`oneshot`](fn@super::oneshot). Dropping it without sending *closes* the channel, or
/// *breaks* it where its task panics or is cut off.
pub struct Sender<T> {
    /// `None` once it has sent.
    shared: Option<Arc<Shared<T>>>,
}

impl<T> Sender<T> {
    /// Sends the item. There is always room, so it needs no waiting, and no runtime.
    ///
    /// # Errors
    ///
    /// Where the receiver went or vanished; the item comes back.
    pub fn send(mut self, item: T) -> Result<(), SendError<T>> {
        let shared = self.shared.take().expect("it is there until it is sent");
        let mut state = shared.0.lock();
        state.sender = End::Closed;
        match state.receiver {
            End::Open => {}
            End::Closed => return Err(SendError::Closed(item)),
            End::Broken => return Err(SendError::Broken(item)),
        }
        (state.item, state.was_sent) = (Some(item), true);
        let receiving = state.receiving.take();
        drop(state);
        if let Some(receiving) = receiving {
            receiving.wake();
        }
        Ok(())
    }

    /// Done once the receiver went: nobody wants the item any more.
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
    /// let (sender, receiver) = anypipe::channel::oneshot::<u8>();
    /// let mut closed = Box::pin(sender.closed());
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert!(closed.as_mut().poll(&mut cx).is_pending());
    /// drop(receiver);
    /// assert!(closed.as_mut().poll(&mut cx).is_ready());
    /// ```
    pub async fn closed(&self) {
        let mut watch = Watch { shared: self.shared(), place: Place::default() };
        poll_fn(|cx| watch.poll(cx)).await;
    }

    /// True once the receiver went.
    pub fn is_closed(&self) -> bool {
        self.shared().0.lock().receiver != End::Open
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared().statistics()
    }

    fn shared(&self) -> &Shared<T> {
        self.shared.as_ref().expect("it is there until it is sent")
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let mut state = shared.0.lock();
        state.sender = End::now();
        let receiving = state.receiving.take();
        drop(state);
        if let Some(receiving) = receiving {
            receiving.wake();
        }
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
    /// Where it waits, once it does.
    place: Place,
}

impl<T> Watch<'_, T> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.0.lock();
        if state.receiver != End::Open {
            return Poll::Ready(());
        }
        let old = state.watching.get_or_insert_default().enter(&mut self.place, cx.waker());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if !self.place.is_none() {
            let mut state = self.shared.0.lock();
            let old = state.watching.as_mut().and_then(|watching| watching.leave(self.place));
            drop(state);
            drop(old);
        }
    }
}

/// The receiving end of a [`oneshot`](fn@super::oneshot): a future of the item.
///
/// By reference it may be awaited in parts. Asked again after it has given its item, it is *closed*. It is a
/// [`ChannelReceiver`], and so a source of one item.
///
/// # Errors
///
/// *Closed* where the sender went without sending, *broken* where it vanished. A task that was cancelled, and is
/// about to be dropped, waits instead.
///
/// # Cancel safety
///
/// Dropping it closes the channel: what was sent and not received is dropped. A reference to it that is dropped
/// while pending has taken nothing.
#[must_use = "what is sent is lost unless it is received"]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// Set once the item was received: the sender has gone then, and nothing is left.
    is_over: bool,
}

impl<T> Receiver<T> {
    /// Receives the item, waiting for it: the same as awaiting the receiver itself.
    ///
    /// # Errors
    ///
    /// As awaiting the [`Receiver`].
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing, and may be asked again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// # use std::task::{Context, Poll, Waker};
    /// let (sender, mut receiver) = anypipe::channel::oneshot();
    /// sender.send(1).unwrap();
    /// let mut received = Box::pin(receiver.recv());
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(received.as_mut().poll(&mut cx), Poll::Ready(Ok(1)));
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        let wait = Wait(self);
        poll_fn(|cx| wait.0.poll_recv(cx)).await
    }

    /// Receives the item if it is there now.
    ///
    /// # Errors
    ///
    /// Where it is not, and as awaiting the [`Receiver`].
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.shared.0.lock();
        if let Some(item) = state.item.take() {
            self.is_over = true;
            return Ok(item);
        }
        match state.sender {
            End::Open => Err(TryRecvError::Empty),
            End::Closed => Err(TryRecvError::Closed),
            End::Broken => Err(TryRecvError::Broken),
        }
    }

    /// Receives the item on a plain thread, which is parked until it comes.
    ///
    /// In a task of a runtime that anypipe doesn't know of it blocks the thread that polls the task: await the
    /// receiver there.
    ///
    /// # Errors
    ///
    /// As awaiting the [`Receiver`].
    ///
    /// # Panics
    ///
    /// In a task of anypipe, which would block a thread that others need.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, receiver) = anypipe::channel::oneshot();
    /// let thread = std::thread::spawn(move || receiver.recv_blocking());
    /// sender.send(1).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(1));
    /// ```
    #[track_caller]
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        wait("recv_blocking", "recv", self)
    }

    /// As [`recv_blocking`](Receiver::recv_blocking), for no longer than `limit` by the thread's own clock. A limit
    /// of zero tries once.
    ///
    /// # Errors
    ///
    /// As awaiting the [`Receiver`], and [`Empty`](TryRecvError::Empty) where nothing was sent in time.
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
    /// let (_sender, mut receiver) = anypipe::channel::oneshot::<u8>();
    /// assert!(receiver.recv_blocking_within(Duration::from_millis(1)).unwrap_err().is_empty());
    /// ```
    #[track_caller]
    pub fn recv_blocking_within(&mut self, limit: Duration) -> Result<T, TryRecvError> {
        let wait = Wait(self);
        let received = wait_within("recv_blocking_within", "recv", limit, Pin::new(&mut *wait.0));
        received.map_or(Err(TryRecvError::Empty), |received| received.map_err(Into::into))
    }

    /// Closes the channel, and gives what was sent and not received.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// let (sender, receiver) = anypipe::channel::oneshot();
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.into_rest(), Some(1));
    /// ```
    pub fn into_rest(self) -> Option<T> {
        let mut state = self.shared.0.lock();
        let item = state.item.take();
        drop(state);
        item
    }

    /// What the channel is doing now.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }

    fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Result<T, RecvError>> {
        // Where the sender has gone there is nobody to keep out.
        if let Some(item) = Arc::get_mut(&mut self.shared).and_then(|shared| shared.0.get_mut().item.take()) {
            self.is_over = true;
            return Poll::Ready(Ok(item));
        }
        let mut state = self.shared.0.lock();
        if let Some(item) = state.item.take() {
            self.is_over = true;
            return Poll::Ready(Ok(item));
        }
        let end = match state.sender {
            End::Open => {
                let old = replace_waker(&mut state.receiving, cx.waker());
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            End::Closed => RecvError::Closed,
            End::Broken => RecvError::Broken,
        };
        end.told()
    }
}

/// A wait on a receiver that stays: it leaves no waker behind.
struct Wait<'a, T>(&'a mut Receiver<T>);

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        let old = self.0.shared.0.lock().receiving.take();
        drop(old);
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_recv(cx)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.shared.0.lock();
        state.receiver = End::now();
        let (item, own, watching) = (state.item.take(), state.receiving.take(), state.watching.take());
        drop(state);
        if let Some(mut watching) = watching {
            let watching: Wakes = watching.take().collect();
            watching.wake();
        }
        drop(own);
        drop(item);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.statistics()).finish()
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
