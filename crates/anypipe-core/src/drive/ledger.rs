//! The permits of a hop: who has them, who waits for them, what was taken out, and up to where that was paid for.
//! Apart from the items, so that it is built once and not again for each type of item.

use std::task::Waker;

use super::Tally;
use super::waiting::Waiting;
use crate::scope::Wakes;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// What both sides of a hop look at without its lock.
///
/// In this order: what is only read lies apart from what is written for each item. An alignment would do it as
/// well, but memory that is aligned is dear to get.
#[repr(C)]
pub(super) struct Board {
    /// What the consumer has taken out.
    pub(super) out: Out,
    /// Set when the consumer went; looked at before each user future starts.
    pub(super) closed: AtomicBool,
    /// Set under the lock, and before the first item, by a consumer that counts itself what it takes out, item by item.
    pub(super) consumer_counts: AtomicBool,
    /// True while a producer waits for room: such a consumer pays only then.
    pub(super) room_is_wanted: AtomicBool,
    /// Where the items have gone.
    pub(super) tally: Tally,
    /// The most weight of finished items, where they are weighed.
    pub(super) most_weight: Option<usize>,
    /// True where one producer has all permits: there is nobody else to want them.
    pub(super) single: bool,
}

/// What the consumer has taken out so far, told by plain stores: nobody else writes here. Whoever pays for it notes
/// under the lock up to where that is. All numbers wrap.
#[derive(Default)]
#[repr(C)]
pub(super) struct Out {
    /// How many items.
    pub(super) items: AtomicUsize,
    /// The weight of these.
    pub(super) weight: AtomicUsize,
    /// How many of the items the consumer has paid for itself.
    settled: AtomicUsize,
    /// True where the poll that goes on pays at its end.
    pub(super) noted: AtomicBool,
    /// A cache line, up to what is only read.
    _apart: [u64; 8],
}

impl Out {
    /// The consumer has taken out so many more: it alone calls this.
    #[inline]
    pub(super) fn add(&self, count: usize) {
        self.items.store(self.items.load(Ordering::Relaxed).wrapping_add(count), Ordering::Release);
    }
}

/// What a hop keeps of its permits under its lock.
pub(super) struct Ledger {
    /// Permits nobody holds.
    free: usize,
    /// Up to where the items that were taken out have been paid for, and their weight.
    paid: usize,
    paid_weight: usize,
    /// The weight of the items that were finished and not taken out.
    weight: usize,
    /// How many these are; only counted where they are weighed.
    finished: usize,
    /// The consumer, waiting for an item.
    consumer: Option<Waker>,
    /// The producers: each is woken when the consumer goes, and called when there is room where it waits for that.
    producers: Waiting,
    /// Producers that have not finished.
    open: usize,
    /// Set when a producer went without finishing.
    broken: bool,
}

/// What a producer wants of a hop.
pub(super) struct Ask<'a> {
    /// Which of the producers it is.
    pub(super) index: usize,
    /// Up to where a lone producer has claimed what was taken out.
    pub(super) claimed: usize,
    /// The permits that it has and doesn't need.
    pub(super) unused: usize,
    /// How many it wants at the most.
    pub(super) want: usize,
    /// Whom to call when there is room, where there is none.
    pub(super) waker: Option<&'a Waker>,
}

/// What the consumer finds in the hop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Items,
    /// Nothing yet: it waits.
    Nothing,
    /// There will be none any more.
    End,
    /// It waits for ever: a producer has vanished.
    Broken,
}

/// Whom to call, and what to drop, once the lock is let go.
#[derive(Default)]
pub(super) struct Calls {
    called: Wakes,
    /// A waker that another has replaced.
    old: Option<Waker>,
}

impl Calls {
    /// Calls all; the poll that does so knows of it.
    #[inline]
    pub(super) fn make(self) {
        drop(self.old);
        self.called.call();
    }

    /// Calls all, at the end of a poll.
    pub(super) fn wake(self) {
        self.called.wake();
    }
}

impl Board {
    pub(super) fn new(producers: usize, most_weight: Option<usize>, tally: Tally) -> Self {
        // Each producer may pass the most once: the sum must not overflow.
        let bound = usize::MAX / 2 / (producers + 1);
        Self {
            out: Out::default(),
            closed: AtomicBool::new(false),
            consumer_counts: AtomicBool::new(false),
            room_is_wanted: AtomicBool::new(false),
            tally,
            most_weight: most_weight.map(|most| most.min(bound)),
            single: producers == 1 && most_weight.is_none(),
        }
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// How much was taken out beyond this: what a lone producer claims without the lock.
    #[inline]
    pub(super) fn taken_out_since(&self, claimed: usize) -> usize {
        self.out.items.load(Ordering::Acquire).wrapping_sub(claimed)
    }

    /// The consumer pays for what it has taken out; `true` where there is anything that it has not paid for.
    pub(super) fn settle(&self) -> bool {
        let out = self.out.items.load(Ordering::Relaxed);
        let owes = out != self.out.settled.load(Ordering::Relaxed);
        if owes {
            self.out.settled.store(out, Ordering::Relaxed);
        }
        owes
    }
}

impl Ledger {
    pub(super) fn new(producers: usize, permits: usize) -> Self {
        Self {
            free: permits,
            paid: 0,
            paid_weight: 0,
            weight: 0,
            finished: 0,
            consumer: None,
            producers: Waiting::new(producers),
            open: producers,
            broken: false,
        }
    }

    /// The permits that a producer begins with: all, where there is no other.
    pub(super) fn claim_first(&mut self, board: &Board) -> usize {
        if board.single { std::mem::take(&mut self.free) } else { 0 }
    }

    /// So many permits are free again.
    pub(super) fn give_back(&mut self, permits: usize) {
        self.free += permits;
    }

    /// Gives back the permits, and the weight, of the items that were taken out since the last time.
    fn collect_owed(&mut self, board: &Board) {
        let out = board.out.items.load(Ordering::SeqCst);
        let owed = out.wrapping_sub(std::mem::replace(&mut self.paid, out));
        if !board.consumer_counts.load(Ordering::Relaxed) {
            board.tally.deliver(owed);
        }
        self.free += owed;
        if board.most_weight.is_some() {
            self.finished -= owed;
            let out = board.out.weight.load(Ordering::SeqCst);
            let owed = out.wrapping_sub(std::mem::replace(&mut self.paid_weight, out));
            // A closure that weighs the same item differently each time must not fill the hop for good.
            self.weight = if self.finished == 0 { 0 } else { self.weight.saturating_sub(owed) };
        }
    }

    /// How many of `want` permits can be had now. Weighed items come one at a time, so that each is
    /// weighed before the next is made.
    fn room(&self, board: &Board, want: usize) -> usize {
        match board.most_weight {
            Some(most) if self.weight >= most => 0,
            Some(_) => self.free.min(want).min(1),
            None => self.free.min(want),
        }
    }

    /// Calls the producers that wait, as many as there is room for.
    #[inline]
    fn call_for_room(&mut self, board: &Board, calls: &mut Calls) {
        let room = self.room(board, usize::MAX);
        if room > 0 {
            self.call(room, board, calls);
        }
    }

    fn call(&mut self, room: usize, board: &Board, calls: &mut Calls) {
        for _ in 0..room {
            let Some(waker) = self.producers.call() else {
                return board.room_is_wanted.store(false, Ordering::Relaxed);
            };
            calls.called.add(waker);
        }
    }

    /// Gives the producer what it wants, as far as there is room. One that is alone gets all, with what it has claimed.
    fn grant(&mut self, board: &Board, ask: &Ask<'_>) -> usize {
        self.collect_owed(board);
        if board.single {
            self.free = 0;
            return self.paid.wrapping_sub(ask.claimed);
        }
        let granted = self.room(board, ask.want);
        self.free -= granted;
        granted
    }

    /// The books of [`Hop::exchange`](super::hop::Hop::exchange), whose items have been taken in, one of this weight
    /// where they are weighed; `shown` where there are some for the consumer. Gives the permits that the producer gets.
    pub(super) fn exchange(
        &mut self,
        board: &Board,
        ask: &Ask<'_>,
        weighed: Option<usize>,
        shown: bool,
        calls: &mut Calls,
    ) -> usize {
        if let Some(weight) = weighed {
            self.finished += 1;
            self.weight += weight;
        }
        if shown {
            self.consumer.take().into_iter().for_each(|consumer| calls.called.add(consumer));
        }
        let mut granted = self.grant(board, ask);
        if ask.waker.is_some() && granted == 0 && board.consumer_counts.load(Ordering::Relaxed) {
            board.room_is_wanted.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            // After that: what was taken out in between is either seen here, or paid for by who has.
            granted = self.grant(board, ask);
        }
        match ask.waker {
            Some(waker) if granted == 0 => calls.old = self.producers.enter(ask.index, waker),
            Some(_) => _ = self.producers.leave(ask.index),
            None => {}
        }
        self.call_for_room(board, calls);
        granted
    }

    /// Pays for what the consumer has taken out.
    pub(super) fn pay(&mut self, board: &Board, calls: &mut Calls) {
        self.collect_owed(board);
        self.call_for_room(board, calls);
    }

    /// What the consumer finds that has seen no item; it is called where one comes.
    pub(super) fn look(&mut self, waker: &Waker, calls: &mut Calls) -> Found {
        if self.open == 0 && !self.broken {
            return Found::End;
        }
        calls.old = self.consumer.replace(waker.clone());
        if self.broken { Found::Broken } else { Found::Nothing }
    }

    /// The producer waits for room no more. Where it was called already, the next is called in its place.
    pub(super) fn unpark(&mut self, board: &Board, index: usize, calls: &mut Calls) {
        if !self.producers.leave(index) {
            self.call_for_room(board, calls);
        }
    }

    /// Has the producer woken when the consumer goes; gives its old waker.
    #[must_use]
    pub(super) fn register(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        self.producers.register(index, waker)
    }

    /// Counts a producer out. The last one ends the output, cleanly unless one of them vanished. Gives whom to wake.
    pub(super) fn leave(&mut self, vanished: bool) -> Option<Waker> {
        self.open -= 1;
        self.broken |= vanished;
        if self.open == 0 || vanished { self.consumer.take() } else { None }
    }

    /// The consumer goes. Gives whom to wake.
    pub(super) fn close(&mut self, board: &Board) -> Wakes {
        board.closed.store(true, Ordering::SeqCst);
        self.collect_owed(board);
        self.producers.take_all()
    }
}
