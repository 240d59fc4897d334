//! Each item to each subscriber; made by [`broadcast`](fn@super::broadcast).
//!
//! Each subscriber chooses what becomes of it when it is slow, since only it knows whether it may miss something:
//! [`Sender::subscribe`] makes one that misses nothing and *holds back* the senders, once they are as many items
//! ahead as the channel keeps; [`Sender::subscribe_lossy`] makes one that holds back nobody and is told with each
//! item how many it has [missed](Heard) before. Both kinds may hear the same channel.
//!
//! An item is kept once, however many subscribers there are, and is dropped when the last of them has taken it. The
//! last takes it as it is, the others a clone, which is made with no lock held; so items are shared between threads, and
//! must be [`Sync`] where subscribers are on several.

mod heard;
mod receiver;
mod ring;
mod sender;
mod subscriber;

use self::ring::Shared;

pub use self::heard::{Gives, Heard};
pub use self::receiver::{LossyReceiver, Receiver};
pub use self::sender::{Permit, SendFuture, Sender};

/// A channel whose items go to each subscriber; it keeps `capacity` items for those that are slow.
///
/// It begins without a subscriber; what is sent meanwhile is heard by nobody. It belongs to no runtime: its ends may be
/// used under different ones.
///
/// # Panics
///
/// Where `capacity` is 0.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::channel::broadcast;
/// use anypipe::channel::broadcast::Heard;
///
/// let bus = broadcast(2);
/// assert_eq!(bus.try_send("nobody hears it"), Ok(0));
///
/// let (mut every, mut latest) = (bus.subscribe(), bus.subscribe_lossy());
/// assert_eq!((bus.try_send("a"), bus.try_send("b")), (Ok(2), Ok(2)));
/// assert!(bus.try_send("c").unwrap_err().is_full(), "one subscriber holds back");
/// assert_eq!(every.try_recv(), Ok("a"));
/// assert_eq!(bus.try_send("c"), Ok(2));
/// assert_eq!(latest.try_recv(), Ok(Heard { missed: 1, item: "b" }));
/// ```
#[doc(alias("SharedFlow", "Topic"))]
#[track_caller]
pub fn broadcast<T>(capacity: usize) -> Sender<T> {
    assert!(
        capacity > 0,
        "`broadcast(0)`: it must keep an item until its subscribers come: say `broadcast(1)` or more"
    );
    Sender::new(Shared::new(capacity))
}
