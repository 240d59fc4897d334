//! The hop between two tasks: a bounded buffer that producers fill in chunks and one consumer empties
//! in chunks, with an exact bound. The README beside this file explains the protocol.

use std::collections::VecDeque;
use std::task::Waker;

use super::waiting::Waiting;
use super::{Tally, Weigh};
use crate::scope::{Flush, Wakes, drop_each};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

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

    fn items(&self) -> impl Iterator<Item = &T> {
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
///
/// In this order: what is only read lies apart from what is written for each item. An alignment would do it as
/// well, but memory that is aligned is dear to get.
#[repr(C)]
pub(super) struct Hop<T> {
    /// What both sides change, once for each chunk.
    pub(super) state: Mutex<State<T>>,
    /// What the consumer has taken out.
    pub(super) out: Out,
    /// Set when the consumer went; looked at before each user future starts.
    pub(super) closed: AtomicBool,
    /// Set under the lock, and before the first item, by a consumer that counts itself what it takes out, item by item.
    pub(super) consumer_counts: AtomicBool,
    /// True while a producer waits for room: such a consumer pays only then.
    pub(super) room_is_wanted: AtomicBool,
    /// Where the items have gone.
    pub(super) tally: Tally,
    /// The most weight of finished items, and how to weigh one.
    pub(super) weight: Option<(usize, Weigh<T>)>,
    /// True where one producer may keep all permits: there is nobody else to want them.
    pub(super) single: bool,
}

/// What the consumer has taken out so far, told by plain stores: nobody else writes here. Whoever pays for it notes
/// under the lock up to where that is. All numbers wrap.
#[derive(Default)]
#[repr(C)]
pub(super) struct Out {
    /// How many items.
    pub(super) items: AtomicUsize,
    /// The weight of these.
    pub(super) weight: AtomicUsize,
    /// How many of the items the consumer has paid for itself.
    pub(super) settled: AtomicUsize,
    /// True where the poll that goes on pays at its end.
    pub(super) noted: AtomicBool,
    /// A cache line, up to what is only read.
    _apart: [u64; 8],
}

pub(super) struct State<T> {
    /// Finished items, in the order in which they go out.
    pub(super) queue: Vec<T>,
    /// Finished items that wait for their turn: the slot of ticket `head + i` is at `i`.
    pub(super) window: VecDeque<Option<Made<T>>>,
    /// The ticket whose turn it is.
    head: u64,
    /// Permits nobody holds.
    free: usize,
    /// Up to where the items that were taken out have been paid for, and their weight.
    paid: usize,
    paid_weight: usize,
    /// The weight of the items that were finished and not taken out.
    weight: usize,
    /// How many these are; only counted where they are weighed.
    finished: usize,
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
    pub(super) fn new(producers: usize, room: Room<T>, tally: Tally) -> Self {
        let state = State {
            queue: Vec::new(),
            window: VecDeque::new(),
            head: 0,
            free: room.permits,
            paid: 0,
            paid_weight: 0,
            weight: 0,
            finished: 0,
            consumer: None,
            producers: Waiting::new(producers),
            open: producers,
            broken: false,
        };
        // Each producer may pass the most once: the sum must not overflow.
        let bound = usize::MAX / 2 / (producers + 1);
        let weight = room.weight.map(|(most, weigh)| (most.min(bound), weigh));
        let single = producers == 1 && weight.is_none();
        Self {
            state: Mutex::new(state),
            out: Out::default(),
            closed: AtomicBool::new(false),
            consumer_counts: AtomicBool::new(false),
            room_is_wanted: AtomicBool::new(false),
            tally,
            weight,
            single,
        }
    }

    /// The permits that a producer begins with: all, where there is no other.
    pub(super) fn claim_first(&self) -> usize {
        if self.single { std::mem::take(&mut self.state.lock().free) } else { 0 }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Gives back the permits, and the weight, of the items that were taken out since the last time.
    pub(super) fn collect_owed(&self, state: &mut State<T>) {
        let out = self.out.items.load(Ordering::SeqCst);
        let owed = out.wrapping_sub(std::mem::replace(&mut state.paid, out));
        if !self.consumer_counts.load(Ordering::Relaxed) {
            self.tally.delivered.add(owed);
        }
        state.free += owed;
        if self.weight.is_some() {
            state.finished -= owed;
            let out = self.out.weight.load(Ordering::SeqCst);
            let owed = out.wrapping_sub(std::mem::replace(&mut state.paid_weight, out));
            // A closure that weighs the same item differently each time must not fill the hop for good.
            state.weight = if state.finished == 0 { 0 } else { state.weight.saturating_sub(owed) };
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
            Some(_) => state.free.min(want).min(1),
            None => state.free.min(want),
        }
    }

    /// The producers to wake because there is room.
    pub(super) fn call_for_room(&self, state: &mut State<T>, called: &mut Wakes) {
        for _ in 0..self.room(state, usize::MAX) {
            let Some(waker) = state.producers.call() else {
                return self.room_is_wanted.store(false, Ordering::Relaxed);
            };
            called.add(waker);
        }
    }

    /// All that a producer has to do with the hop, under one lock: it gives what it has made, with the permits it
    /// doesn't need, and gets up to `want` others. Where it gets none, and brings a waker, it is called when there is
    /// room.
    pub(super) fn exchange(
        &self,
        index: usize,
        batch: &mut Batch<T>,
        unused: usize,
        want: usize,
        waker: Option<&Waker>,
    ) -> usize {
        // The user's closure runs without the lock.
        let weight: usize =
            if self.weight.is_some() { batch.items().map(|item| self.weigh(item)).sum() } else { 0 };
        let (mut called, mut old) = (Wakes::default(), None);
        let mut state = self.state.lock();
        state.free += unused;
        if self.is_closed() {
            // Nobody takes items any more.
            drop(state);
            let unwanted = batch.take();
            self.tally.left.add(unwanted.len());
            drop_each(unwanted);
            return 0;
        }
        if self.weight.is_some() {
            state.finished += batch.items().count();
            state.weight += weight;
        }
        if !batch.is_empty() {
            state.take_in(batch, &mut called);
        }
        self.collect_owed(&mut state);
        let mut granted = self.room(&state, want);
        if waker.is_some() && granted == 0 && self.consumer_counts.load(Ordering::Relaxed) {
            self.room_is_wanted.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            // After that: what was taken out in between is either seen here, or paid for by who has.
            self.collect_owed(&mut state);
            granted = self.room(&state, want);
        }
        state.free -= granted;
        match waker {
            Some(waker) if granted == 0 => old = state.producers.enter(index, waker),
            Some(_) => _ = state.producers.leave(index),
            None => {}
        }
        self.call_for_room(&mut state, &mut called);
        drop(state);
        drop(old);
        called.call();
        granted
    }

    /// The producer waits for room no more. Where it was called already, the next is called in its place.
    pub(super) fn unpark(&self, index: usize) {
        let mut called = Wakes::default();
        let mut state = self.state.lock();
        if !state.producers.leave(index) {
            self.call_for_room(&mut state, &mut called);
        }
        drop(state);
        called.call();
    }

    /// Has the producer woken when the consumer goes.
    pub(super) fn register(&self, index: usize, waker: &Waker) {
        let mut state = self.state.lock();
        let old = state.producers.register(index, waker);
        drop(state);
        drop(old);
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
    /// Takes in what a producer has made.
    fn take_in(&mut self, batch: &mut Batch<T>, called: &mut Wakes) {
        match batch {
            Batch::Plain(items) if self.queue.is_empty() => std::mem::swap(&mut self.queue, items),
            Batch::Plain(items) => self.queue.append(items),
            Batch::Ticketed(made) => made.drain(..).for_each(|(ticket, made)| self.set(ticket, made)),
        }
        if !self.queue.is_empty() {
            self.consumer.take().into_iter().for_each(|consumer| called.add(consumer));
        }
    }

    /// Moves what ticket `ticket` has made to the queue, and what it held up; or to its slot, where it is not its
    /// turn.
    fn set(&mut self, ticket: u64, made: Made<T>) {
        if ticket != self.head {
            let slot = usize::try_from(ticket - self.head).expect("the window is bounded by the permits");
            if self.window.len() <= slot {
                self.window.resize_with(slot + 1, || None);
            }
            self.window[slot] = Some(made);
            return;
        }
        // An empty slot stands for this ticket.
        self.window.pop_front();
        self.give(made);
        while let Some(made) = self.window.front_mut().and_then(Option::take) {
            self.window.pop_front();
            self.give(made);
        }
    }

    /// What is next in turn goes to the queue. A filtered item leaves no hole: its permit is free again.
    fn give(&mut self, made: Made<T>) {
        self.head += 1;
        match made {
            Some(item) => self.queue.push(item),
            None => self.free += 1,
        }
    }
}

impl<T: Send> Flush for Hop<T> {
    fn flush(&self) {
        self.out.noted.store(false, Ordering::Relaxed);
        let out = self.out.items.load(Ordering::Relaxed);
        if out == self.out.settled.load(Ordering::Relaxed) {
            return;
        }
        self.out.settled.store(out, Ordering::Relaxed);
        let mut called = Wakes::default();
        let mut state = self.state.lock();
        self.collect_owed(&mut state);
        self.call_for_room(&mut state, &mut called);
        drop(state);
        called.wake();
    }
}
