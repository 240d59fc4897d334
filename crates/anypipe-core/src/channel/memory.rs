//! The in-memory channel: one lock around a queue and those who wait.

// For maintainers. A waiter has a key; keys grow, so a map of waiters is a queue that can be left from
// the middle. A receiver that waits is *handed* its item, and a sender that waits has its item
// taken, by whoever makes that possible, under the lock: nobody can overtake. What was handed to a
// future that is dropped before it looks goes back to the front. While receivers wait the queue is
// empty, and while senders wait there is no room: both follow from `settle`, which every operation
// ends with. Who waits names the handle it waits on, so that closing one handle withdraws its waits,
// under the same lock, and no other's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::Statistics;
use crate::scope::{Few, Wakes, drop_each, is_breaking, take_out};
use crate::sync::{Mutex, MutexGuard};

/// Names a wait, or a handle.
pub(super) type Id = u64;

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
    /// The last key that was given out.
    last_key: Id,
    /// Receivers that wait, first come first.
    receiving: Few<Parked>,
    /// Items handed to receivers that have not looked yet, with the handle they were handed to.
    handed: BTreeMap<Id, (Id, T)>,
    /// Senders that wait, first come first; with the item, unless they only reserve room.
    sending: BTreeMap<Id, (Parked, Option<T>)>,
    /// Those of them that have an item.
    offering: BTreeSet<Id>,
    /// Senders whose wait has succeeded and that have not looked yet.
    granted: BTreeSet<Id>,
    /// What senders waited with whose handle was closed, until they look.
    withdrawn: BTreeMap<Id, T>,
    /// Those who wait for the last receiver to go.
    watching: BTreeMap<Id, Parked>,
    /// Whom to wake once the lock is let go.
    wakes: Wakes,
    /// Wakers to drop then: that may run the destructor of whoever they belong to.
    old: Vec<Waker>,
}

/// One who waits.
pub(super) struct Parked {
    /// The handle it waits on.
    pub(super) handle: Id,
    pub(super) waker: Waker,
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
        // Most leave nobody to wake, or no waker to drop.
        let wakes = (!self.wakes.is_empty()).then(|| std::mem::take(&mut self.wakes));
        let old = (!self.old.is_empty()).then(|| std::mem::take(&mut self.old));
        self.guard = None;
        if let Some(wakes) = wakes {
            wakes.wake();
        }
        if let Some(old) = old {
            drop_each(old);
        }
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
            last_key: 0,
            receiving: Few::default(),
            handed: BTreeMap::new(),
            sending: BTreeMap::new(),
            offering: BTreeSet::new(),
            granted: BTreeSet::new(),
            withdrawn: BTreeMap::new(),
            watching: BTreeMap::new(),
            wakes: Wakes::default(),
            old: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked { guard: Some(self.state.lock()) }
    }

    /// Counts a sender out that was dropped, so that nobody waits on it.
    pub(super) fn sender_gone(&self) {
        self.lock().sender_gone();
    }

    /// Counts a sender out that was closed: those who wait on it look again, and find it so.
    pub(super) fn sender_closed(&self, handle: Id) {
        let mut state = self.lock();
        for (key, (parked, item)) in take_out(&mut state.sending, |(parked, _)| parked.handle == handle) {
            state.offering.remove(&key);
            state.withdrawn.extend(item.map(|item| (key, item)));
            state.wakes.add(parked.waker);
        }
        let watching = take_out(&mut state.watching, |parked| parked.handle == handle);
        state.wakes.extend(wakers(watching));
        state.sender_gone();
        state.settle();
    }

    /// Counts a receiver out that was dropped, so that nobody waits on it. The last one takes the queued
    /// items with it, for the caller to drop.
    #[must_use]
    pub(super) fn receiver_gone(&self) -> VecDeque<T> {
        self.lock().receiver_gone()
    }

    /// Counts a receiver out that was closed: those who wait on it look again, and find it so; what they
    /// were handed goes to the next, before all that came later.
    #[must_use]
    pub(super) fn receiver_closed(&self, handle: Id) -> VecDeque<T> {
        let mut state = self.lock();
        let receiving = state.receiving.take_out(|parked| parked.handle == handle);
        state.wakes.extend(receiving.map(|parked| parked.waker));
        for (_, (_, item)) in take_out(&mut state.handed, |(to, _)| *to == handle).into_iter().rev() {
            state.queue.push_front(item);
        }
        let rest = state.receiver_gone();
        state.settle();
        rest
    }
}

fn wakers(parked: BTreeMap<Id, Parked>) -> impl Iterator<Item = Waker> {
    parked.into_values().map(|parked| parked.waker)
}

impl<T> State<T> {
    pub(super) fn key(&mut self) -> Id {
        self.last_key += 1;
        self.last_key
    }

    fn has_room(&self) -> bool {
        self.queue.len() + self.reserved < self.capacity.saturating_add(self.receiving.len())
    }

    fn sender_gone(&mut self) {
        self.sender_vanished |= is_breaking();
        self.senders -= 1;
        if self.senders == 0 {
            self.wake_receivers();
        }
    }

    fn receiver_gone(&mut self) -> VecDeque<T> {
        self.receiver_vanished |= is_breaking();
        self.receivers -= 1;
        if self.receivers > 0 {
            return VecDeque::new();
        }
        let watching = std::mem::take(&mut self.watching);
        self.wakes.extend(wakers(watching));
        // The senders that wait keep their items, to have them handed back.
        let sending: Vec<_> = self.sending.values().map(|(parked, _)| parked.waker.clone()).collect();
        self.wakes.extend(sending);
        std::mem::take(&mut self.queue)
    }

    /// True once no item is left that a receiver might get: what was handed to one may come back.
    pub(super) fn is_drained(&self) -> bool {
        self.senders == 0 && self.queue.is_empty() && self.handed.is_empty()
    }

    /// Wakes all receivers; those that are to wait on enter again, in the same place.
    fn wake_receivers(&mut self) {
        let receiving = self.receiving.take();
        self.wakes.extend(receiving.map(|parked| parked.waker));
    }

    /// Gives items to receivers that wait, and room to senders that wait, as far as both reach.
    fn settle(&mut self) {
        if self.receivers == 0 {
            // There is nobody to take what a sender would put: it gets its item back.
            return;
        }
        loop {
            if !self.queue.is_empty() && !self.receiving.is_empty() {
                let (Some(item), Some((key, parked))) = (self.queue.pop_front(), self.receiving.pop_first())
                else {
                    unreachable!("neither is empty");
                };
                self.handed.insert(key, (parked.handle, item));
                self.wakes.add(parked.waker);
            } else if self.has_room() && !self.sending.is_empty() {
                let Some((key, (parked, item))) = self.sending.pop_first() else {
                    unreachable!("it is not empty");
                };
                match item {
                    Some(item) => self.queue.push_back(item),
                    None => self.reserved += 1,
                }
                self.offering.remove(&key);
                self.granted.insert(key);
                self.wakes.add(parked.waker);
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
        let key = self.offering.pop_first()?;
        let (parked, item) = self.sending.remove(&key)?;
        self.granted.insert(key);
        self.wakes.add(parked.waker);
        item
    }

    pub(super) fn park_sender(&mut self, key: Id, item: Option<T>, parked: Parked) {
        if item.is_some() {
            self.offering.insert(key);
        }
        self.sending.insert(key, (parked, item));
        self.settle();
    }

    /// Notes the new waker of a sender that waits.
    pub(super) fn rewake_sender(&mut self, key: Id, waker: &Waker) {
        if let Some((parked, _)) = self.sending.get_mut(&key) {
            if !parked.waker.will_wake(waker) {
                self.old.push(std::mem::replace(&mut parked.waker, waker.clone()));
            }
        }
    }

    /// True, once, where the sender's wait has succeeded.
    pub(super) fn was_granted(&mut self, key: Id) -> bool {
        self.granted.remove(&key)
    }

    /// Ends a sender's wait; its item comes back.
    pub(super) fn unpark_sender(&mut self, key: Id) -> Option<T> {
        let Some((parked, item)) = self.sending.remove(&key) else {
            return self.withdrawn.remove(&key);
        };
        self.offering.remove(&key);
        self.old.push(parked.waker);
        self.settle();
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

    pub(super) fn park_receiver(&mut self, key: Id, parked: Parked) {
        let old = self.receiving.insert(key, parked);
        self.old.extend(old.map(|parked| parked.waker));
        self.settle();
    }

    /// What was handed to a receiver that waited.
    pub(super) fn take_handed(&mut self, key: Id) -> Option<T> {
        let (_, item) = self.handed.remove(&key)?;
        if self.is_drained() {
            self.wake_receivers();
        }
        Some(item)
    }

    /// Ends a receiver's wait. What it was handed goes to the next, before all that came later.
    pub(super) fn unpark_receiver(&mut self, key: Id) {
        let old = self.receiving.remove(key);
        self.old.extend(old.map(|parked| parked.waker));
        if let Some((_, item)) = self.handed.remove(&key) {
            self.queue.push_front(item);
        }
        self.settle();
    }

    /// True where one who watches is woken by this waker already.
    pub(super) fn is_watched(&self, key: Id, waker: &Waker) -> bool {
        self.watching.get(&key).is_some_and(|parked| parked.waker.will_wake(waker))
    }

    pub(super) fn watch(&mut self, key: Id, parked: Parked) {
        let old = self.watching.insert(key, parked);
        self.old.extend(old.map(|parked| parked.waker));
    }

    pub(super) fn unwatch(&mut self, key: Id) {
        let old = self.watching.remove(&key);
        self.old.extend(old.map(|parked| parked.waker));
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
