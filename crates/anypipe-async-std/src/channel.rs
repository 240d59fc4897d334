//! The ends of `async_std::channel` as sources and sinks.
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
use async_io::Timer;

/// How late the last receiver's end may be seen.
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// The sending end of an async-std channel, as anypipe knows it.
///
/// It has no way to be told that the last receiver went: [`closed`](ChannelSender::closed) looks now
/// and then, at most 16 ms late. A pending `send` ends at once.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_async_std as async_std; } }
/// use anypipe::channel::{ChannelSender, async_std::sender};
///
/// let (tx, rx) = async_std::channel::bounded(1);
/// let mut tx = sender(tx);
/// tx.try_send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Sender<T>(async_std::channel::Sender<T>);

/// The receiving end of an async-std channel, as anypipe knows it. Its end is always *closed*: a sender
/// that vanished can't be told from one that ended.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_async_std as async_std; } }
/// use anypipe::channel::{ChannelReceiver, async_std::receiver};
///
/// let (tx, rx) = async_std::channel::bounded(1);
/// let mut rx = receiver(rx);
/// tx.try_send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Receiver<T>(async_std::channel::Receiver<T>);

/// An async-std sender as a [`ChannelSender`].
///
/// # Examples
///
/// See [`Sender`].
pub fn sender<T>(tx: async_std::channel::Sender<T>) -> Sender<T> {
    tx.into()
}

/// An async-std receiver as a [`ChannelReceiver`].
///
/// # Examples
///
/// See [`Receiver`].
pub fn receiver<T>(rx: async_std::channel::Receiver<T>) -> Receiver<T> {
    rx.into()
}

impl<T: Send + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item).await.map_err(|error| SendError::Closed(error.0))
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item).map_err(|error| match error {
            async_std::channel::TrySendError::Full(item) => TrySendError::Full(item),
            async_std::channel::TrySendError::Closed(item) => TrySendError::Closed(item),
        })
    }

    async fn closed(&mut self) {
        // The channel tells only those who wait for room or for an item.
        let mut pause = Duration::from_millis(1);
        while !self.0.is_closed() {
            Timer::after(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.recv().await.map_err(|_| RecvError::Closed)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            async_std::channel::TryRecvError::Empty => TryRecvError::Empty,
            async_std::channel::TryRecvError::Closed => TryRecvError::Closed,
        })
    }
}

impl<T> Sender<T> {
    /// Async-std's own end.
    pub fn into_inner(self) -> async_std::channel::Sender<T> {
        self.0
    }
}

impl<T> Receiver<T> {
    /// Async-std's own end.
    pub fn into_inner(self) -> async_std::channel::Receiver<T> {
        self.0
    }
}

impl<T> From<async_std::channel::Sender<T>> for Sender<T> {
    fn from(tx: async_std::channel::Sender<T>) -> Self {
        Self(tx)
    }
}

impl<T> From<async_std::channel::Receiver<T>> for Receiver<T> {
    fn from(rx: async_std::channel::Receiver<T>) -> Self {
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
