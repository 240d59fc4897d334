//! Items that go to several branches.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anypipe_core::scope::Meter;
use anypipe_core::stage::drop_each;
use futures_core::Stream;

/// How many items wait for a branch at the most.
pub(crate) const AHEAD: usize = 8;

/// Where items wait for the branches that take them; the dealer's end.
pub(crate) struct Fan<T> {
    shared: Arc<Shared<T>>,
    /// The waker that the branches know.
    registered: Option<Waker>,
    /// The branches that took items when it last looked.
    open: Vec<usize>,
    /// How many items each of these has room for at least: meanwhile they only take some out.
    room: usize,
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
    shared: Arc<Shared<T>>,
    index: usize,
}

struct Shared<T> {
    /// Counts what the branches take, and what nobody does.
    meter: Option<Meter>,
    /// How many branches are open; changed under the lock.
    open: AtomicUsize,
    state: Mutex<State<T>>,
}

struct State<T> {
    branches: Vec<Branch<T>>,
    /// True once no further items will come.
    ended: bool,
    /// True while the dealer waits for room.
    wants_room: bool,
    /// Wakes the dealer.
    dealer: Option<Waker>,
}

struct Branch<T> {
    items: VecDeque<T>,
    /// True until the branch has dropped its input.
    open: bool,
    /// Wakes the branch.
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing of others runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, count: fn(&Meter, usize), items: usize) {
        if let Some(meter) = &self.meter {
            count(meter, items);
        }
    }
}

impl<T> Branch<T> {
    fn room(&self) -> usize {
        AHEAD - self.items.len()
    }
}

/// A fan with this many branches.
pub(crate) fn fan<T>(branches: usize, meter: Option<Meter>) -> (Fan<T>, Vec<BranchInput<T>>) {
    let branch = |_| Branch { items: VecDeque::new(), open: true, waker: None };
    let state = State {
        branches: (0..branches).map(branch).collect(),
        ended: false,
        wants_room: false,
        dealer: None,
    };
    let shared = Arc::new(Shared { meter, open: AtomicUsize::new(branches), state: Mutex::new(state) });
    let inputs = (0..branches).map(|index| BranchInput { shared: Arc::clone(&shared), index }).collect();
    (Fan { shared, registered: None, open: (0..branches).collect(), room: 0 }, inputs)
}

impl<T> Fan<T> {
    /// Has the dealer woken when a branch closes, and when there is room where it waits for that.
    pub(crate) fn register(&mut self, cx: &mut Context<'_>) {
        if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            let waker = cx.waker().clone();
            let old = self.shared.lock().dealer.replace(waker.clone());
            drop(old);
            self.registered = Some(waker);
        }
    }

    /// True while a branch takes items.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.open.load(Ordering::SeqCst) > 0
    }

    /// Waits until every branch has room, or is closed.
    pub(crate) fn poll_room(&mut self) -> Poll<()> {
        if self.room == 0 {
            let mut state = self.shared.lock();
            let free = state.branches.iter().filter(|branch| branch.open).map(Branch::room);
            self.room = free.min().unwrap_or(AHEAD);
            state.wants_room = self.room == 0;
        }
        if self.room > 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Puts an item before each branch that takes any, where [`poll_room`](Fan::poll_room) has said that all have
    /// room.
    pub(crate) fn put_to_all(&mut self, item: T, copy: impl Fn(&T) -> T) {
        if self.shared.open.load(Ordering::SeqCst) != self.open.len() {
            let state = self.shared.lock();
            self.open.retain(|index| state.branches[*index].open);
        }
        self.room -= 1;
        let Some((last, others)) = self.open.split_last() else { return };
        for index in others {
            // Where a branch closed in between, its copy goes.
            drop(self.put(*index, copy(&item)));
        }
        drop(self.put(*last, item));
    }

    /// Puts an item before a branch.
    pub(crate) fn put(&self, index: usize, item: T) -> Result<(), Refused<T>> {
        let mut state = self.shared.lock();
        let branch = &mut state.branches[index];
        if !branch.open {
            return Err(Refused::Closed(item));
        }
        if branch.room() == 0 {
            state.wants_room = true;
            return Err(Refused::Full(item));
        }
        branch.items.push_back(item);
        let waker = branch.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Ends the input of all branches, after the items that wait.
    pub(crate) fn end(&self) {
        let mut state = self.shared.lock();
        state.ended = true;
        let wakers: Vec<_> = state.branches.iter_mut().filter_map(|branch| branch.waker.take()).collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Fan<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let dealer = state.dealer.take();
        // Nobody takes what the branches make: what waits goes at once, and none of them must take that for
        // the end of its input.
        state.ended = false;
        let items: Vec<_> = state.branches.iter_mut().flat_map(|branch| branch.items.drain(..)).collect();
        drop(state);
        drop(dealer);
        self.shared.count(Meter::leave, items.len());
        drop_each(items);
    }
}

impl<T> Stream for BranchInput<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        let branch = &mut state.branches[self.index];
        let Some(item) = branch.items.pop_front() else {
            if state.ended {
                return Poll::Ready(None);
            }
            let known = branch.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
            let old = if known { None } else { branch.waker.replace(cx.waker().clone()) };
            drop(guard);
            drop(old);
            return Poll::Pending;
        };
        let dealer = std::mem::take(&mut state.wants_room).then(|| state.dealer.clone()).flatten();
        drop(guard);
        self.shared.count(Meter::deliver, 1);
        dealer.into_iter().for_each(Waker::wake);
        Poll::Ready(Some(item))
    }
}

impl<T> Drop for BranchInput<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let branch = &mut state.branches[self.index];
        branch.open = false;
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
        let items = std::mem::take(&mut branch.items);
        let waker = branch.waker.take();
        let dealer = state.dealer.clone();
        drop(state);
        drop(waker);
        dealer.into_iter().for_each(Waker::wake);
        self.shared.count(Meter::leave, items.len());
        drop_each(items);
    }
}

impl<T> fmt::Debug for BranchInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BranchInput").field("index", &self.index).finish_non_exhaustive()
    }
}
