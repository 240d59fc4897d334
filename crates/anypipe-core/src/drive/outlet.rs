//! The consumer's end of a hop.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::hop::Hop;
use super::ledger::{Calls, Found};
use crate::error::RunError;
use crate::runtime::WaitsFor;
use crate::scope::{Flush, Scope, TaskName, flush_later, note_wait};
use crate::sync::atomic::{Ordering, fence};

/// The consumer's end of a hop: the stream that comes out of a boundary.
///
/// A producer that vanished fails the run; the stream itself then stays pending, so that nobody
/// takes it for the end.
pub struct Outlet<T> {
    hop: Arc<Hop<T>>,
    /// Items taken from the hop, that still hold their permits; the next one last.
    local: Vec<T>,
    /// True where more is to be done with an item than to give it out: see [`step`](Outlet::step).
    steps: bool,
    /// Set once the end was seen.
    ended: bool,
    /// True until it was polled: who does so is then noted.
    is_new: bool,
}

// The items are only ever moved.
impl<T> Unpin for Outlet<T> {}

impl<T> Outlet<T> {
    pub(super) fn new(hop: Arc<Hop<T>>) -> Self {
        let steps = hop.is_weighed();
        Self { hop, local: Vec::new(), steps, ended: false, is_new: true }
    }

    /// From before its first item on it counts itself what it gives out.
    pub(super) fn count_each(&mut self) {
        self.steps = true;
        let _state = self.hop.state.lock();
        self.hop.board.consumer_counts.store(true, Ordering::Relaxed);
        // A producer may wait by now.
        self.hop.board.room_is_wanted.store(true, Ordering::Relaxed);
    }
}

impl<T: Send + 'static> Outlet<T> {
    /// What it gives next, without a look at the hop; the next one last.
    pub(super) fn at_hand(&self) -> &[T] {
        &self.local
    }

    /// Gives an item out, whose permit is then owed.
    #[inline]
    fn give(&mut self) -> Option<T> {
        if self.steps {
            self.step();
        }
        let item = self.local.pop()?;
        self.went_out(1);
        Some(item)
    }

    /// Gives an item out that it has in hand, for a consumer whose task nobody knows and who
    /// [counts each](Outlet::count_each). It is paid for at once where somebody waits for that, else when either side
    /// next locks the hop.
    pub(super) fn take_at_hand(&mut self) -> Option<T> {
        // To weigh an item is the user's.
        let item = if self.hop.is_weighed() { None } else { self.local.pop() }?;
        self.hop.board.out.add(1);
        self.hop.board.tally.delivered.add(1);
        fence(Ordering::SeqCst);
        // After the store: a producer that has just begun to wait has either seen that or is seen here.
        if self.hop.board.room_is_wanted.load(Ordering::Relaxed) {
            self.hop.flush();
        }
        Some(item)
    }

    /// Gives out up to so many items that it has in hand, in one go.
    pub(super) fn drain_at_hand(&mut self, most: usize, items: &mut Vec<T>) {
        let count = if self.steps { 0 } else { most.min(self.local.len()) };
        if count == 0 {
            return;
        }
        items.extend(self.local.drain(self.local.len() - count..).rev());
        self.went_out(count);
    }

    /// Items went out, whose permits are then owed.
    #[inline]
    fn went_out(&self, count: usize) {
        let out = &self.hop.board.out;
        out.add(count);
        if !out.noted.load(Ordering::Relaxed) {
            self.note();
        }
    }

    /// Weighs the item that goes out next, while it is still held, since the user's closure may panic; and counts it.
    #[cold]
    fn step(&self) {
        let Some(item) = self.local.last() else { return };
        if let Some(weight) = self.hop.weigh(item) {
            let out = &self.hop.board.weight_out;
            out.store(out.load(Ordering::Relaxed).wrapping_add(weight), Ordering::Release);
        }
        if self.hop.board.consumer_counts.load(Ordering::Relaxed) {
            self.hop.board.tally.delivered.add(1);
        }
    }

    /// Has what is owed paid at the end of this poll, or at once where nobody would.
    #[cold]
    fn note(&self) {
        self.hop.board.out.noted.store(true, Ordering::Relaxed);
        flush_later(Arc::clone(&self.hop) as Arc<dyn Flush>);
    }

    /// Waits for an item, or the end.
    #[inline(never)]
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.is_new {
            self.note_asked();
        }
        let (found, alone) = self.fetch(cx);
        match found {
            Found::Items => return Poll::Ready(alone.or_else(|| self.give())),
            Found::End => {
                self.ended = true;
                return Poll::Ready(None);
            }
            Found::Broken => fail_broken(&self.hop.board.stage),
            Found::Nothing => {}
        }
        note_wait(WaitsFor::Input);
        Poll::Pending
    }

    #[cold]
    fn note_asked(&mut self) {
        self.is_new = false;
        self.hop.board.stage.0.note_asked(&self.hop.board.tally);
    }

    /// Takes all there is from the hop. An item that is alone there goes out at once, and is paid for under the same
    /// lock.
    fn fetch(&mut self, cx: &mut Context<'_>) -> (Found, Option<T>) {
        let mut calls = Calls::default();
        let mut state = self.hop.state.lock();
        let alone = if state.queue.len() == 1 && !self.steps { state.queue.pop() } else { None };
        if alone.is_some() {
            self.hop.board.out.add(1);
        } else {
            // Each keeps its room: nothing is allocated anew.
            std::mem::swap(&mut self.local, &mut state.queue);
        }
        self.hop.board.settle();
        state.ledger.pay(&self.hop.board, &mut calls);
        let found = if alone.is_some() || !self.local.is_empty() {
            Found::Items
        } else {
            state.ledger.look(cx.waker(), &mut calls)
        };
        drop(state);
        if alone.is_none() {
            self.local.reverse();
        }
        calls.make();
        (found, alone)
    }
}

/// A producer of this stage has vanished.
#[cold]
fn fail_broken((scope, name): &(Scope, TaskName)) {
    // A task that panicked or was cancelled has failed the scope before this.
    if !scope.is_cancelled() {
        scope.fail(RunError::broken(&**name));
    }
}

impl<T: Send + 'static> Stream for Outlet<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.give() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_fetch(cx),
        }
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        let mut unwanted = std::mem::take(&mut self.local);
        unwanted.reverse();
        let mut state = self.hop.state.lock();
        let wakers = state.ledger.close(&self.hop.board);
        state.take_all(&mut unwanted);
        drop(state);
        wakers.wake();
        self.hop.drop_unwanted(unwanted);
    }
}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("ended", &self.ended).finish_non_exhaustive()
    }
}
