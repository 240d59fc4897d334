//! The hop between two tasks: a bounded buffer that producers fill in chunks and one consumer empties
//! in chunks, with an exact bound. The README beside this file explains the protocol.

use std::task::Waker;

use super::books::Books;
use super::ledger::{Ask, Board, Calls, Ledger};
use super::{Tally, Weigh};
use crate::scope::{ChangeReason, Flush, Refused, Resize, Scope, Size, TaskName, WorkerChange, drop_items};
use crate::sync::Mutex;

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

    /// What was made last.
    fn last(&self) -> Option<&T> {
        match self {
            Self::Plain(items) => items.last(),
            Self::Ticketed(made) => made.last()?.1.as_ref(),
        }
    }

    pub(super) fn take(&mut self) -> Vec<T> {
        match self {
            Self::Plain(items) => std::mem::take(items),
            Self::Ticketed(made) => {
                let mut items = Vec::new();
                made.reverse();
                while let Some((_, made)) = made.pop() {
                    items.extend(made);
                }
                items
            }
        }
    }
}

/// How much a hop holds.
pub(super) struct Room<T> {
    /// True where there is to be one producer for good.
    pub(super) one_task: bool,
    /// True where there are to be as many producers as are worth having.
    pub(super) steered: bool,
    /// The most items, those being made included.
    pub(super) permits: usize,
    /// The most weight of finished items, and how to weigh one.
    pub(super) weight: Option<(usize, Weigh<T>)>,
}

/// The state between the producers and the consumer.
#[repr(C)]
pub(super) struct Hop<T> {
    /// What both sides change, once for each chunk.
    pub(super) state: Mutex<State<T>>,
    /// What they look at for each item.
    pub(super) board: Board,
    /// Weighs finished items, where that is asked for.
    scales: Option<Box<Scales<T>>>,
}

struct Scales<T> {
    weigh: Weigh<T>,
    /// More than this makes no difference.
    most: usize,
}

pub(super) struct State<T> {
    pub(super) ledger: Ledger,
    /// Finished items, in the order in which they go out.
    pub(super) queue: Vec<T>,
    /// Finished items that wait for their turn: ticket by ticket, round and round. As many as a power of two, and
    /// more than any ticket is ahead.
    window: Vec<Option<Made<T>>>,
    /// The ticket whose turn it is.
    head: u64,
}

impl<T> Hop<T> {
    pub(super) fn new(producers: usize, room: Room<T>, tally: Tally, of: (Scope, TaskName)) -> Self {
        // Each producer may pass the most once: the sum must not overflow.
        let bound = usize::MAX / 2 / (producers + 1);
        let scales = room.weight.map(|(most, weigh)| Box::new(Scales { weigh, most: most.min(bound) }));
        let most_weight = scales.as_ref().map(|scales| scales.most);
        let ledger = Ledger::new(producers, room.permits, most_weight, room.steered);
        let state = State { ledger, queue: Vec::new(), window: Vec::new(), head: 0 };
        Self { state: Mutex::new(state), board: Board::new(room.one_task, tally, of), scales }
    }

    /// True where finished items are weighed.
    #[inline]
    pub(super) fn is_weighed(&self) -> bool {
        self.scales.is_some()
    }

    /// An item's weight, where items are weighed.
    pub(super) fn weigh(&self, item: &T) -> Option<usize> {
        self.scales.as_ref().map(|scales| (scales.weigh)(item).min(scales.most))
    }

    /// All that a producer has to do with the hop, under one lock: it gives what it has made, with the permits it
    /// doesn't need, and gets up to `want` others. Where it gets none, and brings a waker, it is called when there is
    /// room.
    pub(super) fn exchange(&self, ask: &Ask<'_>, batch: &mut Batch<T>) -> usize {
        // The user's closure runs without the lock. What is weighed is put item by item.
        let weighed = if self.is_weighed() { batch.last().and_then(|item| self.weigh(item)) } else { None };
        let mut calls = Calls::default();
        let mut state = self.state.lock();
        state.ledger.give_back(ask.unused);
        if self.board.is_closed() {
            // Nobody takes items any more.
            drop(state);
            self.drop_unwanted(batch.take());
            return 0;
        }
        let shown = !batch.is_empty() && state.take_in(batch);
        let granted = state.ledger.exchange(&self.board, ask, weighed, shown, &mut calls);
        drop(state);
        calls.make();
        granted
    }

    /// Drops items that nobody takes any more, and counts them.
    pub(super) fn drop_unwanted(&self, items: Vec<T>) {
        if items.is_empty() {
            return;
        }
        self.board.tally.left.add(items.len());
        drop_items(items);
    }

    /// For all that needs no items.
    pub(super) fn books(&self) -> &(dyn Books + '_) {
        self
    }

    /// What is made from now on goes out by tickets, from this one on.
    pub(super) fn begin_at(&self, ticket: u64) {
        self.state.lock().head = ticket;
    }
}

impl<T> State<T> {
    /// Takes in what a producer has made; `true` where there is something for the consumer.
    fn take_in(&mut self, batch: &mut Batch<T>) -> bool {
        match batch {
            Batch::Plain(items) if self.queue.is_empty() => std::mem::swap(&mut self.queue, items),
            Batch::Plain(items) => self.queue.append(items),
            Batch::Ticketed(made) => {
                made.reverse();
                while let Some((ticket, made)) = made.pop() {
                    self.set(ticket, made);
                }
            }
        }
        !self.queue.is_empty()
    }

    /// Moves what ticket `ticket` has made to the queue, and what it held up; or to its slot, where it is not its
    /// turn.
    fn set(&mut self, ticket: u64, made: Made<T>) {
        if ticket != self.head {
            while ticket - self.head >= self.window.len() as u64 {
                self.widen();
            }
            let slot = slot(ticket, self.window.len());
            self.window[slot] = Some(made);
            return;
        }
        self.give(made);
        while !self.window.is_empty() {
            let slot = slot(self.head, self.window.len());
            let Some(made) = self.window[slot].take() else { return };
            self.give(made);
        }
    }

    /// Makes the window twice as wide. It is bounded by the permits.
    #[cold]
    fn widen(&mut self) {
        let mut window = std::mem::take(&mut self.window);
        for _ in 0..(window.len() * 2).max(1) {
            self.window.push(None);
        }
        for ticket in self.head..self.head + window.len() as u64 {
            let (from, to) = (slot(ticket, window.len()), slot(ticket, self.window.len()));
            self.window[to] = window[from].take();
        }
    }

    /// Takes all items out, in their order.
    pub(super) fn take_all(&mut self, items: &mut Vec<T>) {
        items.append(&mut self.queue);
        if self.window.is_empty() {
            return;
        }
        for ticket in self.head..self.head + self.window.len() as u64 {
            let slot = slot(ticket, self.window.len());
            items.extend(self.window[slot].take().flatten());
        }
    }

    /// What is next in turn goes to the queue. A filtered item leaves no hole: its permit is free again.
    fn give(&mut self, made: Made<T>) {
        self.head += 1;
        match made {
            Some(item) => self.queue.push(item),
            None => self.ledger.give_back(1),
        }
    }
}

/// Where a ticket's slot is in a window of this width, a power of two.
#[inline]
fn slot(ticket: u64, width: usize) -> usize {
    usize::try_from(ticket & (width as u64 - 1)).expect("it is less than the width")
}

impl<T: Send> Flush for Hop<T> {
    fn flush(&self) {
        self.books().flush();
    }
}

impl<T> Books for Hop<T> {
    fn board(&self) -> &Board {
        &self.board
    }

    fn lock(&self, see: &mut dyn FnMut(&Board, &mut Ledger)) {
        see(&self.board, &mut self.state.lock().ledger);
    }
}

impl<T: Send> Resize for Hop<T> {
    fn resize(&self, workers: Option<usize>, buffer: Option<usize>) -> Result<(), Refused> {
        self.books().resize(workers, buffer)
    }

    fn steer(&self, workers: usize, why: ChangeReason) -> Option<()> {
        self.books().steer(workers, why)
    }

    fn changes(&self) -> Vec<WorkerChange> {
        self.books().changes()
    }

    fn is_steered(&self, waker: &Waker) -> bool {
        self.books().is_steered(waker)
    }

    fn size(&self) -> Size {
        self.books().size()
    }
}
