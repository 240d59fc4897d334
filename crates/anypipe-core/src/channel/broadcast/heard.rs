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
