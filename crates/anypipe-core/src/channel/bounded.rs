//! How the in-memory channel is made.

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
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::channel::{TryRecvError, bounded};
///
/// let (sender, receiver) = bounded(2);
/// sender.try_send("a").unwrap();
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Ok("a"));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
/// ```
#[doc(alias("Queue", "QueueShutDown", "create_memory_object_stream", "make", "open_memory_channel"))]
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
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::channel::rendezvous;
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
