//! The in-memory channel: one lock around a queue and those who wait.

// For maintainers. A waiter has a key; keys grow, so a map of waiters is a queue that can be left from
// the middle. A receiver that waits is *handed* its item, and a sender that waits has its item
// taken, by whoever makes that possible, under the lock: nobody can overtake. What was handed to a
// future that is dropped before it looks goes back to the front. While receivers wait the queue is
// empty, and while senders wait there is no room: both follow from `settle`, which every operation
// ends with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::Statistics;
use crate::scope::{drop_each, is_breaking, wake_each};
use crate::sync::{Mutex, MutexGuard};

pub(super) type Key = u64;

/// The state behind both ends.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
}

pub(super) struct State<T> {
    /// Items sent and not received.
    pub(super) queue: VecDeque<T>,
    /// How many items the queue may hold; 0 for a rendezvous.
    capacity: usize,
    /// Room that was promised to permits.
    reserved: usize,
    /// The most items the queue has held.
    high_water: usize,
    /// How many ends are open.
    pub(super) senders: usize,
    pub(super) receivers: usize,
    /// Set when an end vanished instead of closing.
    pub(super) sender_vanished: bool,
    pub(super) receiver_vanished: bool,
    /// The next waiter's key.
    next_key: Key,
    /// Receivers that wait, first come first.
    receiving: BTreeMap<Key, Waker>,
    /// Items handed to receivers that have not looked yet.
    handed: BTreeMap<Key, T>,
    /// Senders that wait, first come first.
    sending: BTreeMap<Key, Sending<T>>,
    /// Senders whose wait has succeeded and that have not looked yet.
    granted: BTreeSet<Key>,
    /// Those who wait for the last receiver to go.
    watching: BTreeMap<Key, Waker>,
    /// Whom to wake once the lock is let go.
    wakes: Vec<Waker>,
    /// Wakers to drop then: that may run the destructor of whoever they belong to.
    old: Vec<Waker>,
}

struct Sending<T> {
    /// The item; `None` for one that only reserves room.
    item: Option<T>,
    waker: Waker,
}

/// Wakes whom the operation has made ready, after the lock was let go.
pub(super) struct Locked<'a, T> {
    guard: Option<MutexGuard<'a, State<T>>>,
}

impl<T> std::ops::Deref for Locked<'_, T> {
    type Target = State<T>;

    fn deref(&self) -> &State<T> {
        self.guard.as_ref().expect("held until the drop")
    }
}

impl<T> std::ops::DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut State<T> {
        self.guard.as_mut().expect("held until the drop")
    }
}

impl<T> Drop for Locked<'_, T> {
    fn drop(&mut self) {
        let (wakes, old) = (std::mem::take(&mut self.wakes), std::mem::take(&mut self.old));
        self.guard = None;
        wake_each(wakes);
        drop_each(old);
    }
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        let state = State {
            queue: VecDeque::new(),
            capacity,
            reserved: 0,
            high_water: 0,
            senders: 1,
            receivers: 1,
            sender_vanished: false,
            receiver_vanished: false,
            next_key: 0,
            receiving: BTreeMap::new(),
            handed: BTreeMap::new(),
            sending: BTreeMap::new(),
            granted: BTreeSet::new(),
            watching: BTreeMap::new(),
            wakes: Vec::new(),
            old: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked { guard: Some(self.state.lock()) }
    }

    /// Counts a sender out; the last one ends the input of the receivers.
    pub(super) fn sender_gone(&self) {
        let mut state = self.lock();
        state.sender_vanished |= is_breaking();
        state.senders -= 1;
        if state.senders == 0 {
            state.wake_receivers();
        }
    }

    /// Has the senders look again, since one of them was closed while it waits.
    pub(super) fn sender_closed(&self) {
        let mut state = self.lock();
        let waiting: Vec<_> = state.sending.values().map(|sending| sending.waker.clone()).collect();
        let watching: Vec<_> = state.watching.values().cloned().collect();
        state.wakes.extend(waiting.into_iter().chain(watching));
    }

    /// Has the receivers look again, since one of them was closed while it waits; `place` is the one it
    /// keeps between polls.
    pub(super) fn receiver_closed(&self, place: Option<Key>) {
        let mut state = self.lock();
        let item = place.and_then(|key| state.unpark_receiver(key));
        let receiving: Vec<_> = state.receiving.values().cloned().collect();
        state.wakes.extend(receiving);
        drop(state);
        drop(item);
    }

    /// Counts a receiver out; the last one takes the queued items with it, for the caller to drop.
    #[must_use]
    pub(super) fn receiver_gone(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.receiver_vanished |= is_breaking();
        state.receivers -= 1;
        if state.receivers > 0 {
            return VecDeque::new();
        }
        let queue = std::mem::take(&mut state.queue);
        let watching = std::mem::take(&mut state.watching);
        // The senders that wait keep their items, to have them handed back.
        let sending: Vec<_> = state.sending.values().map(|sending| sending.waker.clone()).collect();
        state.wakes.extend(watching.into_values());
        state.wakes.extend(sending);
        queue
    }
}

impl<T> State<T> {
    pub(super) fn key(&mut self) -> Key {
        self.next_key += 1;
        self.next_key
    }

    fn has_room(&self) -> bool {
        self.queue.len() + self.reserved < self.capacity + self.receiving.len()
    }

    /// True once no item is left that a receiver might get: what was handed to one may come back.
    pub(super) fn is_drained(&self) -> bool {
        self.senders == 0 && self.queue.is_empty() && self.handed.is_empty()
    }

    /// Wakes all receivers; those that are to wait on enter again, in the same place.
    fn wake_receivers(&mut self) {
        let receiving = std::mem::take(&mut self.receiving);
        self.wakes.extend(receiving.into_values());
    }

    /// Gives items to receivers that wait, and room to senders that wait, as far as both reach.
    fn settle(&mut self) {
        if self.receivers == 0 {
            // There is nobody to take what a sender would put: it gets its item back.
            return;
        }
        loop {
            if !self.queue.is_empty() && !self.receiving.is_empty() {
                let (Some(item), Some((key, waker))) = (self.queue.pop_front(), self.receiving.pop_first())
                else {
                    unreachable!("neither is empty");
                };
                self.handed.insert(key, item);
                self.wakes.push(waker);
            } else if self.has_room() && !self.sending.is_empty() {
                let Some((key, sending)) = self.sending.pop_first() else {
                    unreachable!("it is not empty");
                };
                match sending.item {
                    Some(item) => self.queue.push_back(item),
                    None => self.reserved += 1,
                }
                self.granted.insert(key);
                self.wakes.push(sending.waker);
            } else {
                // A rendezvous only passes items through, so they never count as queued.
                self.high_water = self.high_water.max(self.queue.len());
                return;
            }
        }
    }

    /// Takes an item in, or hands it back where there is no room for it or others wait before it.
    pub(super) fn push(&mut self, item: T) -> Result<(), T> {
        if !self.sending.is_empty() || !self.has_room() {
            return Err(item);
        }
        self.queue.push_back(item);
        self.settle();
        Ok(())
    }

    /// Takes an item out: the oldest in the queue, else that of the first sender that waits.
    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.queue.pop_front().or_else(|| self.pop_waiting());
        self.settle();
        item
    }

    /// Takes the item of the first sender that waits with one.
    fn pop_waiting(&mut self) -> Option<T> {
        let (&key, _) = self.sending.iter().find(|(_, sending)| sending.item.is_some())?;
        let sending = self.sending.remove(&key)?;
        self.granted.insert(key);
        self.wakes.push(sending.waker);
        sending.item
    }

    pub(super) fn park_sender(&mut self, key: Key, item: Option<T>, waker: Waker) {
        self.sending.insert(key, Sending { item, waker });
        self.settle();
    }

    /// Notes a sender's new waker; `false` where it doesn't wait any more.
    pub(super) fn rewake_sender(&mut self, key: Key, waker: &Waker) -> bool {
        match self.sending.get_mut(&key) {
            Some(sending) => {
                if !sending.waker.will_wake(waker) {
                    self.old.push(std::mem::replace(&mut sending.waker, waker.clone()));
                }
                true
            }
            None => false,
        }
    }

    /// True, once, where the sender's wait has succeeded.
    pub(super) fn was_granted(&mut self, key: Key) -> bool {
        self.granted.remove(&key)
    }

    /// Ends a sender's wait; its item comes back.
    pub(super) fn unpark_sender(&mut self, key: Key) -> Option<T> {
        let sending = self.sending.remove(&key);
        self.settle();
        let Sending { item, waker } = sending?;
        self.old.push(waker);
        item
    }

    /// Reserves room, unless there is none or others wait before.
    pub(super) fn reserve(&mut self) -> bool {
        let free = self.sending.is_empty() && self.has_room();
        self.reserved += usize::from(free);
        free
    }

    /// Gives reserved room back.
    pub(super) fn release(&mut self) {
        self.reserved -= 1;
        self.settle();
    }

    /// Fills reserved room.
    pub(super) fn fill(&mut self, item: T) {
        self.reserved -= 1;
        self.queue.push_back(item);
        self.settle();
    }

    pub(super) fn park_receiver(&mut self, key: Key, waker: Waker) {
        self.old.extend(self.receiving.insert(key, waker));
        self.settle();
    }

    /// What was handed to a receiver that waited.
    pub(super) fn take_handed(&mut self, key: Key) -> Option<T> {
        let item = self.handed.remove(&key)?;
        if self.is_drained() {
            self.wake_receivers();
        }
        Some(item)
    }

    /// Ends a receiver's wait. What it was handed goes to the next, before all that came later.
    pub(super) fn unpark_receiver(&mut self, key: Key) -> Option<T> {
        self.old.extend(self.receiving.remove(&key));
        if let Some(item) = self.handed.remove(&key) {
            if self.receivers == 0 {
                return Some(item);
            }
            self.queue.push_front(item);
        }
        self.settle();
        None
    }

    pub(super) fn watch(&mut self, key: Key, waker: Waker) {
        self.old.extend(self.watching.insert(key, waker));
    }

    pub(super) fn unwatch(&mut self, key: Key) -> Option<Waker> {
        self.watching.remove(&key)
    }

    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            used: self.queue.len() + self.handed.len(),
            capacity: self.capacity,
            high_water: self.high_water,
            senders: self.senders,
            receivers: self.receivers,
            waiting_senders: self.sending.len(),
            waiting_receivers: self.receiving.len(),
        }
    }
}
