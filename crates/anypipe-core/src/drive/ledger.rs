//! The permits of a hop: who has them, who waits for them, what was taken out, and up to where that was paid for.
//! Apart from the items, so that it is built once and not again for each type of item.

use std::cmp::Ordering::{Equal, Greater, Less};
#[cfg(all(not(loom), target_pointer_width = "64"))]
use std::mem::offset_of;
use std::task::Waker;

use super::Tally;
use super::waiting::Waiting;
use crate::scope::{Scope, TaskName, Wakes, replace_waker};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering, fence};

/// What both sides of a hop look at without its lock.
///
/// In this order: what is rare lies between what is written for each item and what is only read, and keeps them a cache line
/// apart.
#[repr(C)]
pub(super) struct Board {
    /// What the consumer has taken out.
    pub(super) out: Out,
    /// The weight of that, where items are weighed.
    pub(super) weight_out: AtomicUsize,
    /// The scope that fails where a producer vanished, and the stage's name. Here and not in the outlet, which more of what is
    /// built for each stage may come to drop.
    pub(super) stage: (Scope, TaskName),
    /// Who sees to it that there are as many producers as are worth having, to be told where that is over; used under the lock.
    steerer: Mutex<Option<Waker>>,
    /// True where the stage is to have one task for good.
    pub(super) one_task: bool,
    /// What the producers are to hear of, as bits; changed under the lock, and looked at before each item is taken.
    news: AtomicU8,
    /// Set under the lock, and before the first item, by a consumer that counts itself what it takes out, item by item.
    pub(super) consumer_counts: AtomicBool,
    /// True while a producer waits for room: such a consumer pays only then.
    pub(super) room_is_wanted: AtomicBool,
    /// Where the items have gone.
    pub(super) tally: Tally,
}

#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(offset_of!(Board, news) - offset_of!(Out, noted) > 64, "a cache line is as long");

/// The consumer went: looked at before each user future starts.
const CLOSED: u8 = 1;
/// The stage is to have other workers: whoever is polled next looks what it is to do, also in the middle of an item,
const AT_ONCE: u8 = 2;
/// or before it takes one.
const AT_TAKE: u8 = 4;

/// What the consumer has taken out so far, told by plain stores: nobody else writes here. Whoever pays for it notes
/// under the lock up to where that is. All numbers wrap.
#[derive(Default)]
#[repr(C)]
pub(super) struct Out {
    /// How many items.
    pub(super) items: AtomicUsize,
    /// How many of the items the consumer has paid for itself.
    settled: AtomicUsize,
    /// True where the poll that goes on pays at its end.
    pub(super) noted: AtomicBool,
}

impl Out {
    /// The consumer has taken out so many more: it alone calls this.
    #[inline]
    pub(super) fn add(&self, count: usize) {
        self.items.store(self.items.load(Ordering::Relaxed).wrapping_add(count), Ordering::Release);
    }
}

/// A number of permits, to be reckoned with: there are never as many as would overflow.
#[expect(clippy::cast_possible_wrap, reason = "it is bounded far below")]
const fn signed(permits: usize) -> isize {
    permits as isize
}

/// What a hop keeps of its permits under its lock.
pub(super) struct Ledger {
    /// Permits nobody holds. Fewer than none where more are held than there are to be: what comes back is not given out again.
    free: isize,
    /// The permits of a lone producer, which has them all and keeps them; 0 where there is no such.
    lent: usize,
    /// How much there is to be: finished items that may wait, and workers.
    buffer: usize,
    workers: usize,
    /// Up to where the items that were taken out have been paid for.
    paid: usize,
    /// The same by weight, where items are weighed: most are not.
    weights: Option<Box<Weights>>,
    /// The consumer, waiting for an item.
    consumer: Option<Waker>,
    /// The producers: each is woken when the consumer goes, and called when there is room where it waits for that.
    producers: Waiting,
    /// Producers that have not finished.
    open: usize,
    /// Those of them that were let go.
    leaving: usize,
    /// Set when one has gone that was not let go: the input is over, and nothing is left to do for others.
    ending: bool,
    /// True where they are to be as many as are worth having, until somebody has said how many.
    steered: bool,
    /// Set when a producer went without finishing.
    broken: bool,
}

/// What a hop keeps of its items' weight.
struct Weights {
    /// The most weight of finished items.
    most: usize,
    /// Up to where the weight that was taken out has been paid for.
    paid: usize,
    /// The weight of the items that were finished and not taken out.
    held: usize,
    /// How many these are.
    finished: usize,
}

/// What a producer wants of a hop.
pub(super) struct Ask<'a> {
    /// Which of the producers it is.
    pub(super) index: usize,
    /// Up to where a lone one has claimed what was taken out.
    pub(super) claimed: usize,
    /// The permits that it has and doesn't need.
    pub(super) unused: usize,
    /// How many it wants at the most.
    pub(super) want: usize,
    /// Whom to call when there is room, where there is none.
    pub(super) waker: Option<&'a Waker>,
}

/// A producer that looks what there is to hear.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// True in the middle of an item: it goes on with that, however many there are to be.
    pub(super) amid: bool,
    /// True where others may not begin before it has done with that.
    pub(super) holds_back: bool,
}

/// What it is to do.
pub(super) enum Todo {
    /// To go on.
    GoOn,
    /// To end: nobody takes what it makes.
    Unwanted,
    /// To end: there are to be fewer.
    Leave,
    /// To spawn others, in these places, and to go on.
    Spawn(Vec<usize>),
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
    pub(super) fn new(one_task: bool, tally: Tally, stage: (Scope, TaskName)) -> Self {
        Self {
            out: Out::default(),
            weight_out: AtomicUsize::new(0),
            stage,
            steerer: Mutex::new(None),
            one_task,
            news: AtomicU8::new(0),
            consumer_counts: AtomicBool::new(false),
            room_is_wanted: AtomicBool::new(false),
            tally,
        }
    }

    /// True once the consumer went.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.news.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// True where a producer has anything to hear of before it takes an item.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.news.load(Ordering::SeqCst) != 0
    }

    /// True where it has in the middle of one, too.
    #[inline]
    pub(super) fn has_urgent_news(&self) -> bool {
        self.news.load(Ordering::SeqCst) & (CLOSED | AT_ONCE) != 0
    }

    /// Under the lock, as all that changes it.
    fn tell(&self, news: u8) {
        let closed = self.news.load(Ordering::Relaxed) & CLOSED;
        self.news.store(closed | news, Ordering::SeqCst);
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

/// The permits that each of so many producers begins with: all of these where it is alone, else none. Where items are weighed it
/// is as one of several. That is settled when the hop is made, and not when a producer's end is: by then there may have to be others.
pub(super) fn lent(producers: usize, permits: usize, weighed: bool) -> usize {
    if producers == 1 && !weighed { permits } else { 0 }
}

impl Ledger {
    pub(super) fn new(workers: usize, permits: usize, most_weight: Option<usize>, steered: bool) -> Self {
        let lent = lent(workers, permits, most_weight.is_some());
        Self {
            free: signed(permits - lent),
            lent,
            buffer: permits.saturating_sub(workers),
            workers,
            paid: 0,
            weights: most_weight.map(|most| Box::new(Weights { most, paid: 0, held: 0, finished: 0 })),
            consumer: None,
            producers: Waiting::new(workers),
            open: workers,
            leaving: 0,
            ending: false,
            steered,
            broken: false,
        }
    }

    /// True where finished items are weighed.
    pub(super) fn is_weighed(&self) -> bool {
        self.weights.is_some()
    }

    /// So many permits are free again.
    pub(super) fn give_back(&mut self, permits: usize) {
        self.free += signed(permits);
    }

    /// Gives back the permits, and the weight, of the items that were taken out since the last time.
    #[inline]
    fn collect_owed(&mut self, board: &Board) {
        let out = board.out.items.load(Ordering::SeqCst);
        if out != self.paid {
            self.collect(out, board);
        }
    }

    /// As [`collect_owed`](Ledger::collect_owed), up to this item.
    #[inline]
    fn collect(&mut self, out: usize, board: &Board) {
        let owed = out.wrapping_sub(std::mem::replace(&mut self.paid, out));
        if !board.consumer_counts.load(Ordering::Relaxed) {
            board.tally.deliver(owed);
        }
        self.give_back(owed);
        if self.weights.is_some() {
            self.collect_weight(owed, board);
        }
    }

    #[cold]
    fn collect_weight(&mut self, owed: usize, board: &Board) {
        let Some(weights) = &mut self.weights else { return };
        weights.finished -= owed;
        let out = board.weight_out.load(Ordering::SeqCst);
        let owed = out.wrapping_sub(std::mem::replace(&mut weights.paid, out));
        // A closure that weighs the same item differently each time must not fill the hop for good.
        weights.held = if weights.finished == 0 { 0 } else { weights.held.saturating_sub(owed) };
    }

    /// How many of `want` permits can be had now.
    #[inline]
    fn room(&self, want: usize) -> usize {
        let free = if self.free > 0 { self.free.unsigned_abs() } else { 0 };
        if self.weights.is_some() { self.room_by_weight(free, want) } else { free.min(want) }
    }

    /// Weighed items come one at a time, so that each is weighed before the next is made.
    #[cold]
    fn room_by_weight(&self, free: usize, want: usize) -> usize {
        let is_full = self.weights.as_ref().is_some_and(|weights| weights.held >= weights.most);
        if is_full { 0 } else { free.min(want).min(1) }
    }

    /// Calls the producers that wait, as many as there is room for.
    #[inline]
    fn call_for_room(&mut self, board: &Board, calls: &mut Calls) {
        let room = self.room(usize::MAX);
        if room == 0 {
            return;
        }
        match self.producers.alone() {
            Some(producer) => {
                board.room_is_wanted.store(false, Ordering::Relaxed);
                if let Some(waker) = producer.call() {
                    calls.called.add(waker);
                }
            }
            None => self.call(room, board, calls),
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
        if self.lent > 0 {
            self.free = 0;
            return self.paid.wrapping_sub(ask.claimed);
        }
        let granted = self.room(ask.want);
        self.free -= signed(granted);
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
        if let (Some(weight), Some(weights)) = (weighed, &mut self.weights) {
            weights.finished += 1;
            weights.held = weights.held.saturating_add(weight);
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
    #[inline]
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

    /// Counts a producer out, who was let go where it leaves a place. The last one ends the output, cleanly unless one of
    /// them vanished.
    pub(super) fn leave(&mut self, board: &Board, vanished: bool, place: Option<usize>, calls: &mut Calls) {
        self.open -= 1;
        if let Some(place) = place {
            self.leaving -= 1;
            calls.old = self.producers.vacate(place);
        } else {
            self.ending = true;
        }
        self.broken |= vanished;
        if self.open == 0 || vanished {
            self.let_go(board, calls);
            self.consumer.take().into_iter().for_each(|consumer| calls.called.add(consumer));
        }
    }

    /// The consumer goes. Gives whom to wake.
    pub(super) fn close(&mut self, board: &Board) -> Wakes {
        board.news.store(CLOSED, Ordering::SeqCst);
        self.collect_owed(board);
        self.producers.take_all()
    }
}

// How many workers there are, and how much they may hold, may be changed while they go on. Who does so notes it here and wakes
// all; whoever hears of it first does what is to be done, in its own poll.
impl Ledger {
    /// True where there are to be as many as are worth having. Who sees to that is told where it is over; gives the waker that
    /// was there before.
    pub(super) fn is_steered(&mut self, board: &Board, waker: &Waker) -> (bool, Option<Waker>) {
        if !self.steered {
            return (false, None);
        }
        (true, replace_waker(&mut board.steerer.lock(), waker))
    }

    /// True where somebody sees to that.
    pub(super) fn steers(&self) -> bool {
        self.steered
    }

    /// Nobody sees to that any more.
    pub(super) fn let_go(&mut self, board: &Board, calls: &mut Calls) {
        if std::mem::take(&mut self.steered) {
            let steerer = board.steerer.lock().take();
            calls.called.extend(steerer);
        }
    }

    /// True once the last producer has finished, or one has vanished.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0 || self.broken
    }

    /// How many workers have not ended, and how many finished items may wait.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.open, self.buffer)
    }

    /// How many items there may be: as many as are held, where that is more than there are to be.
    pub(super) fn bound(&self) -> usize {
        if self.lent > 0 { self.lent } else { self.workers + self.buffer + self.free.min(0).unsigned_abs() }
    }

    /// From now on there are to be so many workers, and so many finished items may wait. Gives how many workers there were to
    /// be before.
    pub(super) fn resize(
        &mut self,
        board: &Board,
        workers: Option<usize>,
        buffer: Option<usize>,
        calls: &mut Calls,
    ) -> usize {
        let (from, before) = (self.workers, self.workers + self.buffer);
        self.workers = workers.unwrap_or(self.workers);
        self.buffer = buffer.unwrap_or(self.buffer);
        // A lone producer has them all, and does it itself.
        if self.lent == 0 {
            self.free += signed(self.workers + self.buffer) - signed(before);
            self.call_for_room(board, calls);
        }
        self.tell(board);
        if board.has_news() {
            calls.called.extend(self.producers.wakers());
        }
        from
    }

    /// Notes for the producers what they are to look for.
    fn tell(&self, board: &Board) {
        let present = self.open - self.leaving;
        let lends = self.lent > 0 && self.lent != self.workers + self.buffer;
        board.tell(match present.cmp(&self.workers) {
            Greater => AT_TAKE,
            Less if !self.ending => AT_ONCE,
            Less | Equal if lends => AT_ONCE,
            Less | Equal => 0,
        });
    }

    /// A lone producer, that has so many permits, gives them back for good: it is one of several, or has more or less room
    /// than before.
    pub(super) fn join(&mut self, board: &Board, claimed: usize, permits: usize) {
        self.collect_owed(board);
        let lent = std::mem::take(&mut self.lent);
        if lent > 0 {
            let unclaimed = self.paid.wrapping_sub(claimed);
            self.free = signed(unclaimed + permits + self.workers + self.buffer) - signed(lent);
        }
    }

    /// What the producer is to do that looks.
    pub(super) fn todo(&mut self, board: &Board, look: Look) -> Todo {
        let present = self.open - self.leaving;
        if board.is_closed() {
            return Todo::Unwanted;
        }
        if present > self.workers && !look.amid {
            self.leaving += 1;
            self.tell(board);
            return Todo::Leave;
        }
        let missing = if self.ending { 0 } else { self.workers.saturating_sub(present) };
        if missing > 0 && look.holds_back {
            board.tell(AT_TAKE);
            return Todo::GoOn;
        }
        let places: Vec<_> = (0..missing).map(|_| self.producers.add()).collect();
        self.open += places.len();
        self.tell(board);
        if places.is_empty() { Todo::GoOn } else { Todo::Spawn(places) }
    }
}
