//! Items whose key is busy, by the slots in which they lie. Apart from the items, so that it is built once and not
//! again for each type of item.

use std::collections::VecDeque;
use std::collections::hash_map::{DefaultHasher, Entry, HashMap};
use std::hash::BuildHasherDefault;

/// Which items of a crew wait for others of their key, which is busy from when an item of it is ready until that is
/// done. Behind a trait, so that what drops it is built once as well.
pub(super) trait Keys: Send {
    /// Makes the key busy; gives the slot to put the item in, where it is so already.
    fn enter(&mut self, key: u64) -> Option<usize>;

    /// An item of the key is done: the next is ready. Without one the key is free.
    fn release(&mut self, key: u64);

    /// The slot of an item that is ready, to be taken out.
    fn take_ready(&mut self) -> Option<usize>;

    fn has_ready(&self) -> bool;

    /// How many items lie in slots.
    fn count(&self) -> usize;
}

/// For a stage whose items have keys.
pub(super) fn keys() -> Box<dyn Keys> {
    Box::new(Slots::default())
}

#[derive(Default)]
struct Slots {
    /// The slots of what waits for each busy key. Always the same hasher: a run must not depend on chance.
    busy: HashMap<u64, VecDeque<usize>, BuildHasherDefault<DefaultHasher>>,
    /// The slots of items whose key has become free.
    ready: VecDeque<usize>,
    /// How many items lie in slots.
    count: usize,
    /// Slots that are empty again.
    empty: Vec<usize>,
}

impl Keys for Slots {
    fn enter(&mut self, key: u64) -> Option<usize> {
        match self.busy.entry(key) {
            Entry::Vacant(key) => {
                key.insert(VecDeque::new());
                None
            }
            Entry::Occupied(mut key) => {
                // Without an empty one all are full.
                let slot = self.empty.pop().unwrap_or(self.count);
                key.get_mut().push_back(slot);
                self.count += 1;
                Some(slot)
            }
        }
    }

    fn release(&mut self, key: u64) {
        let Entry::Occupied(mut waiting) = self.busy.entry(key) else { return };
        match waiting.get_mut().pop_front() {
            Some(slot) => self.ready.push_back(slot),
            None => drop(waiting.remove()),
        }
    }

    fn take_ready(&mut self) -> Option<usize> {
        let slot = self.ready.pop_front()?;
        self.count -= 1;
        self.empty.push(slot);
        Some(slot)
    }

    fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn count(&self) -> usize {
        self.count
    }
}
