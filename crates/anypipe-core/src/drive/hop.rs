//! The hop between two tasks: a bounded buffer that producers fill in chunks and one consumer empties
//! in chunks, with an exact bound. The README beside this file explains the protocol.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::Tally;
use super::waiting::Producers;
use crate::error::RunError;
use crate::runtime::WaitsFor;
use crate::scope::{Flush, Scope, drop_each, flush_later, note_wait};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a worker has made of one item: a value, or nothing where the item was filtered out.
pub(super) type Made<T> = Option<T>;

/// How much a hop holds.
pub(super) struct Room<T> {
    /// The most items, those being made included.
    pub(super) permits: usize,
    /// The most weight of finished items, and how to weigh one.
    pub(super) weight: Option<(usize, Weigh<T>)>,
}

/// Tells an item's weight.
pub type Weigh<T> = Arc<dyn Fn(&T) -> usize + Send + Sync>;

/// The state between the producers and the consumer.
pub(super) struct Hop<T> {
    state: Mutex<State<T>>,
    /// Items that the consumer has taken out since it last gave permits back.
    owed: AtomicUsize,
    /// Set when the consumer went; looked at before each user future starts.
    closed: AtomicBool,
    /// The weight of those items.
    owed_weight: AtomicUsize,
    /// Where the items have gone.
    tally: Arc<Tally>,
    /// The most weight of finished items, and how to weigh one.
    weight: Option<(usize, Weigh<T>)>,
}

struct State<T> {
    /// Finished items, in the order in which they go out.
    queue: VecDeque<T>,
    /// Finished items that wait for their turn: the slot of ticket `head + i` is at `i`.
    window: VecDeque<Option<Made<T>>>,
    /// The ticket whose turn it is.
    head: u64,
    /// Permits nobody holds.
    free: usize,
    /// The weight of the items that were finished and not taken out.
    weight: usize,
    /// The consumer, waiting for an item.
    consumer: Option<Waker>,
    /// The producers, by their index.
    producers: Producers,
    /// Producers that have not finished.
    open: usize,
    /// Set when a producer went without finishing.
    broken: bool,
}

/// A hop for `producers` tasks that holds `permits` items, those being made included.
pub(super) fn hop<T>(
    producers: usize,
    room: Room<T>,
    name: Cow<'static, str>,
    scope: &Scope,
) -> (Vec<Port<T>>, Outlet<T>) {
    let stage = (scope.clone(), name.to_string());
    let tally = Arc::new(Tally::new(name));
    scope.controls().count(Arc::clone(&tally));
    let hop = Arc::new(Hop::new(producers, room, tally));
    let ports = (0..producers).map(|index| Port::new(Arc::clone(&hop), index)).collect();
    (ports, Outlet { hop, local: VecDeque::new(), stage: Some(stage), ended: false })
}

impl<T> Hop<T> {
    fn new(producers: usize, room: Room<T>, tally: Arc<Tally>) -> Self {
        let state = State {
            queue: VecDeque::new(),
            window: VecDeque::new(),
            head: 0,
            free: room.permits,
            weight: 0,
            consumer: None,
            producers: Producers::new(producers),
            open: producers,
            broken: false,
        };
        let (owed, owed_weight) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (state, closed) = (Mutex::new(state), AtomicBool::new(false));
        Self { state, owed, closed, owed_weight, tally, weight: room.weight }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Gives back the permits, and the weight, of the items that were taken out since the last time.
    fn collect_owed(&self, state: &mut State<T>) {
        let owed = self.owed.swap(0, Ordering::SeqCst);
        self.tally.delivered.add(owed);
        state.free += owed;
        if self.weight.is_some() {
            state.weight -= self.owed_weight.swap(0, Ordering::SeqCst);
        }
    }

    fn weigh(&self, item: &T) -> usize {
        self.weight.as_ref().map_or(0, |(_, weigh)| weigh(item))
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
    fn wake_for_room(&self, state: &mut State<T>) -> Vec<Waker> {
        let room = self.room(state, usize::MAX);
        state.producers.call(room)
    }

    /// Claims up to `want` permits; where there are none the producer is parked for room.
    fn claim(&self, index: usize, want: usize, waker: &Waker) -> usize {
        let mut state = self.state.lock();
        self.collect_owed(&mut state);
        let got = self.room(&state, want);
        state.free -= got;
        if got == 0 {
            state.producers.wait_for_room(index, waker);
        } else {
            state.producers.has_room(index);
        }
        got
    }

    /// Has the producer woken when the consumer goes.
    fn register(&self, index: usize, waker: &Waker) {
        self.state.lock().producers.register(index, waker);
    }

    /// Takes in what a producer has made, with the permits it doesn't need.
    fn put(&self, batch: &mut Batch<T>, unused: usize) {
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
        state.weight += weight;
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
        consumer.into_iter().chain(producers).for_each(Waker::wake);
    }

    /// Counts a producer out. The last one ends the output, cleanly unless one of them vanished.
    fn leave(&self, vanished: bool) {
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
        producers.into_iter().for_each(Waker::wake);
    }
}

/// What a producer has made and not yet put.
enum Batch<T> {
    /// In the order in which it was made.
    Plain(Vec<T>),
    /// By the tickets of the items it was made of.
    Ticketed(Vec<(u64, Made<T>)>),
}

impl<T> Batch<T> {
    fn is_empty(&self) -> bool {
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

    fn take(&mut self) -> Vec<T> {
        match self {
            Self::Plain(items) => std::mem::take(items),
            Self::Ticketed(made) => std::mem::take(made).into_iter().filter_map(|(_, made)| made).collect(),
        }
    }
}

/// A producer's end of a hop: permits, and what it has made.
///
/// Dropped without [`finish`](Port::finish) it vanishes, and the output is broken.
pub(super) struct Port<T> {
    hop: Arc<Hop<T>>,
    /// Which of the producers this is.
    index: usize,
    /// Permits that are claimed and that no item holds yet.
    permits: usize,
    /// What was made and not put yet.
    batch: Batch<T>,
    /// The waker that the hop knows for the consumer's going.
    registered: Option<Waker>,
    /// Items taken, and filtered out, since the last count.
    taken: usize,
    filtered: usize,
    /// True while an item is being worked on.
    busy: bool,
    /// Set by `finish`.
    finished: bool,
}

impl<T> Port<T> {
    fn new(hop: Arc<Hop<T>>, index: usize) -> Self {
        let batch = Batch::Plain(Vec::new());
        let (registered, busy, finished) = (None, false, false);
        Self { hop, index, permits: 0, batch, registered, taken: 0, filtered: 0, busy, finished }
    }

    /// True once nobody takes the output any more.
    pub(super) fn is_closed(&self) -> bool {
        self.hop.is_closed()
    }

    /// Claims permits, `want` at the most and one at the least, unless it holds some already.
    pub(super) fn poll_claim(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<()> {
        if self.permits > 0 {
            return Poll::Ready(());
        }
        // Those who wait for room must not hold back what others wait for.
        self.put();
        self.permits = self.hop.claim(self.index, want, cx.waker());
        if self.permits > 0 {
            return Poll::Ready(());
        }
        self.registered = Some(cx.waker().clone());
        // After the entry: what the consumer has done in between is seen here.
        if self.hop.owed.load(Ordering::SeqCst) > 0 {
            self.permits = self.hop.claim(self.index, want, cx.waker());
        }
        if self.permits > 0 || self.is_closed() {
            return Poll::Ready(());
        }
        note_wait(WaitsFor::Room);
        Poll::Pending
    }

    /// How many permits it holds that no item has.
    pub(super) fn permits(&self) -> usize {
        self.permits
    }

    /// An item was taken, and now holds one of the permits.
    pub(super) fn take_in(&mut self) {
        self.permits -= 1;
        self.taken += 1;
    }

    /// The work on an item begins.
    pub(super) fn begin(&mut self) {
        self.busy = true;
    }

    /// An item that held a permit was filtered out.
    pub(super) fn filter_out(&mut self) {
        self.busy = false;
        self.permits += 1;
        self.filtered += 1;
    }

    /// What is told of items that were taken and never begun.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.hop.tally)
    }

    fn count(&mut self) {
        self.hop.tally.taken.add(std::mem::take(&mut self.taken));
        self.hop.tally.filtered.add(std::mem::take(&mut self.filtered));
    }

    /// Keeps an item to be put, in the order of these calls.
    pub(super) fn push(&mut self, item: T) {
        self.busy = false;
        match &mut self.batch {
            Batch::Plain(items) => items.push(item),
            Batch::Ticketed(_) => unreachable!("one port never mixes the two"),
        }
        self.put_if_weighed();
    }

    /// Keeps what was made of the item with this ticket.
    pub(super) fn push_ticketed(&mut self, ticket: u64, made: Made<T>) {
        self.busy = false;
        self.filtered += usize::from(made.is_none());
        match &mut self.batch {
            Batch::Ticketed(batch) => batch.push((ticket, made)),
            Batch::Plain(items) if items.is_empty() => self.batch = Batch::Ticketed(vec![(ticket, made)]),
            Batch::Plain(_) => unreachable!("one port never mixes the two"),
        }
        self.put_if_weighed();
    }

    /// A weight counts from when it is known.
    fn put_if_weighed(&mut self) {
        if self.hop.weight.is_some() {
            self.put();
        }
    }

    /// Puts what was made.
    pub(super) fn put(&mut self) {
        self.count();
        if !self.batch.is_empty() {
            self.hop.put(&mut self.batch, 0);
        }
    }

    /// Puts what was made and gives unused permits back: what must happen before the task waits.
    /// Has the task woken when the consumer goes. `true` where the consumer has gone.
    pub(super) fn rest(&mut self, cx: &mut Context<'_>) -> bool {
        self.count();
        if self.permits > 0 || !self.batch.is_empty() {
            let unused = std::mem::take(&mut self.permits);
            self.hop.put(&mut self.batch, unused);
        }
        if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.hop.register(self.index, cx.waker());
            self.registered = Some(cx.waker().clone());
        }
        // After the entry: a consumer that went in between has either seen it or is seen here.
        self.is_closed()
    }

    /// Ends this producer's output cleanly.
    pub(super) fn finish(mut self) {
        self.count();
        let unused = std::mem::take(&mut self.permits);
        self.hop.put(&mut self.batch, unused);
        self.finished = true;
    }
}

impl<T> Drop for Port<T> {
    fn drop(&mut self) {
        self.count();
        if self.busy {
            let panicked = std::thread::panicking();
            let ended = if panicked { &self.hop.tally.errored } else { &self.hop.tally.cancelled };
            ended.add(1);
        }
        let unwanted = self.batch.take();
        self.hop.tally.left.add(unwanted.len());
        self.hop.leave(!self.finished);
        drop_each(unwanted);
    }
}

/// The consumer's end of a hop: the stream that comes out of a boundary.
///
/// A producer that vanished fails the run; the stream itself then stays pending, so that nobody
/// takes it for the end.
pub struct Outlet<T> {
    hop: Arc<Hop<T>>,
    /// Items taken from the hop, that still hold their permits.
    local: VecDeque<T>,
    /// The scope that fails where a producer vanished, and the stage's name.
    stage: Option<(Scope, String)>,
    /// Set once the end was seen.
    ended: bool,
}

// The items are only ever moved.
impl<T> Unpin for Outlet<T> {}

impl<T: Send + 'static> Outlet<T> {
    /// Gives an item out, whose permit is then owed.
    fn give(&mut self) -> Option<T> {
        let item = self.local.pop_front()?;
        if self.hop.weight.is_some() {
            self.hop.owed_weight.fetch_add(self.hop.weigh(&item), Ordering::SeqCst);
        }
        if self.hop.owed.fetch_add(1, Ordering::SeqCst) == 0 {
            flush_later(Arc::clone(&self.hop) as Arc<dyn Flush>);
        }
        Some(item)
    }

    /// Takes all there is from the hop; `Ready` where there is something, or the end.
    fn fetch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.hop.state.lock();
        self.hop.collect_owed(&mut state);
        let producers = self.hop.wake_for_room(&mut state);
        std::mem::swap(&mut state.queue, &mut self.local);
        let broken = state.broken;
        let mut old = None;
        let mut ready = true;
        if self.local.is_empty() {
            self.ended = state.open == 0 && !broken;
            ready = self.ended;
            if !ready {
                old = state.consumer.replace(cx.waker().clone());
            }
        }
        drop(state);
        drop(old);
        producers.into_iter().for_each(Waker::wake);
        if self.local.is_empty() && broken {
            if let Some((scope, name)) = self.stage.take() {
                // A task that panicked or was cancelled has failed the scope before this.
                if !scope.is_cancelled() {
                    scope.fail(RunError::broken(name));
                }
            }
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T: Send + 'static> Stream for Outlet<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            if let Some(item) = self.give() {
                return Poll::Ready(Some(item));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            if self.fetch(cx).is_pending() {
                note_wait(WaitsFor::Input);
                return Poll::Pending;
            }
        }
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        let mut state = self.hop.state.lock();
        self.hop.closed.store(true, Ordering::SeqCst);
        let queue = std::mem::take(&mut state.queue);
        let window = std::mem::take(&mut state.window);
        let wakers = state.producers.take_all();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        let local = std::mem::take(&mut self.local);
        self.hop.collect_owed(&mut self.hop.state.lock());
        let waiting = window.into_iter().flatten().flatten();
        let unwanted: Vec<_> = local.into_iter().chain(queue).chain(waiting).collect();
        self.hop.tally.left.add(unwanted.len());
        drop_each(unwanted);
    }
}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("ended", &self.ended).finish_non_exhaustive()
    }
}
