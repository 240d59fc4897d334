//! The workers of a stage: tasks that share one input.

// For maintainers. The input is passed round like a baton. Only who holds it takes items, one at a time, so the input
// wakes exactly that worker, and nothing that was taken waits in anybody's hand. While work is quick the
// holder keeps it, and goes on alone: it is done sooner than another is woken. It lets go of it, and calls another,
// before work that may take long, as soon as work suspends, and when it gives way. Items are given tickets in
// the order of the input, by the holder.

#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::collections::VecDeque;
use std::collections::hash_map::{DefaultHasher, Entry, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::line::{Line, Unwanted};
use super::pace::{Next, Pace};
use super::port::Port;
use super::waiting::Waiting;
use super::{Inlet, Tally};
use crate::runtime::WaitsFor;
use crate::scope::{Wakes, drop_each, has_called, poll_go_on};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// In which order a boundary gives what its workers make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// In the order of the input.
    #[default]
    Ordered,
    /// As it is done.
    Unordered,
}

/// Tells an item's key, hashed: items of one key are worked on one after the other. Two keys with the
/// same hash only wait for each other without need.
pub type Key<In> = Arc<dyn Fn(&In) -> u64 + Send + Sync>;

/// What the workers of one stage share.
pub(super) struct Crew<In> {
    /// Keeps items of one key in order.
    key: Option<Key<In>>,
    /// True while items take little time, by what any of the workers saw last.
    quick: AtomicBool,
    state: Mutex<State<In>>,
    /// Told of items that were taken and never begun.
    tally: Tally,
}

/// An item that was taken and not begun.
pub(super) struct Taken<In> {
    /// Its place in the order of the input.
    pub(super) ticket: u64,
    /// Its key's hash; 0 where there are no keys.
    pub(super) key: u64,
    pub(super) item: In,
}

/// The input, and the right to take items of it.
struct Baton<In> {
    input: Inlet<In>,
    /// The next item's ticket.
    next: u64,
}

struct State<In> {
    /// While no worker holds it.
    baton: Option<Baton<In>>,
    /// Set when the input has ended.
    ended: bool,
    /// Items whose key has become free.
    ready: VecDeque<Taken<In>>,
    /// Those that wait for others of their key.
    held: Held<In>,
    /// Workers with nothing to do.
    idle: Waiting,
}

/// Items that wait for their key, which is busy from when an item of it is ready until that is done.
struct Held<In> {
    /// What waits for each busy key. Always the same hasher: a run must not depend on chance.
    by_key: HashMap<u64, VecDeque<Taken<In>>, BuildHasherDefault<DefaultHasher>>,
    /// How many wait.
    count: usize,
}

impl<In> Held<In> {
    /// Makes the item's key busy; keeps the item where it is so already.
    fn enter(&mut self, taken: Taken<In>) -> Option<Taken<In>> {
        match self.by_key.entry(taken.key) {
            Entry::Vacant(key) => {
                key.insert(VecDeque::new());
                Some(taken)
            }
            Entry::Occupied(mut key) => {
                key.get_mut().push_back(taken);
                self.count += 1;
                None
            }
        }
    }

    /// The next item of a key, of which one is done; without one the key is free.
    fn release(&mut self, key: u64) -> Option<Taken<In>> {
        let Entry::Occupied(mut waiting) = self.by_key.entry(key) else { return None };
        let next = waiting.get_mut().pop_front();
        match next {
            Some(_) => self.count -= 1,
            None => drop(waiting.remove()),
        }
        next
    }
}

impl<In> Crew<In> {
    fn new(workers: usize, baton: Option<Baton<In>>, key: Option<Key<In>>, tally: Tally) -> Self {
        let state = State {
            baton,
            ended: false,
            ready: VecDeque::new(),
            held: Held { by_key: HashMap::default(), count: 0 },
            idle: Waiting::new(workers),
        };
        Self { key, quick: AtomicBool::new(false), state: Mutex::new(state), tally }
    }

    /// Lets the next item of a key be worked on.
    fn release(&self, key: u64) {
        let mut state = self.state.lock();
        let next = state.held.release(key);
        state.ready.extend(next);
        // While work is quick this worker is the first to take it.
        let next = if self.is_quick() { Wakes::default() } else { state.call_next() };
        drop(state);
        next.call();
    }

    /// Calls an idle worker to what there is to do, and to the input where that is let go of.
    fn call(&self, baton: Option<Baton<In>>) {
        let mut state = self.state.lock();
        if baton.is_some() {
            state.baton = baton;
        }
        let next = state.call_next();
        drop(state);
        next.call();
    }

    /// The input has ended, and goes; all workers are to know.
    fn end(&self, baton: Option<Baton<In>>) {
        self.state.lock().ended = true;
        self.call(None);
        drop(baton);
    }

    fn is_quick(&self) -> bool {
        self.quick.load(Ordering::Relaxed)
    }
}

impl<In> Drop for Crew<In> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        let (ready, held) = (std::mem::take(&mut state.ready), std::mem::take(&mut state.held.by_key));
        drop(state);
        let waiting: Vec<_> = ready.into_iter().chain(held.into_values().flatten()).collect();
        self.tally.cancelled.add(waiting.len());
        drop_each(waiting);
    }
}

impl<In> State<In> {
    /// The worker to wake for what is there to do: an item, the input, or the end.
    fn call_next(&mut self) -> Wakes {
        if self.ready.is_empty() && self.baton.is_none() && !self.is_over() {
            return Wakes::default();
        }
        self.idle.call().into_iter().collect()
    }

    /// True once all items that will ever come have been begun.
    fn is_over(&self) -> bool {
        self.ended && self.ready.is_empty() && self.held.count == 0
    }
}

/// An item whose key is asked for. Where that panics it has been taken, and never begun.
struct Unbegun<'a, In> {
    taken: Option<Taken<In>>,
    tally: &'a Tally,
}

impl<In> Unbegun<'_, In> {
    fn tell_key(&mut self, key: &Key<In>) {
        if let Some(taken) = &mut self.taken {
            taken.key = key(&taken.item);
        }
    }
}

impl<In> Drop for Unbegun<'_, In> {
    fn drop(&mut self) {
        self.tally.cancelled.add(usize::from(self.taken.is_some()));
    }
}

/// Where one worker's items come from.
pub(super) struct Feed<In> {
    /// The input, while this worker has it.
    baton: Option<Baton<In>>,
    /// Whom it shares the input with, and which of them this is.
    crew: Option<(Arc<Crew<In>>, usize)>,
    /// True where what is made goes out by tickets; where items of one key go one after the other.
    ordered: bool,
    keyed: bool,
}

/// What a worker of several finds to do.
enum Turn<In> {
    /// To take items of the input.
    Baton(Baton<In>),
    /// To work on an item whose key has become free.
    Ready(Taken<In>),
    /// Nothing, for good.
    Over,
}

impl<In: Send + 'static> Feed<In> {
    /// For each of so many workers: one that is alone has the input to itself, several share it.
    pub(super) fn each(
        workers: usize,
        input: Inlet<In>,
        order: Order,
        key: Option<Key<In>>,
        tally: Tally,
    ) -> impl Iterator<Item = Self> + use<In> {
        let shared = workers > 1;
        let keyed = shared && key.is_some();
        // Items of one key come in order, whatever the others do.
        let ordered = shared && !keyed && order == Order::Ordered;
        let mut baton = Some(Baton { input, next: 0 });
        let crew = shared.then(|| Arc::new(Crew::new(workers, baton.take(), key, tally)));
        (0..workers).map(move |index| {
            let crew = crew.as_ref().map(|crew| (Arc::clone(crew), index));
            Self { baton: baton.take(), crew, ordered, keyed }
        })
    }

    pub(super) fn pace(&self) -> Pace {
        if self.crew.is_some() { Pace::in_crew() } else { Pace::new() }
    }

    /// Lets go of the input, and calls others to it, since this worker waits or gives way.
    #[inline(never)]
    pub(super) fn share(&mut self) {
        if let Some((crew, _)) = &self.crew {
            // With keys it may lie there since an item that was ready came first.
            if self.baton.is_some() || self.keyed {
                crew.call(self.baton.take());
            }
        }
    }

    /// Claims room and takes an item; `None` at the end of the input.
    #[inline(always)]
    pub(super) fn poll_take<T>(
        &mut self,
        line: &mut Line<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        if line.port.is_closed() {
            return Poll::Ready(Err(Unwanted));
        }
        if line.scope.is_cancelled() {
            return Poll::Pending;
        }
        let crew = self.crew.as_ref().map(|(crew, _)| &**crew);
        if crew.is_none_or(|crew| self.baton.is_some() && !self.keyed && crew.is_quick()) {
            match (ready!(poll_input(&mut self.baton, crew, line, cx))?, crew) {
                // It is not polled again.
                (None, Some(crew)) => crew.end(self.baton.take()),
                (taken, _) => return Poll::Ready(Ok(taken)),
            }
        }
        self.poll_crew(line, cx)
    }

    /// Takes an item as one of several workers, and calls others before it is worked on.
    #[inline(never)]
    fn poll_crew<T>(
        &mut self,
        line: &mut Line<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        let Some((crew, index)) = &self.crew else { unreachable!("it is one of a crew") };
        let taken = ready!(crew.poll_take(&mut self.baton, *index, line, cx))?;
        if taken.is_none() {
            crew.call(None);
        } else if !crew.is_quick() {
            // The work may block. Who is called needs room for what comes next.
            line.port.spare();
            crew.call(self.baton.take());
            if has_called() {
                line.scope.runtime().offer_woken();
            }
        }
        Poll::Ready(Ok(taken))
    }

    /// Tells the others whether items take little time, where this worker has seen something of that.
    #[inline]
    pub(super) fn learn(&self, quick: Option<bool>) {
        if let (Some((crew, _)), Some(quick)) = (&self.crew, quick) {
            crew.quick.store(quick, Ordering::Relaxed);
        }
    }

    /// Keeps what was made of an item, to be put.
    #[inline(always)]
    pub(super) fn put<T>(&self, port: &mut Port<T>, ticket: u64, made: Option<T>) {
        match made {
            made if self.ordered => port.push_ticketed(ticket, made),
            Some(made) => port.push(made),
            None => port.filter_out(),
        }
    }

    /// At the end of a chunk: shows what there is, and gives way when it is time to.
    #[inline(never)]
    pub(super) fn poll_turn<T>(&mut self, next: Next, line: &mut Line<T>, cx: &mut Context<'_>) -> Poll<()> {
        if next == Next::Show && line.scope.runtime().poll_budget(cx).is_ready() {
            line.port.turn(want(self.crew.as_ref().map(|(crew, _)| &**crew), &line.pace));
            line.pace.called();
            return Poll::Ready(());
        }
        if next == Next::GiveWay {
            cx.waker().wake_by_ref();
        }
        line.port.give_back();
        line.pace.waited();
        self.share();
        Poll::Pending
    }

    /// Lets the next item of this key begin.
    #[inline(always)]
    pub(super) fn release<T>(&self, port: &mut Port<T>, key: u64) {
        if let (true, Some((crew, _))) = (self.keyed, &self.crew) {
            // What was made is shown before: that keeps the order of the key.
            port.put();
            crew.release(key);
        }
    }
}

impl<In: Send + 'static> Crew<In> {
    /// Takes an item that is ready, or the baton and then one of the input; `None` at the end.
    fn poll_take<T>(
        &self,
        baton: &mut Option<Baton<In>>,
        index: usize,
        line: &mut Line<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        loop {
            // With keys an item may have become ready meanwhile.
            if baton.is_none() || self.key.is_some() {
                match ready!(self.poll_turn(baton.take(), index, line, cx))? {
                    Turn::Baton(taken) => *baton = Some(taken),
                    Turn::Ready(taken) => return Poll::Ready(Ok(Some(taken))),
                    Turn::Over => return Poll::Ready(Ok(None)),
                }
            }
            let Some(taken) = ready!(poll_input(baton, Some(self), line, cx))? else {
                self.end(baton.take());
                // Others may have items whose keys are busy.
                continue;
            };
            let Some(key) = &self.key else { return Poll::Ready(Ok(Some(taken))) };
            let mut taken = Unbegun { taken: Some(taken), tally: &self.tally };
            taken.tell_key(key);
            let free = taken.taken.take().and_then(|taken| self.state.lock().held.enter(taken));
            if free.is_some() {
                return Poll::Ready(Ok(free));
            }
            // Where all that comes waits for its key, this is a loop.
            if poll_go_on(cx).is_pending() {
                line.rest(WaitsFor::Turn, cx.waker())?;
                return Poll::Pending;
            }
        }
    }

    /// Waits until there is something to do for this worker, which may have the baton already.
    fn poll_turn<T>(
        &self,
        baton: Option<Baton<In>>,
        index: usize,
        line: &mut Line<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Turn<In>, Unwanted>> {
        let mut state = self.state.lock();
        // A worker that was polled unasked isn't idle any more: a call meant for one that is
        // would be lost on it.
        state.idle.leave(index);
        let turn = if let Some(taken) = state.ready.pop_front() {
            state.baton = baton.or_else(|| state.baton.take());
            Turn::Ready(taken)
        } else if state.is_over() {
            Turn::Over
        } else if let Some(baton) = baton.or_else(|| state.baton.take()) {
            return Poll::Ready(Ok(Turn::Baton(baton)));
        } else {
            let old = state.idle.enter(index, cx.waker());
            drop(state);
            drop(old);
            line.port.unpark();
            line.rest(WaitsFor::Turn, cx.waker())?;
            return Poll::Pending;
        };
        drop(state);
        line.port.unpark();
        Poll::Ready(Ok(turn))
    }
}

/// How much room to claim: for a chunk, but one by one what others may need as well.
fn want<In>(crew: Option<&Crew<In>>, pace: &Pace) -> usize {
    if crew.is_none_or(Crew::is_quick) { pace.chunk() } else { 1 }
}

/// Claims room and takes an item of the input; `None` at its end.
#[inline(always)]
fn poll_input<In: Send + 'static, T>(
    baton: &mut Option<Baton<In>>,
    crew: Option<&Crew<In>>,
    line: &mut Line<T>,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
    let Some(Baton { input, next }) = baton else { return Poll::Ready(Ok(None)) };
    if line.port.permits() == 0 {
        ready!(line.poll_room(want(crew, &line.pace), cx))?;
    }
    match input.poll_next(cx) {
        Poll::Ready(Some(item)) => {
            line.port.take_in();
            let ticket = *next;
            *next += 1;
            Poll::Ready(Ok(Some(Taken { ticket, key: 0, item })))
        }
        Poll::Ready(None) => Poll::Ready(Ok(None)),
        Poll::Pending => {
            line.rest(WaitsFor::Input, cx.waker())?;
            Poll::Pending
        }
    }
}
