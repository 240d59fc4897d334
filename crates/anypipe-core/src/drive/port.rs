//! A producer's end of a hop.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Tally;
use super::hop::{Batch, Hop, Made};
use super::ledger::Ask;
use crate::runtime::WaitsFor;
use crate::scope::{is_unwinding, note_wait, replace_waker};

/// A producer's end of a hop: permits, and what it has made.
///
/// Dropped without [`finish`](Port::finish) it vanishes, and the output is broken.
pub(super) struct Port<T> {
    hop: Arc<Hop<T>>,
    /// Which of the producers this is.
    index: usize,
    /// Permits that are claimed and that no item holds yet.
    permits: usize,
    /// Up to where it has claimed what was taken out, where it is alone.
    claimed: usize,
    /// What was made and not put yet.
    batch: Batch<T>,
    /// The waker that the hop knows for the consumer's going.
    registered: Option<Waker>,
    /// Items taken, filtered out, and made an `Err` of since the last count, which comes with each chunk.
    taken: u32,
    filtered: u32,
    failed: u32,
    /// True while it stands among those who wait for room.
    parked: bool,
    /// True while an item is being worked on.
    busy: bool,
    /// Set by `finish`.
    finished: bool,
}

impl<T> Port<T> {
    pub(super) fn new(hop: Arc<Hop<T>>, index: usize) -> Self {
        let batch = Batch::Plain(Vec::new());
        let (registered, parked, busy, finished) = (None, false, false, false);
        let permits = hop.claim_first();
        Self {
            hop,
            index,
            permits,
            claimed: 0,
            batch,
            registered,
            taken: 0,
            filtered: 0,
            failed: 0,
            parked,
            busy,
            finished,
        }
    }

    /// True once nobody takes the output any more.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.hop.board.is_closed()
    }

    /// Claims permits, `want` at the most and one at the least, unless it holds some already.
    pub(super) fn poll_claim(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<()> {
        if self.permits > 0 || self.claim_alone() {
            return Poll::Ready(());
        }
        // Those who wait for room must not hold back what others wait for.
        self.exchange(0, want, Some(cx.waker()));
        self.parked = self.permits == 0;
        if self.permits > 0 {
            return Poll::Ready(());
        }
        drop(replace_waker(&mut self.registered, cx.waker()));
        // After the entry: a consumer that went in between is seen here. One that took something out pays for it
        // under the lock, at the end of its poll at the latest, and sees the entry.
        if self.is_closed() {
            return Poll::Ready(());
        }
        note_wait(WaitsFor::Room);
        Poll::Pending
    }

    /// Claims what was taken out, without the lock, where nobody else could want it and there is nothing to put.
    fn claim_alone(&mut self) -> bool {
        if self.hop.board.single && self.batch.is_empty() {
            self.claimed(self.hop.board.taken_out_since(self.claimed));
        }
        self.permits > 0
    }

    fn claimed(&mut self, permits: usize) {
        self.permits += permits;
        self.claimed = self.claimed.wrapping_add(permits);
    }

    /// Gives what it has made, and so many permits; gets up to `want`.
    #[inline(never)]
    fn exchange(&mut self, unused: usize, want: usize, waker: Option<&Waker>) {
        self.count();
        self.permits -= unused;
        let ask = Ask { index: self.index, claimed: self.claimed, unused, want, waker };
        let granted = self.hop.exchange(&ask, &mut self.batch);
        self.claimed(granted);
    }

    /// Waits for room no more, where it did: it goes on with something else.
    pub(super) fn unpark(&mut self) {
        if std::mem::take(&mut self.parked) {
            self.hop.unpark(self.index);
        }
    }

    /// How many permits it holds that no item has.
    pub(super) fn permits(&self) -> usize {
        self.permits
    }

    /// An item was taken, and now holds one of the permits.
    #[inline]
    pub(super) fn take_in(&mut self) {
        self.permits -= 1;
        self.taken += 1;
    }

    /// The work on an item begins.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.busy = true;
    }

    /// What was made of an item is an `Err`.
    pub(super) fn fail(&mut self) {
        self.failed += 1;
    }

    /// An item that held a permit was filtered out.
    pub(super) fn filter_out(&mut self) {
        self.busy = false;
        self.permits += 1;
        self.filtered += 1;
    }

    /// What is told of items that were taken and never begun.
    pub(super) fn tally(&self) -> Tally {
        self.hop.board.tally.clone()
    }

    fn count(&mut self) {
        self.hop.board.tally.taken.add(std::mem::take(&mut self.taken) as usize);
        self.hop.board.tally.filtered.add(std::mem::take(&mut self.filtered) as usize);
        self.hop.board.tally.failed.add(std::mem::take(&mut self.failed) as usize);
    }

    /// Keeps an item to be put, in the order of these calls.
    #[inline]
    pub(super) fn push(&mut self, item: T) {
        self.busy = false;
        match &mut self.batch {
            Batch::Plain(items) => items.push(item),
            Batch::Ticketed(_) => unreachable!("one port never mixes the two"),
        }
        self.put_if_weighed();
    }

    /// Keeps what was made of the item with this ticket.
    #[inline]
    pub(super) fn push_ticketed(&mut self, ticket: u64, made: Made<T>) {
        self.busy = false;
        self.filtered += u32::from(made.is_none());
        match &mut self.batch {
            Batch::Ticketed(batch) => batch.push((ticket, made)),
            Batch::Plain(items) if items.is_empty() => self.batch = Batch::Ticketed(vec![(ticket, made)]),
            Batch::Plain(_) => unreachable!("one port never mixes the two"),
        }
        self.put_if_weighed();
    }

    /// A weight counts from when it is known.
    #[inline]
    fn put_if_weighed(&mut self) {
        if self.hop.is_weighed() {
            self.put();
        }
    }

    /// Puts what was made.
    #[inline(never)]
    pub(super) fn put(&mut self) {
        if self.batch.is_empty() {
            return self.count();
        }
        self.exchange(0, 0, None);
    }

    /// Puts what was made, and has up to `want` permits for what comes, where there is room. Room for what is weighed
    /// is only known when it is needed.
    pub(super) fn turn(&mut self, want: usize) {
        let want = if self.hop.is_weighed() { 0 } else { want.saturating_sub(self.permits) };
        self.exchange(0, want, None);
    }

    /// Puts what was made and gives unused permits back, unless nobody else wants them.
    pub(super) fn give_back(&mut self) {
        let unused = if self.hop.board.single { 0 } else { self.permits };
        if unused == 0 {
            return self.put();
        }
        self.exchange(unused, 0, None);
    }

    /// Gives unused permits back, for others.
    pub(super) fn spare(&mut self) {
        if self.permits > 0 {
            self.give_back();
        }
    }

    /// As [`give_back`](Port::give_back), which must happen before the task waits. Has the task woken when the consumer
    /// goes; `true` where the consumer has gone.
    pub(super) fn rest(&mut self, waker: &Waker) -> bool {
        self.give_back();
        if !self.registered.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.hop.register(self.index, waker);
            self.registered = Some(waker.clone());
        }
        // After the entry: a consumer that went in between has either seen it or is seen here.
        self.is_closed()
    }

    /// Has this producer's output end cleanly, when the port goes.
    pub(super) fn finish(&mut self) {
        self.give_back();
        self.finished = true;
    }
}

impl<T> Drop for Port<T> {
    fn drop(&mut self) {
        self.count();
        if self.busy {
            let ended =
                if is_unwinding() { &self.hop.board.tally.panicked } else { &self.hop.board.tally.cancelled };
            ended.add(1);
        }
        let unwanted = self.batch.take();
        // What has panicked since was to come before the end.
        self.hop.leave(!self.finished || is_unwinding());
        self.hop.drop_unwanted(unwanted);
    }
}
