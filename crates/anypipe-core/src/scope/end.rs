//! How a scope ends: it fails, is cancelled, and is joined.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{CANCELLED, Member, Place, Scope, State, catch, replace_waker};
use crate::error::{ErrorKind, RunError};
use crate::sync::atomic::Ordering;

impl State {
    /// Gives the waker that was there before, for the caller to drop once the lock is let go.
    #[must_use]
    fn set_run(&mut self, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.run, waker)
    }
}

impl Scope {
    /// Fails the run: keeps the error and cancels the scope.
    ///
    /// The first error is the one the run fails with; panics that come later are kept beside it.
    pub fn fail(&self, error: RunError) {
        let mut failures = vec![(self.clone(), error)];
        while let Some((scope, error)) = failures.pop() {
            if let Some((heir, panics)) = scope.fail_or_pass(error) {
                failures.extend(panics.into_iter().rev().map(|panic| (heir.clone(), panic)));
            }
        }
    }

    /// Fails the run, or gives who is to be told, and of what, where nobody awaits it any more: only panics go
    /// on there.
    fn fail_or_pass(&self, error: RunError) -> Option<(Scope, Vec<RunError>)> {
        // A scope is joined by the run it is in, in the end.
        let run = self.joined().last().unwrap_or(self);
        let mut state = run.inner.state.lock();
        if state.ended {
            // The run is over, and has told what it had to: a panic goes on in what is still open.
            drop(state);
            let open = run.inner.above.nearest(|ancestor| !ancestor.has_ended())?;
            return Some((open, error.into_panics()));
        }
        if let Some(abandoned) = state.abandoned() {
            let heir = abandoned.heir.clone();
            drop(state);
            // Without the lock: what is no panic goes here, and may hold anybody's error.
            let panics = error.into_panics();
            if heir.is_none() {
                if let Some(abandoned) = run.inner.state.lock().abandoned() {
                    abandoned.panics.extend(panics);
                }
                return None;
            }
            return heir.map(|heir| (heir, panics));
        }
        let consequence = match &mut state.failure {
            // A vanished producer is the consequence of what made it vanish, which may be told later:
            // a panic drops the producer while it unwinds.
            Some(first) if first.kind() == ErrorKind::Broken && error.kind() != ErrorKind::Broken => {
                Some(std::mem::replace(first, error))
            }
            Some(first) if error.is_panic() => {
                first.push_other(error);
                None
            }
            // What is only cut off is the consequence of the first failure, and how much of it shows is a matter
            // of the schedule.
            Some(_) => Some(error),
            first => first.replace(error),
        };
        let wakers = state.waiting();
        drop(state);
        drop(consequence);
        run.cancel();
        run.wake(wakers);
        None
    }

    /// Keeps an item's error where the run was asked for all of them ([`Run::all_errors`]) and is to
    /// go on; a sink that stops at the first error calls this before it does.
    ///
    /// # Errors
    ///
    /// Hands the error back where the first one is to end the run.
    ///
    /// [`Run::all_errors`]: crate::Run::all_errors
    pub fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        self.inner.controls.keep_error(error)
    }

    /// The failure of the run, once; and whether there was one.
    pub(crate) fn take_failure(&self) -> Option<RunError> {
        self.inner.state.lock().failure.take()
    }

    /// Cancels all tasks of this scope and of its children. It doesn't wait for their end.
    pub fn cancel(&self) {
        let mut cancelled = Vec::new();
        let mut scopes = vec![self.clone()];
        while let Some(scope) = scopes.pop() {
            if scope.inner.flags.fetch_or(CANCELLED, Ordering::SeqCst) & CANCELLED == 0 {
                let state = scope.inner.state.lock();
                scopes.extend(state.children());
                drop(state);
                cancelled.push(scope);
            }
        }
        // All flags before the first wake.
        for scope in cancelled {
            let mut state = scope.inner.state.lock();
            let (members, waiting) = (state.members.all(), state.waiting());
            drop(state);
            let wakers = members.into_iter().filter_map(Member::cancel).chain(waiting);
            scope.wake(wakers);
        }
    }

    /// Wakes all. A waker that panics is a failure of the run, which it doesn't cancel: nothing is left to do. Where
    /// another thread has polled the run to its end meanwhile, nobody is told.
    pub(super) fn wake(&self, wakers: impl IntoIterator<Item = Waker>) {
        for waker in wakers {
            if let Err(panic) = catch(|| waker.wake()) {
                let error = panic.into_error(None);
                let run = self.joined().last().unwrap_or(self);
                let mut state = run.inner.state.lock();
                match &mut state.failure {
                    Some(first) => first.push_other(error),
                    first => *first = Some(error),
                }
            }
        }
    }

    /// Cancels all tasks of this scope and waits until the last has ended, destructors and all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting only: the scope stays cancelled, and the run still
    /// joins it.
    pub async fn cancel_and_join(&self) {
        self.cancel();
        Join { scope: self, place: Place::default() }.await;
    }

    /// Ready once nothing is running; the scope has then ended.
    pub(crate) fn poll_join(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ended(|state| state.set_run(cx.waker()))
    }

    fn poll_ended(&self, wait: impl FnOnce(&mut State) -> Option<Waker>) -> Poll<()> {
        let mut state = self.inner.state.lock();
        if state.running == 0 {
            state.ended = true;
            let run = state.run.take();
            drop(state);
            drop(run);
            return Poll::Ready(());
        }
        let old = wait(&mut state);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Has the task that polls told of a failure and of a cancel, also of those that come after the last task has ended.
    pub(crate) fn register(&self, cx: &mut Context<'_>) {
        let mut state = self.inner.state.lock();
        let old = state.set_run(cx.waker());
        drop(state);
        drop(old);
    }
}

/// The wait of [`Scope::cancel_and_join`].
struct Join<'a> {
    scope: &'a Scope,
    /// The place among those who join.
    place: Place,
}

impl Future for Join<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.scope.poll_ended(|state| state.more().joiners.enter(&mut this.place, cx.waker()))
    }
}

impl Drop for Join<'_> {
    fn drop(&mut self) {
        let mut state = self.scope.inner.state.lock();
        let waker = state.more.as_mut().and_then(|more| more.joiners.leave(self.place));
        drop(state);
        drop(waker);
    }
}
