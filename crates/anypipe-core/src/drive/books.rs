//! What is done with a hop but to move items, which is seldom: for that its ledger is enough, and it is built once and
//! not again for each type of item.

use std::task::Waker;

use super::ledger::{Board, Calls, Ledger, Look, Todo};
use crate::scope::{ChangeReason, Changed, Refused, Size, WorkerChange};
use crate::sync::atomic::Ordering;

/// All of a hop but its items.
pub(super) trait Books {
    fn board(&self) -> &Board;

    /// Has this see the ledger, once, under the lock.
    fn lock(&self, see: &mut dyn FnMut(&Board, &mut Ledger));
}

impl dyn Books + '_ {
    fn with<R>(&self, mut see: impl FnMut(&Board, &mut Ledger) -> R) -> R {
        let mut seen = None;
        self.lock(&mut |board, ledger| seen = Some(see(board, ledger)));
        seen.expect("it was called")
    }

    /// The consumer pays for what it has taken out, at the end of a poll.
    pub(super) fn flush(&self) {
        let board = self.board();
        board.out.noted.store(false, Ordering::Relaxed);
        if !board.settle() {
            return;
        }
        let mut calls = Calls::default();
        self.lock(&mut |board, ledger| ledger.pay(board, &mut calls));
        calls.wake();
    }

    /// The producer waits for room no more.
    pub(super) fn unpark(&self, index: usize) {
        let mut calls = Calls::default();
        self.with(|board, ledger| ledger.unpark(board, index, &mut calls));
        calls.make();
    }

    /// Has the producer woken when the consumer goes.
    pub(super) fn register(&self, index: usize, waker: &Waker) {
        let old = self.with(|_, ledger| ledger.register(index, waker));
        drop(old);
    }

    /// Counts a producer out, who leaves its place where it was let go.
    pub(super) fn leave(&self, vanished: bool, place: Option<usize>) {
        let mut calls = Calls::default();
        self.with(|board, ledger| ledger.leave(board, vanished, place, &mut calls));
        calls.wake();
    }

    /// A lone producer gives back what it has, for good.
    pub(super) fn join(&self, claimed: usize, permits: usize) {
        let mut calls = Calls::default();
        self.with(|board, ledger| {
            ledger.join(board, claimed, permits);
            ledger.pay(board, &mut calls);
        });
        calls.make();
    }

    /// What the producer is to do that looks.
    pub(super) fn look(&self, look: Look) -> Todo {
        self.with(|board, ledger| ledger.todo(board, look))
    }

    /// Has there be so many workers, and so much room, from now on.
    pub(super) fn resize(&self, workers: Option<usize>, buffer: Option<usize>) -> Result<(), Refused> {
        if self.board().one_task && workers.is_some_and(|workers| workers != 1) {
            return Err(Refused::OneTask);
        }
        if buffer.is_some() && self.with(|_, ledger| ledger.is_weighed()) {
            return Err(Refused::Weighed);
        }
        self.change(workers, buffer, ChangeReason::Asked)
    }

    /// As many workers as are worth having.
    pub(super) fn steer(&self, workers: usize, why: ChangeReason) -> Option<()> {
        self.change(Some(workers), None, why).ok()
    }

    fn change(
        &self,
        workers: Option<usize>,
        buffer: Option<usize>,
        why: ChangeReason,
    ) -> Result<(), Refused> {
        let (scope, name) = &self.board().stage;
        let (at, mut calls) = (scope.runtime().now(), Calls::default());
        self.with(|board, ledger| {
            let is_asked = why == ChangeReason::Asked;
            if ledger.is_over() || board.is_closed() || !(is_asked || ledger.steers()) {
                return Err(Refused::Ended);
            }
            if is_asked && workers.is_some() {
                ledger.let_go(board, &mut calls);
            }
            let (_, buffered) = ledger.size();
            let from = ledger.resize(board, workers, buffer, &mut calls);
            let note = |of, from, to: Option<usize>| {
                if let Some(to) = to {
                    board.tally.note_change(of, WorkerChange { at, from, to, why });
                }
            };
            note(Changed::Workers, from, workers);
            note(Changed::Buffer, buffered, buffer);
            Ok(())
        })?;
        calls.wake();
        scope.observe_resize(name, workers, buffer);
        Ok(())
    }

    pub(super) fn changes(&self) -> Vec<WorkerChange> {
        self.board().tally.changes()
    }

    pub(super) fn is_steered(&self, waker: &Waker) -> bool {
        let (is_steered, old) = self.with(|board, ledger| ledger.is_steered(board, waker));
        drop(old);
        is_steered
    }

    pub(super) fn size(&self) -> Size {
        self.with(|_, ledger| {
            let (workers, buffer) = ledger.size();
            let of_number = |n| if ledger.is_weighed() { None } else { Some(n) };
            Size { workers, buffer: of_number(buffer), bound: of_number(ledger.bound()) }
        })
    }
}
