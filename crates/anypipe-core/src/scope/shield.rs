//! Work that goes on when the scope around it is cancelled.

// For maintainers. A shield is a task in a scope of its own. That is joined by the scope around it as a child is, and
// fails the same run, but is not among those that are cancelled with it; and it is let in as long as the scope around
// it has not ended, for it is most wanted by a task that was cancelled and is being polled for the last time. So P1
// stays as it is, and so does P2: a run that is dropped finds nothing of the shield in its slots, and leaves it to its
// heir with all else that it could not drop. Where a shield has a grace, a *watch* stands in the list of the scope
// around it: whatever cancels or empties that list wakes the shield, which then looks at the clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::panic::{Panic, catch, drop_broken, drop_caught};
use super::task::{Member, Seized};
use super::{Controls, Giver, Promise, Scope, promise, replace_waker};
use crate::runtime::{Alarm, RuntimeHandle};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// The name of the task.
pub(crate) const NAME: &str = "shield";

/// What the shielded work gives, or its panic.
pub(crate) type Shielded<T> = Promise<Result<T, Panic>>;

impl Scope {
    /// Starts work that goes on when this scope is cancelled, for `grace` at the most where one is given; gives its scope
    /// and what to wait for. `None` where this scope has ended, and then hands the work back.
    pub(crate) fn shield<F>(
        &self,
        grace: Option<Duration>,
        work: F,
    ) -> Result<(Scope, Shielded<F::Output>), F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let Some(mut state) = self.lock_counted() else { return Err(work) };
        // It is counted, and so in the list, whether it watches or not.
        let watch = Arc::new(Watch { shield: Mutex::new(None), index: AtomicUsize::new(0) });
        state.members.enter(Arc::clone(&watch) as Arc<dyn Member>);
        drop(state);
        let (runtime, controls) = (self.runtime().clone(), self.controls().clone());
        let scope =
            Self::with(runtime, Some(self), Some(self.clone()), controls, self.inner.repeated, None, true);
        let guard = Guard { around: self.clone(), watch };
        let promise = start(&scope, grace.map(|grace| (grace, None)), Some(guard), work);
        Ok((scope, promise))
    }

    /// Starts work that no scope is around.
    pub(crate) fn shield_alone<F>(runtime: RuntimeHandle, work: F) -> (Scope, Shielded<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let scope = Self::new(runtime, None, Controls::default());
        let promise = start(&scope, None, None, work);
        (scope, promise)
    }
}

fn start<F>(
    scope: &Scope,
    grace: Option<(Duration, Option<Alarm>)>,
    guard: Option<Guard>,
    work: F,
) -> Shielded<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (giver, promise) = promise();
    let scope_of = scope.clone();
    scope.spawn(NAME, Shield { work: Some(work), giver: Some(giver), scope: scope_of, grace, guard });
    promise
}

/// Wakes a shield when the scope around it is cancelled or given up.
struct Watch {
    /// The shield's waker of its last poll, where it has a grace.
    shield: Mutex<Option<Waker>>,
    /// Its place in the list of the scope around the shield.
    index: AtomicUsize,
}

impl Member for Watch {
    fn enter_at(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }

    fn cancel(self: Arc<Self>) -> Option<Waker> {
        self.shield.lock().clone()
    }

    fn seize(self: Arc<Self>) -> Option<Seized> {
        let waker = self.shield.lock().take()?;
        Some(Box::new(move || waker.wake()))
    }

    fn told(&self, _now: Option<Instant>) -> Option<String> {
        // The shield itself tells, in its own scope.
        None
    }
}

/// The place of a shield in the scope around it, until it is over.
struct Guard {
    around: Scope,
    watch: Arc<Watch>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.around.ended(self.watch.index.load(Ordering::Relaxed));
    }
}

pin_project! {
    struct Shield<F>
    where
        F: Future,
    {
        // `None` once it is done.
        #[pin]
        work: Option<F>,
        giver: Option<Giver<Result<F::Output, Panic>>>,
        // Its own.
        scope: Scope,
        // How long it goes on after the scope around it was cancelled, and the clock once it was.
        grace: Option<(Duration, Option<Alarm>)>,
        // After the work, which is dropped first.
        guard: Option<Guard>,
    }
}

impl<F: Future> Future for Shield<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let (Some(_), Some(guard)) = (&this.grace, &this.guard) {
            let old = replace_waker(&mut guard.watch.shield.lock(), cx.waker());
            drop(old);
        }
        let Some(work) = this.work.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        let outcome = match catch(|| work.poll(cx)) {
            Ok(Poll::Pending) => {
                // After the entry: a cancel in between has either seen the waker or is seen here.
                if is_late(this.scope, this.grace, this.guard.as_ref(), cx) {
                    // Its task is dropped when it gives way, with all that it has left in its scope.
                    this.scope.cancel();
                }
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => match catch(|| this.work.set(None)) {
                Ok(()) => Ok(value),
                Err(panic) => {
                    // The first one is told.
                    drop(drop_caught(value));
                    Err(panic)
                }
            },
            Err(panic) => {
                // As above.
                drop(drop_broken_in_place(this.work));
                Err(panic)
            }
        };
        // What it has left behind ends with it.
        this.scope.cancel();
        match this.giver.take().map(|giver| giver.give(outcome)) {
            // Nobody waits any more: the panic is the run's.
            Some(Err(Err(panic))) => panic.resume(),
            // Nor does anybody want the value.
            Some(Err(value)) => drop(value),
            Some(Ok(())) | None => {}
        }
        Poll::Ready(())
    }
}

fn drop_broken_in_place<F>(mut work: Pin<&mut Option<F>>) -> Result<(), Panic> {
    struct InPlace<'a, F>(Pin<&'a mut Option<F>>);
    impl<F> Drop for InPlace<'_, F> {
        fn drop(&mut self) {
            self.0.set(None);
        }
    }
    drop_broken(InPlace(work.as_mut()))
}

/// True once the grace is over.
fn is_late(
    scope: &Scope,
    grace: &mut Option<(Duration, Option<Alarm>)>,
    guard: Option<&Guard>,
    cx: &mut Context<'_>,
) -> bool {
    let (Some((grace, alarm)), Some(guard)) = (grace, guard) else { return false };
    if !guard.around.is_cancelled() {
        return false;
    }
    let alarm = alarm.get_or_insert_with(|| {
        let mut alarm = Alarm::new(scope.runtime());
        alarm.set(*grace);
        alarm
    });
    alarm.poll(cx).is_ready()
}
