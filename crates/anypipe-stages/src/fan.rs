//! Items that go to several branches.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anypipe_core::drive::{DEFAULT_BUFFER, Inlet};
use anypipe_core::scope::{Charted, Meter, waits_for_input};
use anypipe_core::stage::drop_each;
use futures_core::Stream;

// The dealer keeps what it deals, and puts it before a branch in one go, under a lock that each branch has of its own, and
// under which the branch takes all it may. That is what was shown to it, which the dealer tells without the lock: at once,
// or item by item where the branch is not to be ahead of what else becomes of them. All of them count against the bound
// until the branch gives them out. How many it has given out it tells without the lock as well. Who waits for what the other
// tells says so first and looks again, and the other looks whether it does after it has told.

/// How many items wait for a branch at the most: as many as for a task.
pub(crate) const AHEAD: usize = DEFAULT_BUFFER;

/// Where items wait for the branches that take them; the dealer's end.
pub(crate) struct Fan<T> {
    common: Arc<Common>,
    /// Counts what nobody takes.
    meter: Option<Meter>,
    /// The waker that the branches know.
    registered: Option<Waker>,
    lanes: Vec<Lane<T>>,
    /// Items that were dealt to all branches, and not shown yet.
    for_all: Vec<T>,
    /// How many more all have room for at least.
    room_of_all: usize,
    /// The branches that the dealer's own task is to poll.
    rung: Vec<usize>,
}

/// What the dealer knows of a branch.
struct Lane<T> {
    index: usize,
    branch: Arc<Branch<T>>,
    /// Items that were dealt and not shown yet.
    batch: Vec<T>,
    /// True until the branch was seen to have closed.
    open: bool,
    /// How many items were dealt; wraps.
    dealt: usize,
    /// How many the branch may take; wraps.
    shown: usize,
    /// How many it has room for at least: meanwhile it only takes some out.
    room: usize,
    /// The waker with which the dealer's own task polls what the branch gives.
    bell: Option<Waker>,
}

/// Why a branch doesn't take an item, which comes back.
pub(crate) enum Refused<T> {
    /// It has no room; the dealer is woken once it has.
    Full(T),
    /// It has closed.
    Closed(T),
}

/// The input of one branch of a fan-out: what `broadcast`, `route` and `tee` give to their branches.
///
/// Where the fan-out itself vanished the branch doesn't see an end: it stays pending.
pub struct BranchInput<T> {
    common: Arc<Common>,
    branch: Arc<Branch<T>>,
    /// Counts what the branch takes, and what nobody does.
    meter: Option<Meter>,
    /// Until it is polled: the dealer's place in pictures of the run.
    dealer: Option<Charted>,
    /// Items taken from before the branch, and not given out yet; the next one last.
    hand: Vec<T>,
    /// Up to where what was given out has been counted.
    counted: usize,
}

// The items are only ever moved.
impl<T> Unpin for BranchInput<T> {}

/// What all branches know of the dealer.
struct Common {
    /// How many branches are open.
    open: AtomicUsize,
    /// Wakes the dealer.
    dealer: Mutex<Option<Waker>>,
}

impl Common {
    fn wake_dealer(&self) {
        let dealer = lock(&self.dealer).clone();
        dealer.into_iter().for_each(Waker::wake);
    }
}

/// What a branch and the dealer share.
struct Branch<T> {
    /// How many items it may take; wraps. Only the dealer writes here, after it has put them.
    shown: AtomicUsize,
    /// True while the branch waits for items.
    waits: AtomicBool,
    /// How many items it has given out, or dropped when it closed; wraps. Only the branch writes here.
    out: AtomicUsize,
    /// True while the dealer waits for room.
    wants_room: AtomicBool,
    waiting: Mutex<Waiting<T>>,
}

/// What waits for a branch.
struct Waiting<T> {
    items: Vec<T>,
    /// True until the branch has dropped its input.
    open: bool,
    /// True once no further items will come.
    ended: bool,
    /// Wakes the branch.
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of others runs under it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A fan with this many branches. The dealer's place in pictures of the run is `charted`, unless what deals and what it is
/// dealt to are one there.
pub(crate) fn fan<T>(
    branches: usize,
    meter: Option<Meter>,
    charted: Option<&Charted>,
) -> (Fan<T>, Vec<BranchInput<T>>) {
    let common = Arc::new(Common { open: AtomicUsize::new(branches), dealer: Mutex::new(None) });
    let lane = |index| {
        let waiting = Waiting { items: Vec::new(), open: true, ended: false, waker: None };
        let (shown, out) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (waits, wants_room) = (AtomicBool::new(false), AtomicBool::new(false));
        let branch = Arc::new(Branch { shown, waits, out, wants_room, waiting: Mutex::new(waiting) });
        Lane { index, branch, batch: Vec::new(), open: true, dealt: 0, shown: 0, room: AHEAD, bell: None }
    };
    let lanes: Vec<_> = (0..branches).map(lane).collect();
    let input = |lane: &Lane<T>| {
        let (common, branch) = (Arc::clone(&common), Arc::clone(&lane.branch));
        let (meter, dealer) = (meter.clone(), charted.cloned());
        BranchInput { common, branch, meter, dealer, hand: Vec::new(), counted: 0 }
    };
    let inputs = lanes.iter().map(input).collect();
    let (for_all, rung) = (Vec::new(), Vec::new());
    (Fan { common, meter, registered: None, lanes, for_all, room_of_all: AHEAD, rung }, inputs)
}

impl<T> Fan<T> {
    /// Has the dealer woken when a branch closes, and when there is room where it waits for that.
    #[inline]
    pub(crate) fn register(&mut self, cx: &mut Context<'_>) {
        if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.replace_waker(cx.waker());
        }
    }

    #[cold]
    fn replace_waker(&mut self, waker: &Waker) {
        let old = lock(&self.common.dealer).replace(waker.clone());
        drop(old);
        self.registered = Some(waker.clone());
    }

    /// Tells the waker with which the dealer's own task polls what a branch gives. Where the branch waits with it for
    /// items, it is [rung](Fan::rung) instead of woken.
    pub(crate) fn set_bell(&mut self, index: usize, bell: Waker) {
        self.lanes[index].bell = Some(bell);
    }

    /// The branches that the dealer's own task is to poll.
    pub(crate) fn rung(&mut self) -> &mut Vec<usize> {
        &mut self.rung
    }

    /// True while a branch takes items.
    pub(crate) fn is_open(&self) -> bool {
        self.common.open.load(Ordering::SeqCst) > 0
    }

    /// Waits until every branch has room, or is closed.
    #[inline]
    pub(crate) fn poll_room_of_all(&mut self) -> Poll<()> {
        if self.room_of_all > 0 || self.look_for_room_of_all() { Poll::Ready(()) } else { Poll::Pending }
    }

    #[inline(never)]
    fn look_for_room_of_all(&mut self) -> bool {
        let dealt = self.for_all.len();
        // Those that have room for no more are asked.
        let has_room = |lane: &mut Lane<T>| lane.room > dealt || lane.look_for_room(dealt, || ());
        if self.lanes.iter_mut().all(has_room) {
            self.room_of_all = self.lanes.iter().map(|lane| lane.room - dealt).min().unwrap_or(AHEAD);
        }
        self.room_of_all > 0
    }

    /// Deals an item to all branches, where [`poll_room_of_all`](Fan::poll_room_of_all) is ready, to be
    /// [shown](Fan::show_to_all).
    #[inline]
    pub(crate) fn deal_to_all(&mut self, item: T) {
        self.for_all.push(item);
        self.room_of_all -= 1;
    }

    /// Deals what is at hand of the input as well, as far as there is room; `false` where there is none.
    pub(crate) fn deal_to_all_at_hand(&mut self, input: &mut Inlet<T>) -> bool
    where
        T: Send + 'static,
    {
        let before = self.for_all.len();
        input.drain_at_hand(self.room_of_all, &mut self.for_all);
        let count = self.for_all.len() - before;
        self.room_of_all -= count;
        count > 0
    }

    /// Puts what was dealt to all before each branch that takes any.
    pub(crate) fn show_to_all(&mut self, copy: impl Fn(&T) -> T) {
        let mut open = self.lanes.iter_mut().filter(|lane| lane.open);
        let Some(mut lane) = open.next() else { return drop_each(self.for_all.drain(..)) };
        for next in open {
            lane.deal_all(self.for_all.iter().map(&copy));
            lane = next;
        }
        lane.deal_batch(&mut self.for_all);
        self.show();
    }

    /// Deals an item to a branch, to be [shown](Fan::show); gives it back where there is no room.
    #[inline]
    pub(crate) fn deal(&mut self, index: usize, item: T) -> Result<(), T> {
        let lane = &mut self.lanes[index];
        if !lane.has_room() {
            return Err(item);
        }
        lane.deal(item);
        Ok(())
    }

    /// Deals items to a branch that has room for all of them.
    pub(crate) fn deal_all(&mut self, index: usize, items: impl ExactSizeIterator<Item = T>) {
        self.lanes[index].deal_all(items);
    }

    /// Shows what was dealt to the branches. What a branch that has closed doesn't take goes.
    pub(crate) fn show(&mut self) {
        for lane in &mut self.lanes {
            let count = lane.batch.len();
            if count == 0 {
                continue;
            }
            match lane.put() {
                Ok(()) => lane.show(count, &mut self.rung),
                Err(Closed) => drop_each(lane.batch.drain(..)),
            }
        }
    }

    /// Puts what was dealt before a branch, which doesn't see it yet. Where the branch has closed it goes.
    pub(crate) fn put(&mut self, index: usize) -> Result<(), Closed> {
        let lane = &mut self.lanes[index];
        lane.put().inspect_err(|Closed| drop_each(lane.batch.drain(..)))
    }

    /// Shows the next item that was put before a branch to it.
    #[inline]
    pub(crate) fn show_next(&mut self, index: usize) {
        self.lanes[index].show(1, &mut self.rung);
    }

    /// How many items there is room for before a branch at least; where that is none, the dealer is woken once there is
    /// any. One that has closed has room.
    pub(crate) fn room(&mut self, index: usize) -> usize {
        let lane = &mut self.lanes[index];
        lane.has_room();
        lane.room
    }

    /// Shows an item to a branch at once.
    pub(crate) fn give(&mut self, index: usize, item: T) -> Result<(), Refused<T>> {
        self.deal(index, item).map_err(Refused::Full)?;
        let lane = &mut self.lanes[index];
        lane.put().map_err(|Closed| Refused::Closed(lane.batch.pop().expect("it was dealt")))?;
        lane.show(1, &mut self.rung);
        Ok(())
    }

    /// Ends the input of all branches, after the items that wait.
    pub(crate) fn end(&self) {
        for lane in &self.lanes {
            let mut waiting = lock(&lane.branch.waiting);
            waiting.ended = true;
            let waker = waiting.waker.take();
            drop(waiting);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Lane<T> {
    /// True where the branch has room, or is closed; otherwise the dealer is woken once that is so.
    #[inline]
    fn has_room(&mut self) -> bool {
        self.room > 0 || self.look_for_room(0, || ())
    }

    /// True where there is room for more than `items`. `meanwhile` is what the branch does between the first look and the
    /// asking for room: a test's.
    #[inline(never)]
    fn look_for_room(&mut self, items: usize, meanwhile: impl FnOnce()) -> bool {
        let room = || AHEAD - self.dealt.wrapping_sub(self.branch.out.load(Ordering::SeqCst));
        self.room = room();
        if self.room <= items {
            meanwhile();
            self.branch.wants_room.store(true, Ordering::SeqCst);
            // After it is said: what was given out in between is seen here.
            self.room = room();
        }
        self.room > items
    }

    /// Keeps an item, where there is room for it.
    #[inline]
    fn deal(&mut self, item: T) {
        self.batch.push(item);
        self.dealt = self.dealt.wrapping_add(1);
        self.room -= 1;
    }

    /// Keeps items, where there is room for all of them.
    fn deal_all(&mut self, items: impl ExactSizeIterator<Item = T>) {
        let count = items.len();
        self.batch.extend(items);
        self.dealt = self.dealt.wrapping_add(count);
        self.room -= count;
    }

    /// As [`deal_all`](Lane::deal_all), for a branch that was dealt nothing else.
    fn deal_batch(&mut self, items: &mut Vec<T>) {
        self.dealt = self.dealt.wrapping_add(items.len());
        self.room -= items.len();
        // Each keeps its room: nothing is allocated anew.
        std::mem::swap(&mut self.batch, items);
    }

    /// Puts what was dealt before the branch, under one lock. Where the branch has closed all is still there.
    fn put(&mut self) -> Result<(), Closed> {
        let mut waiting = lock(&self.branch.waiting);
        if !waiting.open {
            drop(waiting);
            self.open = false;
            self.dealt = self.dealt.wrapping_sub(self.batch.len());
            self.room += self.batch.len();
            return Err(Closed);
        }
        if waiting.items.is_empty() {
            // Each keeps its room: nothing is allocated anew.
            std::mem::swap(&mut waiting.items, &mut self.batch);
        } else {
            waiting.items.append(&mut self.batch);
        }
        Ok(())
    }

    /// Lets the branch take so many of the items that were put; adds it to `rung` where it waits for them, and the
    /// dealer's own task is to poll it.
    #[inline]
    fn show(&mut self, count: usize, rung: &mut Vec<usize>) {
        self.shown = self.shown.wrapping_add(count);
        self.branch.shown.store(self.shown, Ordering::SeqCst);
        // After it is told: a branch that has not seen it has said that it waits.
        if self.branch.waits.load(Ordering::SeqCst) {
            self.call(rung);
        }
    }

    #[inline(never)]
    fn call(&self, rung: &mut Vec<usize>) {
        let mut waiting = lock(&self.branch.waiting);
        self.branch.waits.store(false, Ordering::SeqCst);
        if let (Some(waker), Some(bell)) = (&waiting.waker, &self.bell) {
            if waker.will_wake(bell) {
                return rung.push(self.index);
            }
        }
        let waker = waiting.waker.take();
        drop(waiting);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// The branch takes no items any more.
pub(crate) struct Closed;

impl<T> Drop for Fan<T> {
    fn drop(&mut self) {
        let mut items = Vec::new();
        for lane in &mut self.lanes {
            let mut waiting = lock(&lane.branch.waiting);
            // Nobody takes what the branches make: what waits goes at once, and none of them must take that for
            // the end of its input.
            waiting.ended = false;
            items.append(&mut waiting.items);
        }
        let dealer = lock(&self.common.dealer).take();
        drop(dealer);
        if let Some(meter) = &self.meter {
            meter.leave(items.len());
        }
        // What was dealt and not put has not been counted.
        let dealt = self.lanes.iter_mut().flat_map(|lane| lane.batch.drain(..)).chain(self.for_all.drain(..));
        drop_each(items.into_iter().chain(dealt));
    }
}

impl<T> BranchInput<T> {
    /// Gives an item out, which makes room.
    #[inline]
    fn give(&mut self) -> Option<T> {
        let item = self.hand.pop()?;
        let out = self.branch.out.load(Ordering::Relaxed);
        self.branch.out.store(out.wrapping_add(1), Ordering::SeqCst);
        // After it is told: a dealer that has not seen it has said that it waits.
        if self.branch.wants_room.load(Ordering::SeqCst) {
            self.call_for_room();
        }
        Some(item)
    }

    #[inline(never)]
    fn call_for_room(&self) {
        self.branch.wants_room.store(false, Ordering::SeqCst);
        self.common.wake_dealer();
    }

    /// Counts what it has given out.
    fn count(&mut self) {
        let out = self.branch.out.load(Ordering::Relaxed);
        let given = out.wrapping_sub(std::mem::replace(&mut self.counted, out));
        if let Some(meter) = &self.meter {
            meter.deliver(given);
        }
    }

    /// Takes all that waits into an empty hand; `Ready` where there is something, or the end.
    #[inline(never)]
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(dealer) = self.dealer.take() {
            dealer.note_asked();
        }
        self.count();
        let mut waiting = lock(&self.branch.waiting);
        let mut old = None;
        if self.shown(&waiting) == 0 && !waiting.ended {
            if !waiting.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                old = waiting.waker.replace(cx.waker().clone());
            }
            self.branch.waits.store(true, Ordering::SeqCst);
            // After it is said: what was shown in between is seen here.
            if self.shown(&waiting) == 0 {
                drop(waiting);
                drop(old);
                waits_for_input();
                return Poll::Pending;
            }
        }
        let count = self.shown(&waiting);
        if count == waiting.items.len() {
            // Each keeps its room: nothing is allocated anew.
            std::mem::swap(&mut self.hand, &mut waiting.items);
        } else {
            self.hand.extend(waiting.items.drain(..count));
        }
        drop(waiting);
        drop(old);
        self.hand.reverse();
        Poll::Ready(())
    }

    /// How many of the items that wait it may take into its empty hand. Those of a dealer that is gone are gone too.
    fn shown(&self, waiting: &Waiting<T>) -> usize {
        let out = self.branch.out.load(Ordering::Relaxed);
        self.branch.shown.load(Ordering::SeqCst).wrapping_sub(out).min(waiting.items.len())
    }
}

impl<T> Stream for BranchInput<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(item) = self.give() {
            return Poll::Ready(Some(item));
        }
        // A hand that is empty after that is the end.
        self.poll_fetch(cx).map(|()| self.give())
    }
}

impl<T> Drop for BranchInput<T> {
    fn drop(&mut self) {
        self.count();
        let mut waiting = lock(&self.branch.waiting);
        waiting.open = false;
        self.common.open.fetch_sub(1, Ordering::SeqCst);
        let items = std::mem::take(&mut waiting.items);
        let hand = std::mem::take(&mut self.hand);
        let unwanted: Vec<_> = hand.into_iter().rev().chain(items).collect();
        // The dealer must not wait for room.
        self.branch.out.fetch_add(unwanted.len(), Ordering::SeqCst);
        let waker = waiting.waker.take();
        drop(waiting);
        drop(waker);
        if let Some(meter) = &self.meter {
            meter.leave(unwanted.len());
        }
        self.common.wake_dealer();
        drop_each(unwanted);
    }
}

impl<T> fmt::Debug for BranchInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BranchInput").field("in_hand", &self.hand.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use futures_core::Stream;

    use super::{AHEAD, BranchInput, Fan, Refused, fan};

    /// Counts how often it is woken.
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn calls() -> (Arc<Calls>, Waker) {
        let calls = Arc::new(Calls(AtomicUsize::new(0)));
        (Arc::clone(&calls), Waker::from(calls))
    }

    fn one() -> (Fan<usize>, BranchInput<usize>) {
        let (fan, mut inputs) = fan(1, None, None);
        (fan, inputs.remove(0))
    }

    fn poll(input: &mut BranchInput<usize>, waker: &Waker) -> Poll<Option<usize>> {
        Pin::new(input).poll_next(&mut Context::from_waker(waker))
    }

    #[test]
    fn what_a_branch_has_in_hand_counts_against_the_bound() {
        let ((mut fan, mut input), (woken, waker)) = (one(), calls());
        fan.register(&mut Context::from_waker(&waker));
        assert!((0..AHEAD).all(|n| fan.give(0, n).is_ok()));
        for n in 0..3 {
            assert!(matches!(fan.give(0, AHEAD + n), Err(Refused::Full(_))));
            assert_eq!(woken.0.load(Ordering::SeqCst), n, "nothing was given out since");
            assert_eq!(poll(&mut input, Waker::noop()), Poll::Ready(Some(n)));
            assert_eq!(woken.0.load(Ordering::SeqCst), n + 1, "there is room");
            assert!(fan.give(0, AHEAD + n).is_ok());
        }
    }

    #[test]
    fn a_branch_that_closes_with_items_in_hand_frees_the_dealer() {
        let ((mut fan, mut input), (woken, waker)) = (one(), calls());
        fan.register(&mut Context::from_waker(&waker));
        for n in 0..AHEAD {
            assert!(fan.poll_room_of_all().is_ready());
            fan.deal_to_all(n);
        }
        assert!(fan.poll_room_of_all().is_pending(), "what was not shown counts too");
        fan.show_to_all(|n| *n);
        assert_eq!(poll(&mut input, Waker::noop()), Poll::Ready(Some(0)));
        assert_eq!(woken.0.load(Ordering::SeqCst), 1, "there is room");
        assert!(fan.poll_room_of_all().is_ready());
        fan.deal_to_all(AHEAD);
        fan.show_to_all(|n| *n);
        assert!(fan.poll_room_of_all().is_pending());
        drop(input);
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
        assert!(fan.poll_room_of_all().is_ready());
        assert!(matches!(fan.give(0, 0), Err(Refused::Closed(0))));
    }

    #[test]
    fn a_branch_takes_what_was_shown_and_no_more() {
        let ((mut fan, mut input), (woken, waker)) = (one(), calls());
        (0..3).for_each(|n| fan.deal(0, n).unwrap());
        assert!(fan.put(0).is_ok());
        for n in 0..3 {
            assert!(poll(&mut input, &waker).is_pending(), "item {n} was put, and not shown");
            assert_eq!(woken.0.load(Ordering::SeqCst), n);
            fan.show_next(0);
            assert_eq!(woken.0.load(Ordering::SeqCst), n + 1);
            assert_eq!(poll(&mut input, &waker), Poll::Ready(Some(n)));
        }
        fan.end();
        assert_eq!(poll(&mut input, &waker), Poll::Ready(None));
    }

    #[test]
    fn what_a_branch_gives_out_before_room_is_asked_for_is_seen() {
        let (mut fan, mut input) = one();
        assert!((0..AHEAD).all(|n| fan.give(0, n).is_ok()));
        // It gives out the last it has, and nothing after that could wake the dealer.
        let drains = || assert!((0..AHEAD).all(|n| poll(&mut input, Waker::noop()) == Poll::Ready(Some(n))));
        assert!(fan.lanes[0].look_for_room(0, drains));
    }
}
