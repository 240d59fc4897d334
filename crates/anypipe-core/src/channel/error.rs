//! One small error per operation; the item comes back where there is one.

use std::error::Error;
use std::fmt;
use std::task::Poll;

use crate::scope::is_cut_off;

/// Why an item was not sent. It comes back with [`into_inner`](SendError::into_inner).
#[doc(alias("ClosedResourceError"))]
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<T> {
    /// The last receiver went, or this sender was closed.
    Closed(T),
    /// The last receiver vanished: its task panicked, was aborted, or its runtime went.
    Broken(T),
}

/// Why an item was not sent at once. It comes back with [`into_inner`](TrySendError::into_inner).
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// As [`SendError::Closed`].
    Closed(T),
    /// As [`SendError::Broken`].
    Broken(T),
}

/// Why no item will come any more.
#[doc(alias("BrokenResourceError", "EndOfStream"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecvError {
    /// The end of input: every sender is closed and every item was received; or this receiver is
    /// closed.
    Closed,
    /// A sender vanished without ending its output, so what came may be short.
    Broken,
}

/// Why no item came at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is no item now.
    Empty,
    /// As [`RecvError::Closed`].
    Closed,
    /// As [`RecvError::Broken`].
    Broken,
}

impl<T> SendError<T> {
    /// The item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Closed(item) | Self::Broken(item) => item,
        }
    }

    /// True where the other side ended cleanly.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// True where the other side vanished.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

impl<T> TrySendError<T> {
    /// The item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) | Self::Broken(item) => item,
        }
    }

    /// True where there is no room now.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// True where the other side ended cleanly.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// True where the other side vanished.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

impl RecvError {
    /// What a receiver is told once all senders are gone, one of which may have vanished.
    pub(super) fn at_end(vanished: bool) -> Self {
        if vanished { Self::Broken } else { Self::Closed }
    }

    /// Tells it, unless the task that asks was cut off: what its cancel has done it must not see.
    pub(super) fn told<T>(self) -> Poll<Result<T, Self>> {
        if is_cut_off() { Poll::Pending } else { Poll::Ready(Err(self)) }
    }

    /// True at the end of input.
    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }

    /// True where a sender vanished.
    pub fn is_broken(self) -> bool {
        self == Self::Broken
    }
}

impl TryRecvError {
    /// True where there is no item now.
    pub fn is_empty(self) -> bool {
        self == Self::Empty
    }

    /// True at the end of input.
    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }

    /// True where a sender vanished.
    pub fn is_broken(self) -> bool {
        self == Self::Broken
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(error: SendError<T>) -> Self {
        match error {
            SendError::Closed(item) => Self::Closed(item),
            SendError::Broken(item) => Self::Broken(item),
        }
    }
}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Closed => Self::Closed,
            RecvError::Broken => Self::Broken,
        }
    }
}

const CLOSED: &str = "closed: the other side has ended";
const BROKEN: &str = "broken: the other side vanished";

// No bound on `T`: an error can be told whatever the item is.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_closed() { "Closed(..)" } else { "Broken(..)" })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_closed() { CLOSED } else { BROKEN })
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
            Self::Broken(_) => "Broken(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "full: there is no room now",
            Self::Closed(_) => CLOSED,
            Self::Broken(_) => BROKEN,
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_closed() { CLOSED } else { BROKEN })
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty: there is no item now",
            Self::Closed => CLOSED,
            Self::Broken => BROKEN,
        })
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
