//! Those who wait, first come first served: the one list that every primitive here stands on.

// For maintainers. It lives under a lock (`Guarded`), wakes nobody and drops no waker: what it gives back goes to
// `Wakes`, for when the lock is let go. A waiter has one slot from the moment it enters until it leaves, also when
// what it waits for was granted to it meanwhile, so no slot is anybody else's by then. The queue goes through the
// slots by their numbers: entering, leaving from the middle and granting to the first are a few steps each, however
// many wait.

use std::task::Waker;

/// No slot.
const NONE: usize = usize::MAX;
/// So many slots are made for the first who waits.
const AT_FIRST: usize = 8;
/// So many free slots are kept when nobody is left.
const KEPT: usize = 32;

/// Those who wait, each with what it wants.
pub(crate) struct WaitList<W> {
    slots: Vec<Slot<W>>,
    /// The first of the slots that are free.
    free: usize,
    /// How many slots are taken.
    taken: usize,
    /// Who came first, and who came last, of those who wait.
    first: usize,
    last: usize,
    /// How many wait.
    waiting: usize,
}

enum Slot<W> {
    Free {
        /// The free slot behind this one.
        next: usize,
    },
    Waits {
        wants: W,
        waker: Waker,
        /// Its neighbours in the queue.
        before: usize,
        behind: usize,
    },
    /// What it wanted is its own; it has not looked yet.
    Granted(W),
}

/// The slot of one who entered, until it leaves.
#[derive(Debug)]
pub(crate) struct Place(usize);

/// What one leaves behind.
pub(crate) enum Left<W> {
    /// It has waited in vain.
    Waited(W, Waker),
    /// It was granted what it wanted.
    Granted(W),
}

impl<W> WaitList<W> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, taken: 0, first: NONE, last: NONE, waiting: 0 }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Enters behind all others.
    pub(crate) fn enter(&mut self, wants: W, waker: Waker) -> Place {
        let slot = Slot::Waits { wants, waker, before: self.last, behind: NONE };
        let place = match self.free {
            NONE => {
                if self.slots.is_empty() {
                    // Few wait alone.
                    self.slots.reserve(AT_FIRST);
                }
                self.slots.push(slot);
                self.slots.len() - 1
            }
            free => {
                let Slot::Free { next } = std::mem::replace(&mut self.slots[free], slot) else {
                    unreachable!("it was free")
                };
                self.free = next;
                free
            }
        };
        let last = std::mem::replace(&mut self.last, place);
        self.link(last, place);
        self.waiting += 1;
        self.taken += 1;
        Place(place)
    }

    /// What the first of those who wait wants.
    pub(crate) fn first(&self) -> Option<&W> {
        match self.slots.get(self.first)? {
            Slot::Waits { wants, .. } => Some(wants),
            _ => unreachable!("the first of those who wait waits"),
        }
    }

    /// Grants what the first of those who wait wants; gives its waker.
    pub(crate) fn grant_first(&mut self) -> Option<Waker> {
        let place = self.first;
        let slot = self.slots.get_mut(place)?;
        let Slot::Waits { wants, waker, behind, .. } = std::mem::replace(slot, Slot::Free { next: NONE })
        else {
            unreachable!("the first of those who wait waits")
        };
        *slot = Slot::Granted(wants);
        self.unlink(NONE, behind);
        Some(waker)
    }

    /// True where it was granted what it wanted.
    pub(crate) fn is_granted(&self, place: &Place) -> bool {
        matches!(self.slots[place.0], Slot::Granted(_))
    }

    /// True where one who waits is woken by this waker already.
    pub(crate) fn is_woken_by(&self, place: &Place, new: &Waker) -> bool {
        matches!(&self.slots[place.0], Slot::Waits { waker, .. } if waker.will_wake(new))
    }

    /// Changes the waker of one who waits; gives the one that is to be dropped.
    pub(crate) fn rewake(&mut self, place: &Place, new: Waker) -> Waker {
        match &mut self.slots[place.0] {
            Slot::Waits { waker, .. } => std::mem::replace(waker, new),
            _ => new,
        }
    }

    /// Leaves where it was granted what it wanted, else keeps its place.
    pub(crate) fn leave_if_granted(&mut self, place: Place) -> Option<Place> {
        if !self.is_granted(&place) {
            return Some(place);
        }
        self.leave(place);
        None
    }

    /// Leaves, at any time.
    pub(crate) fn leave(&mut self, Place(place): Place) -> Left<W> {
        let free = Slot::Free { next: std::mem::replace(&mut self.free, place) };
        let left = match std::mem::replace(&mut self.slots[place], free) {
            Slot::Waits { wants, waker, before, behind } => {
                self.unlink(before, behind);
                Left::Waited(wants, waker)
            }
            Slot::Granted(wants) => Left::Granted(wants),
            Slot::Free { .. } => unreachable!("a place is left once"),
        };
        self.taken -= 1;
        if self.taken == 0 && self.slots.len() > KEPT {
            // A rush is over, and no memory of it is left.
            (self.slots, self.free) = (Vec::new(), NONE);
        }
        left
    }

    /// The wakers of those who wait, in order; nobody leaves any more.
    pub(crate) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        let (mut slots, mut next) = (self.slots, self.first);
        std::iter::from_fn(move || {
            let slot = std::mem::replace(slots.get_mut(next)?, Slot::Free { next: NONE });
            let Slot::Waits { waker, behind, .. } = slot else {
                unreachable!("the queue is of those who wait")
            };
            next = behind;
            Some(waker)
        })
    }

    /// Takes one who waits out of the queue.
    fn unlink(&mut self, before: usize, behind: usize) {
        self.link(before, behind);
        if behind == NONE {
            self.last = before;
        }
        self.waiting -= 1;
    }

    /// Makes two neighbours.
    fn link(&mut self, one: usize, other: usize) {
        match self.slots.get_mut(one) {
            Some(Slot::Waits { behind, .. }) => *behind = other,
            _ => self.first = other,
        }
        if let Some(Slot::Waits { before, .. }) = self.slots.get_mut(other) {
            *before = one;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn enter(list: &mut WaitList<u32>, wants: u32) -> Place {
        list.enter(wants, Waker::noop().clone())
    }

    #[test]
    fn who_leaves_from_the_middle_is_passed_over() {
        let mut list = WaitList::new();
        let mut places: VecDeque<_> = (0..5).map(|wants| enter(&mut list, wants)).collect();
        for index in [4, 2, 0] {
            assert!(matches!(list.leave(places.remove(index).unwrap()), Left::Waited(..)));
        }
        assert_eq!((list.len(), list.first()), (2, Some(&1)));
        places.push_back(enter(&mut list, 9));
        for wants in [1, 3, 9] {
            assert_eq!(list.first(), Some(&wants));
            let place = places.pop_front().unwrap();
            assert!(!list.is_granted(&place));
            assert!(list.grant_first().is_some());
            assert!(list.is_granted(&place));
            assert!(matches!(list.leave(place), Left::Granted(granted) if granted == wants));
        }
        assert!(list.is_empty() && list.grant_first().is_none() && list.first().is_none());
    }

    #[test]
    fn a_slot_is_used_again_only_once_it_was_left() {
        let mut list = WaitList::new();
        let one = enter(&mut list, 1);
        list.grant_first();
        let two = enter(&mut list, 2);
        assert!(list.is_granted(&one) && !list.is_granted(&two));
        list.leave(one);
        let three = enter(&mut list, 3);
        assert_eq!(list.slots.len(), 2);
        assert_eq!(list.first(), Some(&2));
        list.leave(two);
        list.leave(three);
    }

    #[test]
    fn nothing_is_kept_of_a_rush() {
        let mut list = WaitList::new();
        let places: Vec<_> = (0..100_000).map(|wants| enter(&mut list, wants)).collect();
        places.into_iter().rev().for_each(|place| drop(list.leave(place)));
        assert_eq!((list.len(), list.slots.capacity()), (0, 0));
        let place = enter(&mut list, 1);
        assert_eq!(list.first(), Some(&1));
        list.leave(place);
    }
}
