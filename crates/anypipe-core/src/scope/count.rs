//! How much has not ended, in a scope and in those that join it.

use std::iter;

use super::{Scope, State, Wakes};
use crate::sync::MutexGuard;

/// Whom to tell, once the locks are let go, that nothing is running any more.
#[derive(Default)]
pub(super) struct Told {
    /// Those who wait.
    pub(super) wakers: Wakes,
    /// Those who have adopted what has ended.
    pub(super) heirs: Vec<Scope>,
}

impl State {
    /// Counts one thing less; true where it was the last, and those who wait are to be told.
    pub(super) fn count_down(&mut self, told: &mut Told) -> bool {
        self.running -= 1;
        if self.running > 0 {
            return false;
        }
        // The run stays where it is: a failure that comes later finds it there.
        self.take_joiners(&mut told.wakers);
        if let Some(run) = &self.run {
            told.wakers.add(run.clone());
        }
        if let Some(abandoned) = self.abandoned() {
            told.heirs.extend(abandoned.heir.take());
            self.ended = true;
        }
        true
    }

    /// All who wait, to be woken once the lock is let go.
    pub(super) fn waiting(&mut self) -> Wakes {
        let mut wakers = Wakes::default();
        self.take_joiners(&mut wakers);
        if let Some(run) = self.run.take() {
            wakers.add(run);
        }
        wakers
    }

    fn take_joiners(&mut self, wakers: &mut Wakes) {
        if let Some(more) = &mut self.more {
            wakers.extend(more.joiners.take());
        }
    }
}

impl Scope {
    /// True while it has anything to join.
    pub(crate) fn has_tasks(&self) -> bool {
        self.inner.state.lock().running > 0
    }

    /// Tells that the work with this index is over, destructors and all.
    pub(super) fn ended(&self, index: usize) {
        let mut told = Told::default();
        let mut state = self.inner.state.lock();
        let work = state.members.leave(index);
        let was_last = state.count_down(&mut told);
        drop(state);
        drop(work);
        if was_last {
            self.count_down_outer(&mut told);
            self.tell(told);
        }
    }

    /// Counts one more thing to wait for, unless the scope has ended, or one that joins it.
    pub(super) fn count_up(&self) -> bool {
        self.lock_counted().is_some()
    }

    /// As [`count_up`](Scope::count_up); gives the state as it is then.
    pub(super) fn lock_counted(&self) -> Option<MutexGuard<'_, State>> {
        let mut state = self.inner.state.lock();
        if state.ended || (state.running == 0 && !self.count_up_outer()) {
            return None;
        }
        state.running += 1;
        Some(state)
    }

    /// Counts one more thing to wait for in the scope that joins this one, which has nothing yet and is locked
    /// meanwhile; and so on, as long as there was nothing. False where one of them has ended.
    pub(super) fn count_up_outer(&self) -> bool {
        // All stay locked, so that nobody counts on what isn't counted further out.
        let (mut first, mut more) = (None, Vec::new());
        for scope in self.outer() {
            let mut state = scope.inner.state.lock();
            if state.ended {
                return false;
            }
            if state.running > 0 {
                state.running += 1;
                break;
            }
            if first.is_none() {
                first = Some(state);
            } else {
                more.push(state);
            }
        }
        first.iter_mut().chain(&mut more).for_each(|state| state.running += 1);
        true
    }

    /// Counts one thing less; where it was the last, also in those that join this scope, and tells those who wait.
    pub(super) fn count_down(&self) {
        let mut told = Told::default();
        let was_last = self.inner.state.lock().count_down(&mut told);
        if was_last {
            self.count_down_outer(&mut told);
            self.tell(told);
        }
    }

    /// Counts one thing less in the scope that joins this one, which has nothing any more; and so on, as long as that was
    /// the last.
    pub(super) fn count_down_outer(&self, told: &mut Told) {
        let mut outer = self.outer();
        while outer.next().is_some_and(|scope| scope.inner.state.lock().count_down(told)) {}
    }

    /// Tells those who wait, and those who have adopted what has ended.
    pub(super) fn tell(&self, mut told: Told) {
        while let Some(heir) = told.heirs.pop() {
            let was_last = heir.inner.state.lock().count_down(&mut told);
            if was_last {
                heir.count_down_outer(&mut told);
            }
        }
        if !told.wakers.is_empty() {
            self.wake(told.wakers);
        }
    }

    /// This scope, the one that joins it, and so on.
    pub(super) fn joined(&self) -> impl Iterator<Item = &Scope> {
        iter::once(self).chain(self.outer())
    }

    /// The scope that joins this one, the one that joins that, and so on.
    pub(super) fn outer(&self) -> impl Iterator<Item = &Scope> {
        iter::successors(self.inner.joined_by.as_ref(), |scope| scope.inner.joined_by.as_ref())
    }
}
