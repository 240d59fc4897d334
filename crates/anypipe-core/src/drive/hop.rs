//! The hop between two tasks: a bounded buffer that producers fill in chunks and one consumer empties
//! in chunks, with an exact bound. The README beside this file explains the protocol.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::error::RunError;
use crate::runtime::WaitsFor;
use crate::scope::{Flush, Scope, drop_each, flush_later, note_wait};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a worker has made of one item: a value, or nothing where the item was filtered out.
pub(super) type Made<T> = Option<T>;

/// The state between the producers and the consumer.
pub(super) struct Hop<T> {
    state: Mutex<State<T>>,
    /// Items that the consumer has taken out since it last gave permits back.
    owed: AtomicUsize,
    /// Set when the consumer went; looked at before each user future starts.
    closed: AtomicBool,
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
    /// The consumer, waiting for an item.
    consumer: Option<Waker>,
    /// The producers, by their index.
    producers: Vec<Producer>,
    /// Producers that have not finished.
    open: usize,
    /// Set when a producer went without finishing.
    broken: bool,
}

#[derive(Default)]
struct Producer {
    /// Wakes it when the consumer goes, and when there is room where it waits for that.
    waker: Option<Waker>,
    /// True while it waits for room.
    wants_room: bool,
}

/// A hop for `producers` tasks that holds `permits` items, those being made included.
pub(super) fn hop<T>(
    producers: usize,
    permits: usize,
    name: &str,
    scope: &Scope,
) -> (Vec<Port<T>>, Outlet<T>) {
    let hop = Arc::new(Hop::new(producers, permits));
    let ports = (0..producers).map(|index| Port::new(Arc::clone(&hop), index)).collect();
    let stage = (scope.clone(), name.to_owned());
    (ports, Outlet { hop, local: VecDeque::new(), stage: Some(stage), ended: false })
}

impl<T> Hop<T> {
    fn new(producers: usize, permits: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            window: VecDeque::new(),
            head: 0,
            free: permits,
            consumer: None,
            producers: (0..producers).map(|_| Producer::default()).collect(),
            open: producers,
            broken: false,
        };
        Self { state: Mutex::new(state), owed: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Claims up to `want` permits; where there are none the producer is parked for room.
    fn claim(&self, index: usize, want: usize, waker: &Waker) -> usize {
        let mut state = self.state.lock();
        state.free += self.owed.swap(0, Ordering::SeqCst);
        let got = state.free.min(want);
        state.free -= got;
        let producer = &mut state.producers[index];
        producer.wants_room = got == 0;
        if got == 0 {
            producer.set_waker(waker);
        }
        got
    }

    /// Has the producer woken when the consumer goes.
    fn register(&self, index: usize, waker: &Waker) {
        self.state.lock().producers[index].set_waker(waker);
    }

    /// Takes in what a producer has made, with the permits it doesn't need.
    fn put(&self, batch: &mut Batch<T>, unused: usize) {
        let mut state = self.state.lock();
        state.free += unused;
        if self.is_closed() {
            // Nobody takes items any more: they stay in the batch and go with it.
            drop(state);
            return drop_each(batch.take());
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
        let producers = state.room();
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

    /// The producers to wake because there is room.
    fn room(&mut self) -> Vec<Waker> {
        let free = self.free;
        let waiting = self.producers.iter_mut().filter(|producer| producer.wants_room);
        waiting
            .take(free)
            .filter_map(|producer| {
                producer.wants_room = false;
                producer.waker.clone()
            })
            .collect()
    }
}

impl Producer {
    fn set_waker(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

impl<T: Send> Flush for Hop<T> {
    fn flush(&self) {
        if self.owed.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut state = self.state.lock();
        state.free += self.owed.swap(0, Ordering::SeqCst);
        let producers = state.room();
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
    finished: bool,
}

impl<T> Port<T> {
    fn new(hop: Arc<Hop<T>>, index: usize) -> Self {
        let batch = Batch::Plain(Vec::new());
        Self { hop, index, permits: 0, batch, registered: None, finished: false }
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

    /// An item now holds one of the permits.
    pub(super) fn use_permit(&mut self) {
        self.permits -= 1;
    }

    /// An item that held a permit was filtered out.
    pub(super) fn free_permit(&mut self) {
        self.permits += 1;
    }

    /// Keeps an item to be put, in the order of these calls.
    pub(super) fn push(&mut self, item: T) {
        match &mut self.batch {
            Batch::Plain(items) => items.push(item),
            Batch::Ticketed(_) => unreachable!("one port never mixes the two"),
        }
    }

    /// Keeps what was made of the item with this ticket.
    pub(super) fn push_ticketed(&mut self, ticket: u64, made: Made<T>) {
        match &mut self.batch {
            Batch::Ticketed(batch) => batch.push((ticket, made)),
            Batch::Plain(items) if items.is_empty() => self.batch = Batch::Ticketed(vec![(ticket, made)]),
            Batch::Plain(_) => unreachable!("one port never mixes the two"),
        }
    }

    /// Puts what was made.
    pub(super) fn put(&mut self) {
        if !self.batch.is_empty() {
            self.hop.put(&mut self.batch, 0);
        }
    }

    /// Puts what was made and gives unused permits back: what must happen before the task waits.
    /// Has the task woken when the consumer goes. `true` where the consumer has gone.
    pub(super) fn rest(&mut self, cx: &mut Context<'_>) -> bool {
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
        let unused = std::mem::take(&mut self.permits);
        self.hop.put(&mut self.batch, unused);
        self.finished = true;
    }
}

impl<T> Drop for Port<T> {
    fn drop(&mut self) {
        self.hop.leave(!self.finished);
        drop_each(self.batch.take());
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
        if self.hop.owed.fetch_add(1, Ordering::SeqCst) == 0 {
            flush_later(Arc::clone(&self.hop) as Arc<dyn Flush>);
        }
        Some(item)
    }

    /// Takes all there is from the hop; `Ready` where there is something, or the end.
    fn fetch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.hop.state.lock();
        state.free += self.hop.owed.swap(0, Ordering::SeqCst);
        let producers = state.room();
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
        let wakers: Vec<_> =
            state.producers.iter_mut().filter_map(|producer| producer.waker.take()).collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        let local = std::mem::take(&mut self.local);
        let waiting = window.into_iter().flatten().flatten();
        drop_each(local.into_iter().chain(queue).chain(waiting));
    }
}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("ended", &self.ended).finish_non_exhaustive()
    }
}
