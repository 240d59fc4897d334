//! A producer's end of a hop.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Tally;
use super::hop::{Batch, Hop, Made};
use super::ledger::{Ask, Look, Todo};
use crate::runtime::WaitsFor;
use crate::scope::{TaskName, is_unwinding, note_wait};

/// A producer's end of a hop: permits, and what it has made.
///
/// Dropped without [`finish`](Port::finish) it vanishes, and the output is broken.
#[expect(clippy::struct_excessive_bools, reason = "none of them says anything of another")]
pub(super) struct Port<T> {
    hop: Arc<Hop<T>>,
    /// Which of the producers this is.
    index: usize,
    /// Permits that are claimed and that no item holds yet.
    permits: usize,
    /// True where it is alone, and has all permits: there is nobody else to want them.
    alone: bool,
    /// Up to where it has claimed what was taken out then.
    claimed: usize,
    /// What was made and not put yet.
    batch: Batch<T>,
    /// Items taken, filtered out, and made an `Err` of since the last count, which comes with each chunk.
    taken: u16,
    filtered: u16,
    failed: u16,
    /// True where the hop knows the task's waker, for the consumer's going.
    registered: bool,
    /// True while it stands among those who wait for room.
    parked: bool,
    /// True while an item is being worked on.
    busy: bool,
    /// How it ends, where it goes now.
    ends: Ends,
}

/// How a port ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// It has vanished.
    Broken,
    /// Cleanly.
    Finished,
    /// Cleanly, since there are to be fewer: it leaves its place to another.
    LetGo,
}

impl<T> Port<T> {
    /// That of one of several, or of one that is lent all permits.
    pub(super) fn new(hop: Arc<Hop<T>>, index: usize, lent: usize) -> Self {
        let batch = Batch::Plain(Vec::new());
        let (registered, parked, busy, ends) = (false, false, false, Ends::Broken);
        Self {
            hop,
            index,
            permits: lent,
            alone: lent > 0,
            claimed: 0,
            batch,
            registered,
            taken: 0,
            filtered: 0,
            failed: 0,
            parked,
            busy,
            ends,
        }
    }

    /// That of one more, in this place.
    pub(super) fn other(&self, index: usize) -> Self {
        Self::new(Arc::clone(&self.hop), index, 0)
    }

    /// The name of the stage that it works for.
    pub(super) fn name(&self) -> &TaskName {
        &self.hop.board.stage.1
    }

    /// True once nobody takes the output any more.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.hop.board.is_closed()
    }

    /// True where there is anything to hear before the next item is taken.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.hop.board.has_news()
    }

    /// True where there is in the middle of one, too.
    #[inline]
    pub(super) fn has_urgent_news(&self) -> bool {
        self.hop.board.has_urgent_news()
    }

    /// True while an item is being worked on.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Claims permits, `want` at the most and one at the least, where it has none and [could not](Port::claim_alone) have them
    /// without the lock.
    pub(super) fn poll_claim(&mut self, cx: &mut Context<'_>, want: usize) -> Poll<()> {
        // Those who wait for room must not hold back what others wait for.
        self.exchange(0, want, Some(cx.waker()));
        self.parked = self.permits == 0;
        if self.permits > 0 {
            return Poll::Ready(());
        }
        self.registered = true;
        // After the entry: a consumer that went in between is seen here. One that took something out pays for it
        // under the lock, at the end of its poll at the latest, and sees the entry.
        if self.has_news() {
            return Poll::Ready(());
        }
        note_wait(WaitsFor::Room);
        Poll::Pending
    }

    /// Claims what was taken out, without the lock, where nobody else could want it and there is nothing to put.
    #[inline]
    pub(super) fn claim_alone(&mut self) -> bool {
        if self.alone && self.batch.is_empty() {
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
            self.hop.books().unpark(self.index);
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

    #[inline]
    fn count(&mut self) {
        if self.taken > 0 {
            self.hop.board.tally.taken.add(std::mem::take(&mut self.taken).into());
        }
        if self.filtered | self.failed > 0 {
            self.count_rare();
        }
    }

    #[cold]
    fn count_rare(&mut self) {
        self.hop.board.tally.filtered.add(std::mem::take(&mut self.filtered).into());
        self.hop.board.tally.failed.add(std::mem::take(&mut self.failed).into());
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
        self.filtered += u16::from(made.is_none());
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
        let unused = if self.alone { 0 } else { self.permits };
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
    /// goes, or there is anything else to hear. After this it looks whether there is already: who has told in between has
    /// either seen the waker or is seen there.
    pub(super) fn rest(&mut self, waker: &Waker) {
        self.give_back();
        if !std::mem::replace(&mut self.registered, true) {
            self.hop.books().register(self.index, waker);
        }
    }

    /// The task has another waker from now on.
    pub(super) fn forget_waker(&mut self) {
        self.registered = false;
    }

    /// Which of the producers this is.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// What it is to do where it has anything to hear.
    pub(super) fn look(&mut self, look: Look) -> Todo {
        if self.alone && !self.is_closed() {
            self.put();
            self.hop.books().join(self.claimed, std::mem::take(&mut self.permits));
            self.alone = false;
        }
        let todo = self.hop.books().look(look);
        if let Todo::Leave = todo {
            self.ends = Ends::LetGo;
            // Before its state is dropped, which may take long.
            self.unpark();
            self.spare();
        }
        todo
    }

    /// From now on it is one of several, who put what they make by tickets: the next is this one.
    pub(super) fn begin_at(&mut self, ticket: u64) {
        self.put();
        self.hop.begin_at(ticket);
    }

    /// Has this producer's output end cleanly, when the port goes.
    pub(super) fn finish(&mut self) {
        self.give_back();
        if self.ends != Ends::LetGo {
            self.ends = Ends::Finished;
        }
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
        let place = if self.ends == Ends::LetGo { Some(self.index) } else { None };
        self.hop.books().leave(self.ends == Ends::Broken || is_unwinding(), place);
        self.hop.drop_unwanted(unwanted);
    }
}
