//! Channels: the traits that every channel's ends can stand behind, and the in-memory channels.
//!
//! Dropping the last sender *closes* a channel: the receiver sees the end of input after the last
//! item. Dropping a sender while its thread unwinds, or while core drops a task that was cancelled or
//! panicked, *breaks* it: the receiver sees [`RecvError::Broken`] after the last item, so that a
//! truncated input never looks complete. Channels of others can't tell the two apart; their
//! adapters say so.
//!
//! # What an implementer MUST do
//!
//! 1. Items come out in the order in which they were sent, each exactly once to each receiver that is to have it. Where
//!    a receiver may miss some by its meaning, it says so.
//! 2. A `send` that is dropped while it is pending MUST NOT have sent.
//! 3. A `recv` that is dropped while it is pending MUST NOT have taken an item.
//! 4. After the last receiver went, a `send` MUST give the item back, and a pending one MUST end.
//! 5. After the last sender went, `recv` MUST give what is left, and then the end.
//! 6. `closed` MUST be done once the last receiver went, also while nothing is sent.

mod bounded;
pub mod broadcast;
mod error;
mod memory;
pub mod oneshot;
mod receiver;
mod sender;
mod statistics;
mod thread;
pub mod watch;

use std::future::Future;

pub use self::bounded::{bounded, rendezvous};
pub use self::broadcast::broadcast;
pub use self::error::{RecvError, SendError, TryRecvError, TrySendError};
pub use self::oneshot::oneshot;
pub use self::receiver::{Receiver, RecvFuture};
pub use self::sender::{Permit, SendFuture, Sender};
pub use self::statistics::Statistics;
pub(crate) use self::thread::wait as wait_on_thread;
pub use self::watch::watch;

/// The sending end of a bounded channel.
#[doc(alias("ObjectSendStream", "Unreliable"))]
pub trait ChannelSender<T>: Send + 'static {
    /// Sends an item, waiting for room.
    ///
    /// # Errors
    ///
    /// Where the other side is gone; the item comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has not sent, and the item is dropped with it. Where none may be
    /// lost, `reserve` the room first.
    fn send(&mut self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send;

    /// Sends an item if there is room now.
    ///
    /// # Errors
    ///
    /// Where there is no room, and where the other side is gone; the item comes back.
    fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>>;

    /// Done once the last receiver went.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    fn closed(&mut self) -> impl Future<Output = ()> + Send;
}

/// The receiving end of a channel.
#[doc(alias("ObjectReceiveStream", "ObjectStream"))]
pub trait ChannelReceiver<T>: Send + 'static {
    /// Receives an item, waiting for one.
    ///
    /// # Errors
    ///
    /// At the end of input, and where a sender vanished.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> + Send;

    /// Receives an item if there is one now.
    ///
    /// # Errors
    ///
    /// Where there is none, at the end of input, and where a sender vanished.
    fn try_recv(&mut self) -> Result<T, TryRecvError>;
}
