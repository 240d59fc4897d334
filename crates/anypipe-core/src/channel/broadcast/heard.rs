use super::receiver::Receiver;
use super::ring::Item;
use super::subscriber::own;

/// An item, and how many this subscriber has missed since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard<T> {
    /// How many were dropped unheard just before this one, since the subscriber was too slow.
    pub missed: u64,
    /// The item.
    pub item: T,
}

/// A subscriber that holds back nobody, and is told what it [missed](Heard); made by
/// [`subscribe_lossy`](super::Sender::subscribe_lossy).
///
/// It misses the oldest items first, and never the newest: with the item after a gap it is told how long the gap was, so
/// what it heard and what it missed come to what was sent. A clone is a further subscriber in the same place.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// # use std::task::{Context, Poll, Waker};
/// use anypipe::channel::broadcast;
/// use anypipe::channel::broadcast::Heard;
///
/// let bus = broadcast(1);
/// let mut subscriber = bus.subscribe_lossy();
/// for item in 0..5 {
///     bus.try_send(item).unwrap();
/// }
/// let mut received = Box::pin(subscriber.recv());
/// # let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(received.as_mut().poll(&mut cx), Poll::Ready(Ok(Heard { missed: 4, item: 4 })));
/// ```
pub type LossyReceiver<T> = Receiver<T, Heard<T>>;

/// What a subscriber is given of the items it takes: the item alone, or with what was missed before it.
///
/// Nobody else can implement it.
pub trait Gives<T>: Sized {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "so it is sealed")]
    fn give(missed: u64, item: Item<T>) -> Self;
}

impl<T: Clone> Gives<T> for T {
    #[expect(private_interfaces, reason = "so it is sealed")]
    fn give(_missed: u64, item: Item<T>) -> Self {
        own(item)
    }
}

impl<T: Clone> Gives<T> for Heard<T> {
    #[expect(private_interfaces, reason = "so it is sealed")]
    fn give(missed: u64, item: Item<T>) -> Self {
        Self { missed, item: own(item) }
    }
}
