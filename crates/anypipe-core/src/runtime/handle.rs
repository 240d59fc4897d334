use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{Job, Locals, Sleep, Spawner, Task, Timer};

/// All that anypipe asks of a runtime: a [`Spawner`], a [`Timer`], a name and a budget.
pub trait Runtime: Spawner + Timer {
    /// The name that users write in `ANYPIPE_RUNTIME`: `tokio`, `smol`, `async-std`, `sim`.
    fn name(&self) -> &'static str;

    /// Asks whether the running task may go on. Called once per chunk of items, never per item.
    ///
    /// `Pending` makes the task give way; it has been woken already, or will be. A runtime without
    /// a budget leaves this as it is: core gives way by itself now and then.
    fn poll_budget(&self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Lets other threads have the tasks that were woken on this one, whose own task goes on working for a while.
    ///
    /// Asked where items take a microsecond or more. A runtime whose idle threads find all that was woken leaves this
    /// as it is.
    fn offer_woken(&self) {}

    /// True where the code that asks is polled as the runtime's tasks are, so that waking it costs no more than
    /// waking one of them. The sink of an awaited run is then polled there, and is a task of the run elsewhere.
    ///
    /// A runtime that can't tell leaves this as it is. Tasks of anypipe are known anyway.
    fn is_current(&self) -> bool {
        false
    }

    /// True where all that its tasks do follows from what it began with, as from a seed, so that a run can be replayed.
    /// What comes from elsewhere, as from another thread, would be lost in that: whoever steers runs from there must leave
    /// these alone.
    fn is_replayable(&self) -> bool {
        false
    }

    /// Waits in blocking work of this runtime, on its thread, in the runtime's own way: polls `wait` until it is ready, or
    /// `limit` has passed. True where it has done so.
    ///
    /// Where this is left as it is, the thread is parked meanwhile. A runtime whose blocking work takes turns with its
    /// tasks, as on the simulator, lets them go on.
    fn wait_in_job(
        &self,
        wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        limit: Option<Duration>,
    ) -> bool {
        let _ = (wait, limit);
        false
    }

    /// What is kept for this runtime, the same for all its handles: among it is how many closures may be on its threads
    /// for blocking work at a time. Runtimes that share those threads give the same.
    ///
    /// Where this is left as it is, each handle that is made keeps its own, and its clones with it.
    fn locals(&self) -> Option<Locals> {
        None
    }
}

/// A runtime as a value: cheap to clone, met once per stage and never per item.
///
/// It doesn't own the runtime. Tasks spawned after the runtime went are dropped, and the run they
/// belong to fails with [`ErrorKind::RuntimeGone`](crate::ErrorKind::RuntimeGone).
#[derive(Clone)]
pub struct RuntimeHandle {
    held: Arc<Held>,
}

struct Held {
    /// Apart, so that where it lies need not be reckoned out for each call: the clock is asked for each chunk.
    runtime: Box<dyn Runtime>,
    /// What is kept with the handle, where the runtime keeps nothing.
    locals: OnceLock<Locals>,
}

impl RuntimeHandle {
    /// Makes a handle of a backend.
    pub fn new(runtime: impl Runtime) -> Self {
        Self { held: Arc::new(Held { runtime: Box::new(runtime), locals: OnceLock::new() }) }
    }

    /// The runtime's name: `tokio`, `smol`, `async-std`, `sim`, or a third party's own.
    pub fn name(&self) -> &'static str {
        self.held.runtime.name()
    }

    /// The runtime's present moment.
    pub fn now(&self) -> Instant {
        self.held.runtime.now()
    }

    /// The runtime's present moment, asked for in one of its tasks.
    pub(crate) fn now_in_task(&self) -> Instant {
        self.held.runtime.now_in_task()
    }

    /// A future that is done `length` after this call.
    ///
    /// # Panics
    ///
    /// Where the runtime has no timer, with a message that says what to do.
    ///
    /// # Cancel safety
    ///
    /// Dropping the sleep forgets the wait and nothing else.
    pub fn sleep(&self, length: Duration) -> Sleep {
        self.held.runtime.sleep(length)
    }

    /// See [`Timer::is_exact`].
    pub fn is_exact(&self) -> bool {
        self.held.runtime.is_exact()
    }

    /// See [`Runtime::poll_budget`].
    pub fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.held.runtime.poll_budget(cx)
    }

    /// See [`Runtime::offer_woken`].
    pub fn offer_woken(&self) {
        self.held.runtime.offer_woken();
    }

    /// See [`Runtime::is_current`].
    pub fn is_current(&self) -> bool {
        self.held.runtime.is_current()
    }

    /// See [`Runtime::is_replayable`].
    pub fn is_replayable(&self) -> bool {
        self.held.runtime.is_replayable()
    }

    /// See [`Runtime::wait_in_job`].
    pub fn wait_in_job(
        &self,
        wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        limit: Option<Duration>,
    ) -> bool {
        self.held.runtime.wait_in_job(wait, limit)
    }

    /// See [`Runtime::locals`].
    pub fn locals(&self) -> Locals {
        self.held.runtime.locals().unwrap_or_else(|| self.held.locals.get_or_init(Locals::default).clone())
    }

    /// Whether this is a clone of the other.
    pub(crate) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.held, &other.held)
    }

    /// Passes a task on, for a runtime that stands around another; all else spawns into a
    /// [`Scope`](crate::Scope).
    pub fn spawn(&self, task: Task) {
        self.held.runtime.spawn(task);
    }

    /// Passes blocking work on, as [`spawn`](RuntimeHandle::spawn) does a task.
    pub fn spawn_blocking(&self, job: Job) {
        self.held.runtime.spawn_blocking(job);
    }
}

impl fmt::Debug for RuntimeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RuntimeHandle").field(&self.name()).finish()
    }
}
