//! The ends of `smol::channel` as sources and sinks.
//!
//! A native channel can't tell *closed* from *broken*: a sender that vanished with its task looks
//! like the end of input, and a short input like a complete one. It also keeps what is queued after
//! its last receiver went, until the last sender goes. Where either matters, use anypipe's own
//! channel.

use std::fmt;

use anypipe_core::channel::{
    ChannelReceiver, ChannelSender, RecvError, SendError, TryRecvError, TrySendError,
};

/// The sending end of a smol channel, as anypipe knows it.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_smol as smol; } }
/// use anypipe::channel::{ChannelSender, smol::sender};
///
/// let (tx, rx) = smol::channel::bounded(1);
/// let mut tx = sender(tx);
/// tx.try_send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Sender<T>(async_channel::Sender<T>);

/// The receiving end of a smol channel, as anypipe knows it. Its end is always *closed*: a sender
/// that vanished can't be told from one that ended.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_smol as smol; } }
/// use anypipe::channel::{ChannelReceiver, smol::receiver};
///
/// let (tx, rx) = smol::channel::bounded(1);
/// let mut rx = receiver(rx);
/// tx.try_send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Receiver<T>(async_channel::Receiver<T>);

/// A smol sender as a [`ChannelSender`].
///
/// # Examples
///
/// See [`Sender`].
pub fn sender<T>(tx: async_channel::Sender<T>) -> Sender<T> {
    tx.into()
}

/// A smol receiver as a [`ChannelReceiver`].
///
/// # Examples
///
/// See [`Receiver`].
pub fn receiver<T>(rx: async_channel::Receiver<T>) -> Receiver<T> {
    rx.into()
}

impl<T: Send + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item).await.map_err(|error| SendError::Closed(error.0))
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item).map_err(|error| match error {
            async_channel::TrySendError::Full(item) => TrySendError::Full(item),
            async_channel::TrySendError::Closed(item) => TrySendError::Closed(item),
        })
    }

    async fn closed(&mut self) {
        self.0.closed().await;
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.recv().await.map_err(|_| RecvError::Closed)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            async_channel::TryRecvError::Empty => TryRecvError::Empty,
            async_channel::TryRecvError::Closed => TryRecvError::Closed,
        })
    }
}

impl<T> Sender<T> {
    /// Smol's own end.
    pub fn into_inner(self) -> async_channel::Sender<T> {
        self.0
    }
}

impl<T> Receiver<T> {
    /// Smol's own end.
    pub fn into_inner(self) -> async_channel::Receiver<T> {
        self.0
    }
}

impl<T> From<async_channel::Sender<T>> for Sender<T> {
    fn from(tx: async_channel::Sender<T>) -> Self {
        Self(tx)
    }
}

impl<T> From<async_channel::Receiver<T>> for Receiver<T> {
    fn from(rx: async_channel::Receiver<T>) -> Self {
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
