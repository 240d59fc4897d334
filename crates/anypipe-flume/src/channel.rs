//! The ends of flume channels as sources and sinks.
//!
//! A native channel can't tell *closed* from *broken*: a sender that vanished with its task looks
//! like the end of input, and a short input like a complete one. It also keeps what is queued after
//! its last receiver went, until the last sender goes. Where either matters, use anypipe's own
//! channel.

use std::fmt;
use std::time::Duration;

use anypipe_core::channel::{
    ChannelReceiver, ChannelSender, RecvError, SendError, TryRecvError, TrySendError,
};

use crate::nap::nap;

/// How late the last receiver's end may be seen.
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// The sending end of a flume channel, as anypipe knows it.
///
/// It has no way to be told that the last receiver went: [`closed`](ChannelSender::closed) looks now
/// and then, at most 16 ms late, by the clock of the run that it is in (and it panics where that has
/// no timer). A pending `send` ends at once.
///
/// A receiver takes the item of a pending `send` out of the sender's hands: one that is dropped
/// after that, and before it was polled again, has sent.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_flume as flume; } }
/// use anypipe::channel::{ChannelSender, flume::sender};
///
/// let (tx, rx) = flume::bounded(1);
/// let mut tx = sender(tx);
/// tx.try_send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Sender<T>(flume::Sender<T>);

/// The receiving end of a flume channel, as anypipe knows it. Its end is always *closed*: a sender
/// that vanished can't be told from one that ended.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_flume as flume; } }
/// use anypipe::channel::{ChannelReceiver, flume::receiver};
///
/// let (tx, rx) = flume::bounded(1);
/// let mut rx = receiver(rx);
/// tx.try_send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Receiver<T>(flume::Receiver<T>);

/// A flume sender as a [`ChannelSender`].
///
/// # Examples
///
/// See [`Sender`].
pub fn sender<T>(tx: flume::Sender<T>) -> Sender<T> {
    tx.into()
}

/// A flume receiver as a [`ChannelReceiver`].
///
/// # Examples
///
/// See [`Receiver`].
pub fn receiver<T>(rx: flume::Receiver<T>) -> Receiver<T> {
    rx.into()
}

impl<T: Send + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        self.0.send_async(item).await.map_err(|error| SendError::Closed(error.0))
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item).map_err(|error| match error {
            flume::TrySendError::Full(item) => TrySendError::Full(item),
            flume::TrySendError::Disconnected(item) => TrySendError::Closed(item),
        })
    }

    async fn closed(&mut self) {
        // The channel tells only those who wait for room or for an item.
        let mut pause = Duration::from_millis(1);
        while !self.0.is_disconnected() {
            nap(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.recv_async().await.map_err(|_| RecvError::Closed)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            flume::TryRecvError::Empty => TryRecvError::Empty,
            flume::TryRecvError::Disconnected => TryRecvError::Closed,
        })
    }
}

impl<T> Sender<T> {
    /// Flume's own end.
    pub fn into_inner(self) -> flume::Sender<T> {
        self.0
    }
}

impl<T> Receiver<T> {
    /// Flume's own end.
    pub fn into_inner(self) -> flume::Receiver<T> {
        self.0
    }
}

impl<T> From<flume::Sender<T>> for Sender<T> {
    fn from(tx: flume::Sender<T>) -> Self {
        Self(tx)
    }
}

impl<T> From<flume::Receiver<T>> for Receiver<T> {
    fn from(rx: flume::Receiver<T>) -> Self {
        Self(rx)
    }
}

// No bound on `T`: an end can be cloned and told whatever the item is.
impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
