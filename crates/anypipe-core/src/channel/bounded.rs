//! How the in-memory channel is made, and what it tells of itself.

use std::sync::Arc;

use super::memory::Shared;
use super::{Receiver, Sender};

/// A channel that holds `capacity` items.
///
/// It belongs to no runtime: the two ends may be used under different ones.
///
/// # Panics
///
/// Where `capacity` is 0: a channel without a buffer is a [`rendezvous`].
///
/// # Examples
///
/// ```
/// use anypipe_core::channel::{TryRecvError, bounded};
///
/// let (sender, receiver) = bounded(2);
/// sender.try_send("a").unwrap();
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Ok("a"));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "`bounded(0)`: a channel without a buffer is made by `rendezvous()`");
    pair(capacity)
}

/// A channel without a buffer: an item goes from a sender that waits to a receiver that waits.
///
/// # Examples
///
/// ```
/// use anypipe_core::channel::rendezvous;
///
/// let (sender, _receiver) = rendezvous();
/// assert!(sender.try_send(1).unwrap_err().is_full());
/// ```
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    pair(0)
}

fn pair<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Shared::new(capacity);
    (Sender::new(Arc::clone(&shared)), Receiver::new(shared))
}

/// What a channel is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Items sent and not received.
    pub used: usize,
    /// The most items it may hold.
    pub capacity: usize,
    /// The most items it has held.
    pub high_water: usize,
    /// Senders that are open.
    pub senders: usize,
    /// Receivers that are open.
    pub receivers: usize,
    /// Senders that wait for room.
    pub waiting_senders: usize,
    /// Receivers that wait for an item.
    pub waiting_receivers: usize,
}
