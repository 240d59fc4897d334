//! Who waits for what in a hop and in a crew. Apart from them, so that it is built once and not again for
//! each type of item.

use std::collections::{HashSet, VecDeque};
use std::task::Waker;

use crate::scope::replace_waker;

/// The producers of a hop, by their index.
pub(super) struct Producers {
    each: Vec<Producer>,
}

#[derive(Default)]
struct Producer {
    /// Wakes it when the consumer goes, and when there is room where it waits for that.
    waker: Option<Waker>,
    /// True while it waits for room.
    wants_room: bool,
}

impl Producers {
    pub(super) fn new(count: usize) -> Self {
        Self { each: (0..count).map(|_| Producer::default()).collect() }
    }

    /// Has the producer woken when the consumer goes; gives its old waker.
    #[must_use]
    pub(super) fn register(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.each[index].waker, waker)
    }

    /// Has the producer woken when there is room, too; gives its old waker.
    #[must_use]
    pub(super) fn wait_for_room(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        self.each[index].wants_room = true;
        self.register(index, waker)
    }

    pub(super) fn has_room(&mut self, index: usize) {
        self.each[index].wants_room = false;
    }

    /// The first so many producers that wait for room; they wait no more.
    pub(super) fn call(&mut self, most: usize) -> Vec<Waker> {
        if most == 0 {
            return Vec::new();
        }
        let waiting = self.each.iter_mut().filter(|producer| producer.wants_room);
        waiting
            .take(most)
            .filter_map(|producer| {
                producer.wants_room = false;
                producer.waker.clone()
            })
            .collect()
    }

    /// All producers that can be woken.
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        self.each.iter_mut().filter_map(|producer| producer.waker.take()).collect()
    }
}

/// The workers of a crew that have nothing to do, first come first called.
#[derive(Default)]
pub(super) struct Idle {
    queue: VecDeque<(usize, Waker)>,
}

impl Idle {
    pub(super) fn enter(&mut self, index: usize, waker: &Waker) {
        self.queue.push_back((index, waker.clone()));
    }

    /// Takes a worker out; gives the waker it was to be woken with.
    pub(super) fn leave(&mut self, index: usize) -> Option<Waker> {
        let place = self.queue.iter().position(|(other, _)| *other == index)?;
        self.queue.remove(place).map(|(_, waker)| waker)
    }

    /// Calls the first.
    pub(super) fn call(&mut self) -> Option<Waker> {
        self.queue.pop_front().map(|(_, waker)| waker)
    }
}

/// The keys, hashed, of the items that are being worked on.
#[derive(Default)]
pub(super) struct Busy {
    keys: HashSet<u64>,
}

impl Busy {
    pub(super) fn has(&self, key: u64) -> bool {
        self.keys.contains(&key)
    }

    pub(super) fn begin(&mut self, key: u64) {
        self.keys.insert(key);
    }

    pub(super) fn end(&mut self, key: u64) {
        self.keys.remove(&key);
    }
}
