//! The hop between two tasks: a bounded buffer that producers fill in chunks and one consumer empties
//! in chunks, with an exact bound. The README beside this file explains the protocol.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::waiting::Waiting;
use super::{Tally, Weigh};
use crate::scope::{Flush, drop_each, wake_each};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a worker has made of one item: a value, or nothing where the item was filtered out.
pub(super) type Made<T> = Option<T>;

/// What a producer has made and not yet put.
pub(super) enum Batch<T> {
    /// In the order in which it was made.
    Plain(Vec<T>),
    /// By the tickets of the items it was made of.
    Ticketed(Vec<(u64, Made<T>)>),
}

impl<T> Batch<T> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Plain(items) => items.is_empty(),
            Self::Ticketed(made) => made.is_empty(),
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &T> {
        let (plain, ticketed) = match self {
            Self::Plain(items) => (Some(items), None),
            Self::Ticketed(made) => (None, Some(made)),
        };
        let ticketed = ticketed.into_iter().flatten().filter_map(|(_, made)| made.as_ref());
        plain.into_iter().flatten().chain(ticketed)
    }

    pub(super) fn take(&mut self) -> Vec<T> {
        match self {
            Self::Plain(items) => std::mem::take(items),
            Self::Ticketed(made) => std::mem::take(made).into_iter().filter_map(|(_, made)| made).collect(),
        }
    }
}

/// How much a hop holds.
pub(super) struct Room<T> {
    /// The most items, those being made included.
    pub(super) permits: usize,
    /// The most weight of finished items, and how to weigh one.
    pub(super) weight: Option<(usize, Weigh<T>)>,
}

/// The state between the producers and the consumer.
pub(super) struct Hop<T> {
    pub(super) state: Mutex<State<T>>,
    /// Items that the consumer has taken out since it last gave permits back.
    pub(super) owed: AtomicUsize,
    /// Set when the consumer went; looked at before each user future starts.
    pub(super) closed: AtomicBool,
    /// The weight of those items.
    pub(super) owed_weight: AtomicUsize,
    /// Where the items have gone.
    pub(super) tally: Arc<Tally>,
    /// The most weight of finished items, and how to weigh one.
    pub(super) weight: Option<(usize, Weigh<T>)>,
}

pub(super) struct State<T> {
    /// Finished items, in the order in which they go out.
    pub(super) queue: VecDeque<T>,
    /// Finished items that wait for their turn: the slot of ticket `head + i` is at `i`.
    pub(super) window: VecDeque<Option<Made<T>>>,
    /// The ticket whose turn it is.
    pub(super) head: u64,
    /// Permits nobody holds.
    pub(super) free: usize,
    /// The weight of the items that were finished and not taken out.
    pub(super) weight: usize,
    /// How many these are; only counted where they are weighed.
    pub(super) finished: usize,
    /// The consumer, waiting for an item.
    pub(super) consumer: Option<Waker>,
    /// The producers: each is woken when the consumer goes, and called when there is room where it waits for that.
    pub(super) producers: Waiting,
    /// Producers that have not finished.
    pub(super) open: usize,
    /// Set when a producer went without finishing.
    pub(super) broken: bool,
}

impl<T> Hop<T> {
    pub(super) fn new(producers: usize, room: Room<T>, tally: Arc<Tally>) -> Self {
        let state = State {
            queue: VecDeque::new(),
            window: VecDeque::new(),
            head: 0,
            free: room.permits,
            weight: 0,
            finished: 0,
            consumer: None,
            producers: Waiting::new(producers),
            open: producers,
            broken: false,
        };
        let (owed, owed_weight) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (state, closed) = (Mutex::new(state), AtomicBool::new(false));
        // Each producer may pass the most once: the sum must not overflow.
        let bound = usize::MAX / 2 / (producers + 1);
        let weight = room.weight.map(|(most, weigh)| (most.min(bound), weigh));
        Self { state, owed, closed, owed_weight, tally, weight }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Gives back the permits, and the weight, of the items that were taken out since the last time.
    pub(super) fn collect_owed(&self, state: &mut State<T>) {
        let owed = self.owed.swap(0, Ordering::SeqCst);
        self.tally.delivered.add(owed);
        state.free += owed;
        if self.weight.is_some() {
            state.finished -= owed;
            let weight = state.weight.saturating_sub(self.owed_weight.swap(0, Ordering::SeqCst));
            // A closure that weighs the same item differently each time must not fill the hop for good.
            state.weight = if state.finished == 0 { 0 } else { weight };
        }
    }

    /// An item's weight. More than the most makes no difference, and would overflow the sum.
    pub(super) fn weigh(&self, item: &T) -> usize {
        self.weight.as_ref().map_or(0, |(most, weigh)| weigh(item).min(*most))
    }

    /// How many of `want` permits can be had now. Weighed items come one at a time, so that each is
    /// weighed before the next is made.
    fn room(&self, state: &State<T>, want: usize) -> usize {
        match &self.weight {
            Some((most, _)) if state.weight >= *most => 0,
            Some(_) => state.free.min(1),
            None => state.free.min(want),
        }
    }

    /// The producers to wake because there is room.
    pub(super) fn wake_for_room(&self, state: &mut State<T>) -> Vec<Waker> {
        let room = self.room(state, usize::MAX);
        (0..room).map_while(|_| state.producers.call()).collect()
    }

    /// Claims up to `want` permits; where there are none the producer is parked for room.
    pub(super) fn claim(&self, index: usize, want: usize, waker: &Waker) -> usize {
        let mut state = self.state.lock();
        self.collect_owed(&mut state);
        let got = self.room(&state, want);
        state.free -= got;
        let old = if got == 0 {
            state.producers.enter(index, waker)
        } else {
            state.producers.leave(index);
            None
        };
        drop(state);
        drop(old);
        got
    }

    /// The producer waits for room no more. Where it was called already, the next is called in its place.
    pub(super) fn unpark(&self, index: usize) {
        let mut state = self.state.lock();
        let called = !state.producers.leave(index);
        let producers = if called { self.wake_for_room(&mut state) } else { Vec::new() };
        drop(state);
        wake_each(producers);
    }

    /// Has the producer woken when the consumer goes.
    pub(super) fn register(&self, index: usize, waker: &Waker) {
        let mut state = self.state.lock();
        let old = state.producers.register(index, waker);
        drop(state);
        drop(old);
    }

    /// Takes in what a producer has made, with the permits it doesn't need.
    pub(super) fn put(&self, batch: &mut Batch<T>, unused: usize) {
        // The user's closure runs without the lock.
        let weight: usize =
            if self.weight.is_some() { batch.items().map(|item| self.weigh(item)).sum() } else { 0 };
        let mut state = self.state.lock();
        state.free += unused;
        if self.is_closed() {
            // Nobody takes items any more: they stay in the batch and go with it.
            drop(state);
            let unwanted = batch.take();
            self.tally.left.add(unwanted.len());
            return drop_each(unwanted);
        }
        if self.weight.is_some() {
            state.finished += batch.items().count();
            state.weight += weight;
        }
        let before = state.queue.len();
        match batch {
            Batch::Plain(items) => state.queue.extend(items.drain(..)),
            Batch::Ticketed(made) => {
                for (ticket, made) in made.drain(..) {
                    state.set(ticket, made);
                }
            }
        }
        let consumer = if state.queue.len() > before { state.consumer.take() } else { None };
        let producers = self.wake_for_room(&mut state);
        drop(state);
        wake_each(consumer.into_iter().chain(producers));
    }

    /// Counts a producer out. The last one ends the output, cleanly unless one of them vanished.
    pub(super) fn leave(&self, vanished: bool) {
        let mut state = self.state.lock();
        state.open -= 1;
        state.broken |= vanished;
        let consumer = if state.open == 0 || vanished { state.consumer.take() } else { None };
        drop(state);
        consumer.into_iter().for_each(Waker::wake);
    }
}

impl<T> State<T> {
    /// Puts what ticket `ticket` has made in its slot, and moves what is next in turn to the queue.
    fn set(&mut self, ticket: u64, made: Made<T>) {
        let slot = usize::try_from(ticket - self.head).expect("the window is bounded by the permits");
        while self.window.len() <= slot {
            self.window.push_back(None);
        }
        self.window[slot] = Some(made);
        while let Some(Some(_)) = self.window.front() {
            match self.window.pop_front() {
                Some(Some(Some(item))) => self.queue.push_back(item),
                // A filtered item leaves no hole: its permit is free again.
                _ => self.free += 1,
            }
            self.head += 1;
        }
    }
}

impl<T: Send> Flush for Hop<T> {
    fn flush(&self) {
        if self.owed.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut state = self.state.lock();
        self.collect_owed(&mut state);
        let producers = self.wake_for_room(&mut state);
        drop(state);
        wake_each(producers);
    }
}
