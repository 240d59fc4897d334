//! The ends of `tokio::sync::mpsc` channels as sources and sinks.
//!
//! A native channel can't tell *closed* from *broken*: a sender that vanished with its task looks
//! like the end of input, and a short input like a complete one. Where that matters, use anypipe's
//! own channel.

use std::fmt;

use anypipe_core::channel::{
    ChannelReceiver, ChannelSender, RecvError, SendError, TryRecvError, TrySendError,
};
use tokio::sync::mpsc;

/// The sending end of a bounded tokio channel, as anypipe knows it.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_tokio as tokio; } }
/// use anypipe::channel::{ChannelSender, tokio::sender};
///
/// let (tx, mut rx) = tokio::sync::mpsc::channel(1);
/// let mut tx = sender(tx);
/// tx.try_send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Sender<T>(mpsc::Sender<T>);

/// The receiving end of a bounded tokio channel, as anypipe knows it. Its end is always *closed*:
/// a sender that vanished can't be told from one that ended.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_tokio as tokio; } }
/// use anypipe::channel::{ChannelReceiver, tokio::receiver};
///
/// let (tx, rx) = tokio::sync::mpsc::channel(1);
/// let mut rx = receiver(rx);
/// tx.try_send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct Receiver<T>(mpsc::Receiver<T>);

/// The receiving end of an unbounded tokio channel, as anypipe knows it; see [`Receiver`].
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod channel { pub use anypipe_core::channel::*; pub use anypipe_tokio as tokio; } }
/// use anypipe::channel::{ChannelReceiver, tokio::unbounded_receiver};
///
/// let (tx, rx) = tokio::sync::mpsc::unbounded_channel();
/// let mut rx = unbounded_receiver(rx);
/// tx.send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct UnboundedReceiver<T>(mpsc::UnboundedReceiver<T>);

/// A tokio sender as a [`ChannelSender`].
///
/// # Examples
///
/// See [`Sender`].
pub fn sender<T>(tx: mpsc::Sender<T>) -> Sender<T> {
    tx.into()
}

/// A tokio receiver as a [`ChannelReceiver`].
///
/// # Examples
///
/// See [`Receiver`].
pub fn receiver<T>(rx: mpsc::Receiver<T>) -> Receiver<T> {
    rx.into()
}

/// A tokio receiver without a bound as a [`ChannelReceiver`].
///
/// # Examples
///
/// See [`UnboundedReceiver`].
pub fn unbounded_receiver<T>(rx: mpsc::UnboundedReceiver<T>) -> UnboundedReceiver<T> {
    rx.into()
}

impl<T: Send + 'static> ChannelSender<T> for Sender<T> {
    async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item).await.map_err(|error| SendError::Closed(error.0))
    }

    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item).map_err(|error| match error {
            mpsc::error::TrySendError::Full(item) => TrySendError::Full(item),
            mpsc::error::TrySendError::Closed(item) => TrySendError::Closed(item),
        })
    }

    async fn closed(&mut self) {
        self.0.closed().await;
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for Receiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.recv().await.ok_or(RecvError::Closed)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(none)
    }
}

impl<T: Send + 'static> ChannelReceiver<T> for UnboundedReceiver<T> {
    async fn recv(&mut self) -> Result<T, RecvError> {
        self.0.recv().await.ok_or(RecvError::Closed)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(none)
    }
}

fn none(error: mpsc::error::TryRecvError) -> TryRecvError {
    match error {
        mpsc::error::TryRecvError::Empty => TryRecvError::Empty,
        mpsc::error::TryRecvError::Disconnected => TryRecvError::Closed,
    }
}

impl<T> Sender<T> {
    /// Tokio's own end.
    pub fn into_inner(self) -> mpsc::Sender<T> {
        self.0
    }
}

impl<T> Receiver<T> {
    /// Tokio's own end.
    pub fn into_inner(self) -> mpsc::Receiver<T> {
        self.0
    }
}

impl<T> UnboundedReceiver<T> {
    /// Tokio's own end.
    pub fn into_inner(self) -> mpsc::UnboundedReceiver<T> {
        self.0
    }
}

impl<T> From<mpsc::Sender<T>> for Sender<T> {
    fn from(tx: mpsc::Sender<T>) -> Self {
        Self(tx)
    }
}

impl<T> From<mpsc::Receiver<T>> for Receiver<T> {
    fn from(rx: mpsc::Receiver<T>) -> Self {
        Self(rx)
    }
}

impl<T> From<mpsc::UnboundedReceiver<T>> for UnboundedReceiver<T> {
    fn from(rx: mpsc::UnboundedReceiver<T>) -> Self {
        Self(rx)
    }
}

// No bound on `T`: an end can be cloned and told whatever the item is.
impl<T> Clone for Sender<T> {
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

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver").finish_non_exhaustive()
    }
}
