//! The workers of a stage: tasks that share one input.

// For maintainers. The input is passed round like a baton. Only who holds it polls the input, so the input
// wakes exactly that worker; who has taken items from it puts it back, and wakes an idle worker to
// take it over, before working on the first of them. Items that were taken and not started lie in
// `ready`, in sight of all, so none of them waits behind a busy worker: others are called to them
// before work that may take long, and as soon as work suspends. Items are given tickets in
// the order of the input, by the holder.

use std::collections::VecDeque;
use std::collections::hash_map::{DefaultHasher, Entry, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::line::{Line, Unwanted};
use super::waiting::Waiting;
use super::{BoxInput, Tally};
use crate::runtime::WaitsFor;
use crate::scope::{drop_each, note_wait, poll_go_on};
use crate::sync::Mutex;

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
    order: Order,
    /// Keeps items of one key in order.
    key: Option<Key<In>>,
    state: Mutex<State<In>>,
    /// Told of items that were taken and never begun.
    tally: Arc<Tally>,
}

/// An item that was taken and not begun.
pub(super) struct Taken<In> {
    /// Its place in the order of the input.
    pub(super) ticket: u64,
    /// Its key's hash; 0 where there are no keys.
    pub(super) key: u64,
    pub(super) item: In,
    /// True where nobody is called before the work on it: others are when it suspends.
    pub(super) alone: bool,
}

struct State<In> {
    /// The input, while no worker holds it.
    input: Option<BoxInput<In>>,
    /// Set when the input has ended.
    ended: bool,
    /// Items that were taken and not started, with their tickets and permits; of each key one at the most.
    ready: VecDeque<Taken<In>>,
    /// Those that wait for others of their key.
    held: Held<In>,
    /// The next item's ticket.
    next: u64,
    /// True while items take little time, by what any of the workers saw last.
    quick: bool,
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
    /// The feeds of so many workers on one input.
    pub(super) fn feeds(
        workers: usize,
        input: BoxInput<In>,
        order: Order,
        key: Option<Key<In>>,
        tally: Arc<Tally>,
    ) -> Vec<Feed<In>> {
        let state = State {
            input: Some(input),
            ended: false,
            ready: VecDeque::new(),
            held: Held { by_key: HashMap::default(), count: 0 },
            next: 0,
            quick: false,
            idle: Waiting::new(workers),
        };
        let crew = Arc::new(Self { order, key, state: Mutex::new(state), tally });
        (0..workers).map(|index| Feed::Crew { crew: Arc::clone(&crew), index, held: None }).collect()
    }

    /// Lets the next item of a key be worked on.
    fn release(&self, key: u64) {
        let mut state = self.state.lock();
        let next = state.held.release(key);
        state.ready.extend(next);
        // While work is quick this worker is the first to take it.
        let next = if state.quick { None } else { state.call_next() };
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }

    /// Calls an idle worker to what there is to do.
    fn share(&self) {
        let next = self.state.lock().call_next();
        next.into_iter().for_each(Waker::wake);
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

/// Items on their way from the input to `ready`, with their keys. Those that don't get there, since the
/// input or the closure of the keys has panicked, are counted.
struct Haul<'a, In> {
    crew: &'a Crew<In>,
    items: Vec<(u64, In)>,
}

impl<In> Haul<'_, In> {
    fn keep(&mut self, item: In) -> &mut (u64, In) {
        self.items.push((0, item));
        self.items.last_mut().expect("one was pushed")
    }
}

impl<In> Drop for Haul<'_, In> {
    fn drop(&mut self) {
        self.crew.tally.cancelled.add(self.items.len());
        drop_each(self.items.drain(..));
    }
}

impl<In> State<In> {
    /// The worker to wake for what is there to do: an item, the input, or the end.
    fn call_next(&mut self) -> Option<Waker> {
        if self.ready.is_empty() && self.input.is_none() && !self.is_over() {
            return None;
        }
        self.idle.call()
    }

    /// True once all items that will ever come have been begun.
    fn is_over(&self) -> bool {
        self.ended && self.ready.is_empty() && self.held.count == 0
    }
}

/// Where one worker's items come from.
pub(super) enum Feed<In> {
    /// The input is its own.
    Alone {
        input: BoxInput<In>,
        /// The next item's ticket.
        next: u64,
    },
    /// The input is shared.
    Crew {
        crew: Arc<Crew<In>>,
        /// Which of the workers this is.
        index: usize,
        /// The input, while this worker holds it.
        held: Option<BoxInput<In>>,
    },
}

impl<In: Send + 'static> Feed<In> {
    /// Claims room and takes an item; `None` at the end of the input.
    pub(super) fn poll_take<T>(
        &mut self,
        line: &mut Line<'_, T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        line.pace.begin();
        match self {
            Self::Alone { input, next } => poll_alone(input, next, line, cx),
            Self::Crew { crew, index, held } => crew.poll_take(held, *index, line, cx),
        }
    }

    /// Calls others to what there is to do, since this worker waits.
    pub(super) fn share(&mut self) {
        if let Self::Crew { crew, .. } = self {
            crew.share();
        }
    }

    /// Keeps what was made of an item, to be put.
    pub(super) fn put<T>(&mut self, line: &mut Line<'_, T>, ticket: u64, made: Option<T>) {
        match (&*self, made) {
            (Self::Crew { crew, .. }, made) if crew.order == Order::Ordered => {
                line.port.push_ticketed(ticket, made);
            }
            (_, Some(made)) => line.port.push(made),
            (_, None) => line.port.filter_out(),
        }
        if self.is_keyed() {
            // Shown before the next of its key begins: that keeps their order.
            line.port.put();
        }
    }

    /// Lets the next item of this key begin.
    pub(super) fn release(&mut self, key: u64) {
        if let (true, Self::Crew { crew, .. }) = (self.is_keyed(), &*self) {
            crew.release(key);
        }
    }

    fn is_keyed(&self) -> bool {
        matches!(self, Self::Crew { crew, .. } if crew.key.is_some())
    }
}

fn poll_alone<In, T>(
    input: &mut BoxInput<In>,
    next: &mut u64,
    line: &mut Line<'_, T>,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
    if line.port.is_closed() {
        return Poll::Ready(Err(Unwanted));
    }
    if line.scope.is_cancelled() {
        return Poll::Pending;
    }
    if line.port.poll_claim(cx, line.pace.chunk()).is_pending() {
        line.pace.waited();
        return Poll::Pending;
    }
    if line.port.is_closed() {
        return Poll::Ready(Err(Unwanted));
    }
    match input.as_mut().poll_next(cx) {
        Poll::Ready(Some(item)) => {
            line.port.take_in();
            let ticket = *next;
            *next += 1;
            Poll::Ready(Ok(Some(Taken { ticket, key: 0, item, alone: false })))
        }
        Poll::Ready(None) => Poll::Ready(Ok(None)),
        Poll::Pending => {
            note_wait(WaitsFor::Input);
            line.rest(cx)
        }
    }
}

impl<In: Send + 'static> Crew<In> {
    /// Takes an item that is ready, or the baton and then items of the input; `None` at the end.
    fn poll_take<T>(
        &self,
        held: &mut Option<BoxInput<In>>,
        index: usize,
        line: &mut Line<'_, T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        loop {
            if line.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            if line.scope.is_cancelled() {
                return Poll::Pending;
            }
            let mut state = self.state.lock();
            // A worker that was polled unasked isn't idle any more: a call meant for one that is
            // would be lost on it.
            state.idle.leave(index);
            state.quick = line.pace.learned().unwrap_or(state.quick);
            let found = state.ready.pop_front();
            if found.is_some() || state.is_over() {
                if let Some(input) = held.take() {
                    state.input = Some(input);
                }
                // Quick work is done sooner than another worker is woken: others are called when it
                // suspends. Work that nothing is known of may block, so they are called before it.
                let alone = found.is_some() && state.quick;
                let next = if alone { None } else { state.call_next() };
                drop(state);
                line.port.unpark();
                if !alone {
                    // Who is called needs room for what comes next.
                    line.port.give_back();
                }
                next.into_iter().for_each(Waker::wake);
                return Poll::Ready(Ok(found.map(|taken| Taken { alone, ..taken })));
            }
            let Some(input) = held.take().or_else(|| state.input.take()) else {
                let old = state.idle.enter(index, cx.waker());
                drop(state);
                drop(old);
                line.port.unpark();
                note_wait(WaitsFor::Turn);
                return line.rest(cx);
            };
            drop(state);
            *held = Some(input);
            ready!(self.poll_input(held, line, cx))?;
        }
    }

    /// Takes items of the input, for all workers, and then lets go of it.
    fn poll_input<T>(
        &self,
        held: &mut Option<BoxInput<In>>,
        line: &mut Line<'_, T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Unwanted>> {
        let Some(input) = held else { return Poll::Ready(Ok(())) };
        // Where all that is ready waits for its key, this is a loop.
        if self.key.is_some() && poll_go_on(cx).is_pending() {
            return line.rest(cx);
        }
        if line.port.poll_claim(cx, line.pace.chunk()).is_pending() {
            line.pace.waited();
            return Poll::Pending;
        }
        let mut taken = Haul { crew: self, items: Vec::new() };
        let mut ended = false;
        while line.port.permits() > 0 && !ended {
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    line.port.take_in();
                    let item = taken.keep(item);
                    item.0 = self.key.as_ref().map_or(0, |key| key(&item.1));
                    if line.port.permits() > 0 && line.pace.takes_long(taken.items.len()) {
                        break;
                    }
                }
                Poll::Ready(None) => ended = true,
                Poll::Pending => break,
            }
        }
        // Others are called to what was slow to come.
        line.pace.look();
        if taken.items.is_empty() && !ended {
            if line.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            note_wait(WaitsFor::Input);
            return line.rest(cx);
        }
        let input = held.take();
        let mut state = self.state.lock();
        for (key, item) in taken.items.drain(..) {
            let ticket = state.next;
            state.next += 1;
            let taken = Taken { ticket, key, item, alone: false };
            let ready = if self.key.is_some() { state.held.enter(taken) } else { Some(taken) };
            state.ready.extend(ready);
        }
        state.ended = ended;
        let over = if ended { input } else { std::mem::replace(&mut state.input, input) };
        drop(state);
        drop(over);
        Poll::Ready(Ok(()))
    }
}
