use std::collections::BTreeMap;
use std::task::Waker;

/// Those who wait until nothing else can run.
#[derive(Default)]
pub(crate) struct Idle {
    /// Their wakers, the oldest first.
    waiting: BTreeMap<u64, Waker>,
    /// The last ticket that was given out.
    last: u64,
}

impl Idle {
    /// A place behind all others.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// False once the one with this ticket was called.
    pub(crate) fn is_waiting(&self, ticket: u64) -> bool {
        self.waiting.contains_key(&ticket)
    }

    /// Has a waker called; gives the one that was there before.
    pub(crate) fn enter(&mut self, ticket: u64, waker: Waker) -> Option<Waker> {
        self.waiting.insert(ticket, waker)
    }

    /// Takes one out that waits no more.
    pub(crate) fn leave(&mut self, ticket: u64) -> Option<Waker> {
        self.waiting.remove(&ticket)
    }

    /// Takes out the one that goes on.
    pub(crate) fn pop(&mut self) -> Option<Waker> {
        self.waiting.pop_first().map(|(_, waker)| waker)
    }
}
