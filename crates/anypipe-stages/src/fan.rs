//! Items that go to several branches.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
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
    fn has_room(&self) -> bool {
        !self.open || self.items.len() < AHEAD
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
    let shared = Arc::new(Shared { meter, state: Mutex::new(state) });
    let inputs = (0..branches).map(|index| BranchInput { shared: Arc::clone(&shared), index }).collect();
    (Fan { shared, registered: None }, inputs)
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
        self.shared.lock().branches.iter().any(|branch| branch.open)
    }

    /// The branches that take items.
    pub(crate) fn open_branches(&self) -> Vec<usize> {
        let state = self.shared.lock();
        (0..state.branches.len()).filter(|index| state.branches[*index].open).collect()
    }

    /// Waits until every branch has room, or is closed.
    pub(crate) fn poll_room(&self) -> Poll<()> {
        let mut state = self.shared.lock();
        state.wants_room = !state.branches.iter().all(Branch::has_room);
        if state.wants_room { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Waits until this branch has room, or is closed.
    pub(crate) fn poll_room_in(&self, index: usize) -> Poll<()> {
        let mut state = self.shared.lock();
        state.wants_room = !state.branches[index].has_room();
        if state.wants_room { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Puts an item before a branch with room, or hands it back where the branch is closed.
    pub(crate) fn put(&self, index: usize, item: T) -> Result<(), T> {
        let mut state = self.shared.lock();
        let branch = &mut state.branches[index];
        if !branch.open {
            return Err(item);
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
            let old = branch.waker.replace(cx.waker().clone());
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
