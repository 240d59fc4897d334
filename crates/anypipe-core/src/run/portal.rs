//! The way into a scope from a plain thread, that waits meanwhile.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::TaskGroup;
use crate::channel::wait_on_thread;
use crate::error::RunError;
use crate::scope::task::TaskCell;
use crate::scope::{
    Giver, Panic, Promise, Scope, catch, current_scope, drop_broken, drop_caught, holding, may_block,
    promise_of_task,
};

/// The way into a scope for plain threads: a thread has asynchronous code run there, and waits for what it gives.
///
/// All clones are the same portal, and may be sent to any thread. It ends with its scope, which doesn't wait for it: the
/// scope joins the calls that are under way as it does its other tasks, and a call that comes later gets an error. So
/// does one that is under way when the scope is cancelled.
///
/// Calls run where the scope's tasks do: somebody has to drive the runtime meanwhile, as for any other task.
///
/// Blocking work of ours (`task::blocking`, a stage with `.blocking()`) is on a plain thread too, and its
/// [`current`](BlockingPortal::current) portal is that of the run it is part of. So it is on the simulator, where blocking
/// work and tasks take turns; a call from another thread is told there as meddling.
#[doc(alias("block_on", "from_thread_run", "run_coroutine_threadsafe", "wrap_future"))]
#[derive(Clone, Debug)]
pub struct BlockingPortal {
    /// Where the calls are spawned.
    scope: Scope,
}

impl BlockingPortal {
    /// A portal into the scope that this code runs in: the nearest run, group or limited future around it.
    ///
    /// # Panics
    ///
    /// Where it runs in none; [`try_current`](BlockingPortal::try_current) tells that as an error.
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(portal) => portal,
            Err(error) => error.resume(),
        }
    }

    /// As [`current`](BlockingPortal::current), with an error where there is no scope.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoRuntime`](crate::ErrorKind::NoRuntime) where the code runs in no scope, as on a plain thread: a
    /// portal is made in the run, and handed to the thread.
    pub fn try_current() -> Result<Self, RunError> {
        current_scope().map(|scope| Self { scope }).ok_or_else(|| {
            RunError::no_runtime(
                "no run is going on here: make the portal inside the run that is to be called, and hand it to this \
                 thread",
            )
        })
    }

    /// Runs what `work` makes in the scope, and blocks this thread until it is done.
    ///
    /// # Errors
    ///
    /// Where the scope has ended ([`ScopeEnded`](crate::ErrorKind::ScopeEnded)) or is cancelled, before or during the
    /// call; where the runtime shuts down; and in a task on a runtime, whose thread others need
    /// ([`WouldBlock`](crate::ErrorKind::WouldBlock)). Tasks of a runtime's own, that anypipe knows nothing of, can't be
    /// told from plain threads: there a call on a runtime of one thread never returns.
    ///
    /// # Panics
    ///
    /// As `work` and its future do.
    pub fn call<T, F, Fut>(&self, work: F) -> Result<T, RunError>
    where
        T: Send + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        may_block("BlockingPortal::call")?;
        match self.start(work).join() {
            Err(error) if error.is_panic() => error.rethrow(),
            result => result,
        }
    }

    /// Starts what `work` makes in the scope; what it gives is for the handle. It blocks nobody, and may be called
    /// anywhere.
    ///
    /// Where the scope takes nothing any more, the handle tells why.
    #[doc(alias("call_soon_threadsafe"))]
    pub fn start<T, F, Fut>(&self, work: F) -> PortalTask<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let (giver, promise) = promise_of_task(&self.scope, "portal".into());
        let future = Call { future: Some(async move { work().await }), giver: Some(giver) };
        let refused = promise.spawn(Box::pin(future)).err();
        PortalTask { refused, promise, scope: self.scope.clone() }
    }

    /// False once the scope has ended or is cancelled: from then on it takes no calls.
    pub fn is_open(&self) -> bool {
        self.scope.is_open()
    }
}

impl<R: Send + 'static> TaskGroup<R> {
    /// A portal through which plain threads call into this group: what they start are children of it.
    pub fn portal(&self) -> BlockingPortal {
        BlockingPortal { scope: self.scope().clone() }
    }
}

/// What was started through a [`BlockingPortal`]. Dropping it changes nothing; a panic that nobody asks for then is the
/// scope's.
#[must_use = "what it gives is lost unless it is joined"]
pub struct PortalTask<T> {
    /// Why it was never spawned.
    refused: Option<RunError>,
    /// What the task gives, and the task.
    promise: Promise<Result<T, Panic>, TaskCell>,
    /// Where a panic goes that nobody asks for.
    scope: Scope,
}

impl<T> PortalTask<T> {
    /// Blocks this thread until the task has ended, and gives what it gave.
    ///
    /// # Errors
    ///
    /// As [`BlockingPortal::call`]; where the task was cancelled alone; and where it panicked, as an error that
    /// [`rethrow`](RunError::rethrow) goes on with.
    pub fn join(mut self) -> Result<T, RunError> {
        may_block("PortalTask::join")?;
        let given = wait_on_thread("PortalTask::join", "the task", &mut self.promise);
        match given {
            Some(Ok(value)) => Ok(value),
            Some(Err(panic)) => Err(panic.into_error(Some("portal"))),
            None => Err(self.refused.take().unwrap_or_else(|| self.promise.task().why_it_ended())),
        }
    }

    /// Cancels this task alone.
    pub fn cancel(&self) {
        self.promise.task().cancel_alone();
    }

    /// True once the task has ended, or was never spawned.
    pub fn is_finished(&self) -> bool {
        self.promise.is_ready()
    }
}

impl<T> Drop for PortalTask<T> {
    fn drop(&mut self) {
        let panic = match self.promise.take() {
            Some(Err(panic)) => Some(panic),
            value => drop_caught(value).err(),
        };
        if let Some(panic) = panic {
            self.scope.fail(panic.into_error(Some("portal")));
        }
    }
}

impl<T> fmt::Debug for PortalTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortalTask").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of a call, that gives its panic to the caller as it does its value.
    struct Call<F, T> {
        // `None` once it is over.
        #[pin]
        future: Option<F>,
        giver: Option<Giver<Result<T, Panic>, TaskCell>>,
    }
}

impl<F: Future<Output = T>, T> Future for Call<F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        let outcome = match catch(|| future.poll(cx)) {
            Ok(polled) => Ok(ready!(polled)),
            Err(panic) => Err(panic),
        };
        let outcome = match outcome {
            Ok(value) => Ok(holding(value, || this.future.set(None))),
            Err(panic) => {
                let dropped = drop_broken(DropIn(this.future.as_mut()));
                if let (Err(another), Some(scope)) = (dropped, current_scope()) {
                    scope.fail(another.into_error(Some("portal")));
                }
                Err(panic)
            }
        };
        let given = this.giver.take().map_or(Ok(()), |giver| giver.give(outcome));
        if let Err(Err(panic)) = given {
            // Nobody waits for it any more: it is the scope's.
            panic.resume();
        }
        Poll::Ready(())
    }
}

/// Drops what is in its place.
struct DropIn<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for DropIn<'_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}
