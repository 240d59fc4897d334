//! Items that go to several branches.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_core::scope::Meter;
use anypipe_core::stage::drop_each;
use futures_core::Stream;

// Each branch has a lock of its own, under which the dealer puts items and the branch takes all there are. Those in its
// hands count against the bound until it gives them out. How many it has given out it tells without the lock; where the
// dealer waits for that, it says so first and looks again, and the branch looks whether it does after each item.

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
    /// The branches that took items when it last looked.
    open: Vec<usize>,
    /// The branches that the dealer's own task is to poll.
    rung: Vec<usize>,
}

/// What the dealer knows of a branch.
struct Lane<T> {
    index: usize,
    branch: Arc<Branch<T>>,
    /// How many items it was given; wraps.
    dealt: usize,
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
    /// Items taken from before the branch, and not given out yet; the next one last.
    hand: Vec<T>,
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

/// A fan with this many branches.
pub(crate) fn fan<T>(branches: usize, meter: Option<Meter>) -> (Fan<T>, Vec<BranchInput<T>>) {
    let common = Arc::new(Common { open: AtomicUsize::new(branches), dealer: Mutex::new(None) });
    let lane = |index| {
        let waiting = Waiting { items: Vec::new(), open: true, ended: false, waker: None };
        let (out, wants_room) = (AtomicUsize::new(0), AtomicBool::new(false));
        let branch = Arc::new(Branch { out, wants_room, waiting: Mutex::new(waiting) });
        Lane { index, branch, dealt: 0, room: AHEAD, bell: None }
    };
    let lanes: Vec<_> = (0..branches).map(lane).collect();
    let input = |lane: &Lane<T>| {
        let (common, branch) = (Arc::clone(&common), Arc::clone(&lane.branch));
        BranchInput { common, branch, meter: meter.clone(), hand: Vec::new() }
    };
    let inputs = lanes.iter().map(input).collect();
    let open = (0..branches).collect();
    (Fan { common, meter, registered: None, lanes, open, rung: Vec::new() }, inputs)
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
    pub(crate) fn poll_room(&mut self) -> Poll<()> {
        if self.lanes.iter_mut().all(Lane::has_room) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Puts an item before each branch that takes any, where [`poll_room`](Fan::poll_room) has said that all have
    /// room.
    pub(crate) fn put_to_all(&mut self, item: T, copy: impl Fn(&T) -> T) {
        if self.common.open.load(Ordering::SeqCst) != self.open.len() {
            self.open.retain(|index| lock(&self.lanes[*index].branch.waiting).open);
        }
        let Some((last, others)) = self.open.split_last() else { return };
        for index in others {
            // Where a branch closed in between, its copy goes.
            drop(self.lanes[*index].put(copy(&item), &mut self.rung));
        }
        drop(self.lanes[*last].put(item, &mut self.rung));
    }

    /// Puts an item before a branch.
    #[inline]
    pub(crate) fn put(&mut self, index: usize, item: T) -> Result<(), Refused<T>> {
        self.lanes[index].put(item, &mut self.rung)
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
        self.room > 0 || self.look_for_room(|| ())
    }

    /// `meanwhile` is what the branch does between the first look and the asking for room: a test's.
    #[inline(never)]
    fn look_for_room(&mut self, meanwhile: impl FnOnce()) -> bool {
        let room = || AHEAD - self.dealt.wrapping_sub(self.branch.out.load(Ordering::SeqCst));
        let mut found = room();
        if found == 0 {
            meanwhile();
            self.branch.wants_room.store(true, Ordering::SeqCst);
            // After it is said: what was given out in between is seen here.
            found = room();
        }
        self.room = found;
        found > 0
    }

    /// Puts an item before the branch; adds that to `rung` where the dealer's own task is to poll it.
    #[inline]
    fn put(&mut self, item: T, rung: &mut Vec<usize>) -> Result<(), Refused<T>> {
        if !self.has_room() {
            return Err(Refused::Full(item));
        }
        let mut waiting = lock(&self.branch.waiting);
        if !waiting.open {
            return Err(Refused::Closed(item));
        }
        waiting.items.push(item);
        let own = match (&waiting.waker, &self.bell) {
            (Some(waker), Some(bell)) => waker.will_wake(bell),
            _ => false,
        };
        let waker = if own { None } else { waiting.waker.take() };
        drop(waiting);
        self.dealt = self.dealt.wrapping_add(1);
        self.room -= 1;
        if own {
            rung.push(self.index);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl<T> Drop for Fan<T> {
    fn drop(&mut self) {
        let mut items = Vec::new();
        for lane in &self.lanes {
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
        drop_each(items);
    }
}

impl<T> BranchInput<T> {
    /// Gives an item out, which makes room.
    #[inline]
    fn give(&mut self) -> Option<T> {
        let item = self.hand.pop()?;
        let out = self.branch.out.load(Ordering::Relaxed);
        self.branch.out.store(out.wrapping_add(1), Ordering::SeqCst);
        if let Some(meter) = &self.meter {
            meter.deliver(1);
        }
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

    /// Takes all that waits into an empty hand; `Ready` where there is something, or the end.
    #[inline(never)]
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = lock(&self.branch.waiting);
        if !waiting.items.is_empty() || waiting.ended {
            // Each keeps its room: nothing is allocated anew.
            std::mem::swap(&mut self.hand, &mut waiting.items);
            drop(waiting);
            self.hand.reverse();
            return Poll::Ready(());
        }
        let known = waiting.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        let old = if known { None } else { waiting.waker.replace(cx.waker().clone()) };
        drop(waiting);
        drop(old);
        Poll::Pending
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
        let (fan, mut inputs) = fan(1, None);
        (fan, inputs.remove(0))
    }

    fn poll(input: &mut BranchInput<usize>, waker: &Waker) -> Poll<Option<usize>> {
        Pin::new(input).poll_next(&mut Context::from_waker(waker))
    }

    #[test]
    fn what_a_branch_has_in_hand_counts_against_the_bound() {
        let ((mut fan, mut input), (woken, waker)) = (one(), calls());
        fan.register(&mut Context::from_waker(&waker));
        assert!((0..AHEAD).all(|n| fan.put(0, n).is_ok()));
        for n in 0..3 {
            assert!(matches!(fan.put(0, AHEAD + n), Err(Refused::Full(_))));
            assert_eq!(woken.0.load(Ordering::SeqCst), n, "nothing was given out since");
            assert_eq!(poll(&mut input, Waker::noop()), Poll::Ready(Some(n)));
            assert_eq!(woken.0.load(Ordering::SeqCst), n + 1, "there is room");
            assert!(fan.put(0, AHEAD + n).is_ok());
        }
    }

    #[test]
    fn a_branch_that_closes_with_items_in_hand_frees_the_dealer() {
        let ((mut fan, mut input), (woken, waker)) = (one(), calls());
        fan.register(&mut Context::from_waker(&waker));
        assert!((0..AHEAD).all(|n| fan.put(0, n).is_ok()));
        assert_eq!(poll(&mut input, Waker::noop()), Poll::Ready(Some(0)));
        assert!(fan.put(0, AHEAD).is_ok());
        assert!(fan.poll_room().is_pending());
        drop(input);
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert!(fan.poll_room().is_ready());
        assert!(matches!(fan.put(0, 0), Err(Refused::Closed(0))));
    }

    #[test]
    fn what_a_branch_gives_out_before_room_is_asked_for_is_seen() {
        let (mut fan, mut input) = one();
        assert!((0..AHEAD).all(|n| fan.put(0, n).is_ok()));
        // It gives out the last it has, and nothing after that could wake the dealer.
        let drains = || assert!((0..AHEAD).all(|n| poll(&mut input, Waker::noop()) == Poll::Ready(Some(n))));
        assert!(fan.lanes[0].look_for_room(drains));
    }
}
