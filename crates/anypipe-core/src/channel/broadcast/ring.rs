//! The state of a broadcast: one lock around the items that are kept and those who wait.

// For maintainers. Nobody keeps a list of subscribers. Each item that is kept counts those who take it next, and `end`
// counts those who have taken all: a subscriber that moves on leaves one count and enters the next, so taking, sending
// and leaving cost the same however many subscribe. The oldest item goes when nobody is at it, since then nobody is
// before it. Where only lossy ones are, a sender that needs the room drops it, and they are moved on to the next; they
// find out by their own positions, which are behind the first item then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::super::Statistics;
use crate::scope::{Few, Wakes, drop_each, is_breaking};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// Names a wait.
pub(super) type Id = u64;

/// The state behind all ends.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    /// How many subscribe, as far as is known without the lock.
    about: AtomicUsize,
}

/// Subscribers at one place.
#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    /// Those of them that hold back the senders.
    holding: usize,
}

/// An item: shared where several subscribe, at the latest once one has taken it that is not the last.
pub(super) enum Item<T> {
    Own(T),
    Shared(Arc<T>),
    /// While it becomes shared.
    Moving,
}

impl<T> Item<T> {
    #[inline]
    fn share(&mut self) -> Self {
        match self {
            Self::Shared(item) => Self::Shared(Arc::clone(item)),
            Self::Own(_) | Self::Moving => self.become_shared(),
        }
    }

    #[cold]
    fn become_shared(&mut self) -> Self {
        if let Self::Own(item) = std::mem::replace(self, Self::Moving) {
            *self = Self::Shared(Arc::new(item));
        }
        self.share()
    }

    /// The item of a sender that gets it back.
    pub(super) fn unheard(self) -> T {
        match self {
            Self::Own(item) => item,
            Self::Shared(item) => Arc::into_inner(item).expect("nobody has heard it"),
            Self::Moving => unreachable!("it is moved under the lock"),
        }
    }
}

/// An item that is kept.
struct Slot<T> {
    item: Item<T>,
    /// Those who take it next.
    next: Count,
}

/// A sender that waits for room.
struct Sending<T> {
    waker: Waker,
    wants: Wants<T>,
}

/// What a sender waits for.
enum Wants<T> {
    /// To send an item; with a mark where it comes back if nobody subscribes.
    ToSend(Item<T>, bool),
    /// To keep room for one.
    Room,
}

/// Whether a subscriber holds back the senders, and the number of the item it takes next.
#[derive(Clone, Copy)]
pub(super) struct Position {
    pub(super) holds: bool,
    pub(super) next: u64,
}

pub(super) struct State<T> {
    /// The items that somebody is still to take, the oldest first.
    slots: VecDeque<Slot<T>>,
    /// The number of the oldest.
    first: u64,
    /// Those who have taken all.
    end: Count,
    /// How many items are kept at the most.
    capacity: usize,
    /// For how many items room is kept.
    reserved: usize,
    /// The most items that were kept.
    high_water: usize,
    pub(super) senders: usize,
    pub(super) subscribers: usize,
    /// Set when a sender vanished instead of closing.
    pub(super) sender_vanished: bool,
    /// The last key that was given out.
    last_key: Id,
    /// Subscribers that wait.
    receiving: Few<Waker>,
    /// Senders that wait, first come first.
    sending: BTreeMap<Id, Sending<T>>,
    /// Senders whose wait has succeeded and that have not looked yet, with how many the item was for.
    granted: BTreeMap<Id, usize>,
    /// What senders waited with that get it back, until they look.
    withdrawn: BTreeMap<Id, Item<T>>,
    /// Those who wait for the last subscriber to go.
    watching: Few<Waker>,
    /// Whom to wake once the lock is let go.
    wakes: Wakes,
    /// Wakers to drop then, and items: their destructors are anybody's.
    old: Vec<Waker>,
    over: Vec<Item<T>>,
}

/// Wakes and drops what the operation leaves, after the lock was let go.
pub(super) struct Locked<'a, T>(Option<MutexGuard<'a, State<T>>>);

impl<T> std::ops::Deref for Locked<'_, T> {
    type Target = State<T>;

    fn deref(&self) -> &State<T> {
        self.0.as_ref().expect("held until the drop")
    }
}

impl<T> std::ops::DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut State<T> {
        self.0.as_mut().expect("held until the drop")
    }
}

impl<T> Drop for Locked<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Most leave nobody to wake, and nothing to drop.
        if !(self.wakes.is_empty() && self.old.is_empty() && self.over.is_empty()) {
            self.let_go();
        }
    }
}

impl<T> Locked<'_, T> {
    /// Lets the lock go, and then wakes and drops.
    #[inline(never)]
    fn let_go(&mut self) {
        let (wakes, old) = (std::mem::take(&mut self.wakes), std::mem::take(&mut self.old));
        let over = std::mem::take(&mut self.over);
        self.0 = None;
        wakes.wake();
        if !old.is_empty() {
            drop_each(old);
        }
        if !over.is_empty() {
            drop_each(over);
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        let state = State {
            slots: VecDeque::new(),
            first: 0,
            end: Count::default(),
            capacity,
            reserved: 0,
            high_water: 0,
            senders: 1,
            subscribers: 0,
            sender_vanished: false,
            last_key: 0,
            receiving: Few::default(),
            sending: BTreeMap::new(),
            granted: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            watching: Few::default(),
            wakes: Wakes::default(),
            old: Vec::new(),
            over: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), about: AtomicUsize::new(0) })
    }

    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked(Some(self.state.lock()))
    }

    /// An item to be sent. What is to be shared is put where it can be before the lock is taken.
    pub(super) fn item(&self, item: T) -> Item<T> {
        if self.about.load(Ordering::Relaxed) > 1 { Item::Shared(Arc::new(item)) } else { Item::Own(item) }
    }

    /// Notes that one subscribes.
    pub(super) fn count_in(&self) {
        self.about.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that one subscribes no more.
    pub(super) fn count_out(&self) {
        self.about.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Count {
    fn enter(&mut self, holds: bool) {
        self.all += 1;
        self.holding += usize::from(holds);
    }

    fn leave(&mut self, holds: bool) {
        self.all -= 1;
        self.holding -= usize::from(holds);
    }

    /// All that are here go on to the next place.
    fn move_on(self, next: &mut Self) {
        next.all += self.all;
        next.holding += self.holding;
    }
}

impl<T> State<T> {
    fn key(&mut self) -> Id {
        self.last_key += 1;
        self.last_key
    }

    /// Those who take the item with this index next, and behind the last item those who have taken all.
    fn at(&mut self, index: usize) -> &mut Count {
        self.slots.get_mut(index).map_or(&mut self.end, |slot| &mut slot.next)
    }

    /// Where a subscriber is among the items that are kept, and how many it has missed.
    fn find(&self, position: Position) -> (usize, u64) {
        let missed = self.first.saturating_sub(position.next);
        let index = position.next + missed - self.first;
        (usize::try_from(index).expect("there are not so many items"), missed)
    }

    /// True where there is room for one more item beside those that room is kept for.
    fn has_room(&self) -> bool {
        // Beyond the capacity the oldest items go, where only lossy subscribers are still to take them.
        let too_many = (self.slots.len() + self.reserved + 1).saturating_sub(self.capacity);
        let mut oldest = self.slots.iter().take(too_many);
        too_many == 0 || (too_many <= self.slots.len() && oldest.all(|slot| slot.next.holding == 0))
    }

    // ---- Senders

    /// Takes an item in, for which there is room; gives how many are to hear it.
    fn push(&mut self, item: Item<T>) -> usize {
        if self.subscribers == 0 {
            self.over.push(item);
            return 0;
        }
        if self.slots.len() == self.capacity {
            self.drop_oldest();
        }
        let next = std::mem::take(&mut self.end);
        self.slots.push_back(Slot { item, next });
        self.high_water = self.high_water.max(self.slots.len());
        if !self.receiving.is_empty() {
            let receiving = self.receiving.take();
            self.wakes.extend(receiving);
        }
        self.subscribers
    }

    /// Drops the oldest item, which nobody is still to take, or only lossy ones.
    fn drop_oldest(&mut self) {
        let Some(oldest) = self.slots.pop_front() else { return };
        self.first += 1;
        oldest.next.move_on(self.at(0));
        self.over.push(oldest.item);
    }

    /// Takes an item in, or hands it back where there is no room for it or others wait before it.
    pub(super) fn try_push(&mut self, item: Item<T>) -> Result<usize, Item<T>> {
        if self.subscribers > 0 && (!self.sending.is_empty() || !self.has_room()) {
            return Err(item);
        }
        Ok(self.push(item))
    }

    /// Keeps room for an item, unless there is none: where others wait there is none.
    pub(super) fn try_reserve(&mut self) -> bool {
        let is_free = self.has_room();
        self.reserved += usize::from(is_free);
        is_free
    }

    /// Takes an item into room that was kept for it; gives how many are to hear it.
    pub(super) fn fill(&mut self, item: Item<T>) -> usize {
        self.reserved -= 1;
        let heard_by = self.push(item);
        if heard_by == 0 {
            self.settle();
        }
        heard_by
    }

    /// Gives room back that was kept.
    pub(super) fn release(&mut self) {
        self.reserved -= 1;
        self.settle();
    }

    pub(super) fn park(&mut self, item: Item<T>, waker: Waker, to_somebody: bool) -> Id {
        self.park_for(Wants::ToSend(item, to_somebody), waker)
    }

    pub(super) fn park_for_room(&mut self, waker: Waker) -> Id {
        self.park_for(Wants::Room, waker)
    }

    fn park_for(&mut self, wants: Wants<T>, waker: Waker) -> Id {
        let key = self.key();
        self.sending.insert(key, Sending { waker, wants });
        key
    }

    /// Notes the new waker of a sender that waits.
    pub(super) fn repark(&mut self, key: Id, waker: &Waker) {
        if let Some(sending) = self.sending.get_mut(&key) {
            if !sending.waker.will_wake(waker) {
                self.old.push(std::mem::replace(&mut sending.waker, waker.clone()));
            }
        }
    }

    /// For how many the item of a sender was whose wait has succeeded, or the item, which comes back; once.
    pub(super) fn outcome(&mut self, key: Id) -> Option<Result<usize, Item<T>>> {
        let granted = self.granted.remove(&key).map(Ok);
        granted.or_else(|| self.withdrawn.remove(&key).map(Err))
    }

    /// Ends a sender's wait: as its outcome, or its item comes back.
    pub(super) fn unpark(&mut self, key: Id) -> Option<Result<usize, Item<T>>> {
        if let Some(outcome) = self.outcome(key) {
            return Some(outcome);
        }
        let Sending { waker, wants } = self.sending.remove(&key)?;
        self.old.push(waker);
        match wants {
            Wants::ToSend(item, _) => Some(Err(item)),
            Wants::Room => None,
        }
    }

    /// Lets senders in that wait, as far as there is room.
    #[inline]
    fn settle(&mut self) {
        if !self.sending.is_empty() {
            self.let_in();
        }
    }

    fn let_in(&mut self) {
        while self.has_room() {
            let Some((key, first)) = self.sending.pop_first() else { return };
            self.grant(key, first);
        }
    }

    /// Has all go on that wait to send, once nobody subscribes: nothing is kept of what they send.
    fn let_sends_go(&mut self) {
        let sending = std::mem::take(&mut self.sending).into_iter();
        let (sends, others): (Vec<_>, _) =
            sending.partition(|(_, one)| matches!(one.wants, Wants::ToSend(..)));
        self.sending = others.into_iter().collect();
        for (key, one) in sends {
            self.grant(key, one);
        }
    }

    /// Has a sender go on that waits, with what it waits for.
    fn grant(&mut self, key: Id, Sending { waker, wants }: Sending<T>) {
        match wants {
            Wants::ToSend(item, true) if self.subscribers == 0 => {
                self.withdrawn.insert(key, item);
            }
            Wants::ToSend(item, _) => {
                let heard_by = self.push(item);
                self.granted.insert(key, heard_by);
            }
            Wants::Room => {
                self.reserved += 1;
                self.granted.insert(key, 0);
            }
        }
        self.wakes.add(waker);
    }

    pub(super) fn sender_gone(&mut self) {
        self.sender_vanished |= is_breaking();
        self.senders -= 1;
        if self.senders == 0 {
            let receiving = self.receiving.take();
            self.wakes.extend(receiving);
        }
    }

    // ---- Subscribers

    /// Counts one in that hears what is sent from now on; gives its position.
    pub(super) fn subscribe(&mut self, holds: bool) -> Position {
        self.subscribers += 1;
        self.end.enter(holds);
        Position { holds, next: self.first + self.slots.len() as u64 }
    }

    /// Counts one in that hears what this one is still to hear.
    pub(super) fn join(&mut self, position: Position) {
        self.subscribers += 1;
        let (index, _) = self.find(position);
        self.at(index).enter(position.holds);
    }

    /// Takes the next item for a subscriber, with how many it has missed before.
    #[inline]
    pub(super) fn take(&mut self, position: &mut Position) -> Option<(u64, Item<T>)> {
        let (index, missed) = self.find(*position);
        let slot = self.slots.get_mut(index)?;
        slot.next.leave(position.holds);
        position.next += missed + 1;
        let is_last = index == 0 && slot.next.all == 0;
        let (item, index) = if is_last {
            self.first += 1;
            (self.slots.pop_front()?.item, index)
        } else {
            (slot.item.share(), index + 1)
        };
        self.at(index).enter(position.holds);
        self.settle();
        Some((missed, item))
    }

    /// Counts a subscriber out.
    pub(super) fn leave(&mut self, position: Position) {
        let (index, _) = self.find(position);
        self.at(index).leave(position.holds);
        self.subscribers -= 1;
        while self.slots.front().is_some_and(|oldest| oldest.next.all == 0) {
            self.drop_oldest();
        }
        if self.subscribers == 0 {
            let watching = self.watching.take();
            self.wakes.extend(watching);
            self.let_sends_go();
        }
        self.settle();
    }

    /// Waits for an item, or for the end.
    pub(super) fn wait(&mut self, key: &mut Option<Id>, waker: &Waker) {
        let key = *key.get_or_insert_with(|| self.key());
        let old = self.receiving.insert(key, waker.clone());
        self.old.extend(old);
    }

    pub(super) fn unwait(&mut self, key: Id) {
        let old = self.receiving.remove(key);
        self.old.extend(old);
    }

    /// Waits for the last subscriber to go.
    pub(super) fn watch(&mut self, key: &mut Option<Id>, waker: &Waker) {
        let key = *key.get_or_insert_with(|| self.key());
        let old = self.watching.insert(key, waker.clone());
        self.old.extend(old);
    }

    pub(super) fn unwatch(&mut self, key: Id) {
        let old = self.watching.remove(key);
        self.old.extend(old);
    }

    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            used: self.slots.len(),
            capacity: self.capacity,
            high_water: self.high_water,
            senders: self.senders,
            receivers: self.subscribers,
            waiting_senders: self.sending.len(),
            waiting_receivers: self.receiving.len(),
        }
    }
}
