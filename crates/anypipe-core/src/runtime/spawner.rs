use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Starts work on a runtime.
pub trait Spawner: Send + Sync + 'static {
    /// Starts a task. What the runtime gives back for it is let go so that the task runs on
    /// (smol: `detach`); joining, cancelling and panics are told by the task itself.
    fn spawn(&self, task: Task);

    /// Starts work that blocks its thread, on a thread where that is allowed.
    fn spawn_blocking(&self, job: Job);
}

/// A task of a scope, as a backend sees it: a future of `()` that never panics.
///
/// A backend polls it to its end or drops it; core learns of either.
#[must_use = "a task does nothing until it is spawned"]
pub struct Task {
    pub(crate) cell: Arc<dyn Polled>,
}

impl Task {
    /// The stage's or task's name, for reports.
    pub fn name(&self) -> &str {
        self.cell.name()
    }

    /// A watch on what the task waits for, that outlives handing the task to a runtime.
    pub fn watch(&self) -> TaskWatch {
        TaskWatch { cell: Arc::clone(&self.cell) }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.cell.poll(cx)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.cell.dropped_by_runtime();
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name()).finish()
    }
}

/// Tells a task's name and what it waits for: for a runtime's own report, as the simulator's of a deadlock.
#[derive(Clone)]
pub struct TaskWatch {
    cell: Arc<dyn Polled>,
}

impl TaskWatch {
    /// The stage's or task's name.
    pub fn name(&self) -> &str {
        self.cell.name()
    }

    /// What the task waited for when it last gave way.
    pub fn waits_for(&self) -> WaitsFor {
        self.cell.waits_for()
    }
}

impl fmt::Debug for TaskWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for {}", self.name(), self.waits_for())
    }
}

/// What a parked task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// The user's own future, or anything core can't see into.
    Future,
    /// An item of its input.
    Input,
    /// Room in its output.
    Room,
    /// Its turn at the input that the workers of a stage share.
    Turn,
    /// A thread, and nothing else: it gave way by itself, and was woken already; or its work is on a thread for blocking
    /// work, or waits for one.
    Thread,
}

impl WaitsFor {
    /// All of them, each in the place of its number.
    pub(crate) const ALL: [Self; 5] = [Self::Future, Self::Input, Self::Room, Self::Turn, Self::Thread];
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Future => "its own future",
            Self::Input => "an item of its input",
            Self::Room => "room in its output",
            Self::Turn => "its turn at the shared input",
            Self::Thread => "a thread",
        })
    }
}

/// What stands behind a [`Task`].
pub(crate) trait Polled: Send + Sync {
    fn name(&self) -> &str;
    fn waits_for(&self) -> WaitsFor;
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()>;
    /// Tells that the runtime let go of the task, at its end or before.
    fn dropped_by_runtime(&self);
}

/// What stands behind a [`Job`].
pub(crate) trait Blocks: Send + Sync {
    fn name(&self) -> &str;
    fn run(&self);
    /// Tells that the runtime let go of the job, at its end or before.
    fn dropped_by_runtime(&self);
}

/// Blocking work of a scope, as a backend sees it: [`run`](Job::run) it, or drop it.
#[must_use = "a job does nothing until it is run"]
pub struct Job {
    pub(crate) cell: Arc<dyn Blocks>,
}

impl Job {
    /// The stage's or job's name, for reports.
    pub fn name(&self) -> &str {
        self.cell.name()
    }

    /// Does the work on the calling thread. It never panics.
    pub fn run(self) {
        self.cell.run();
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cell.dropped_by_runtime();
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.name()).finish()
    }
}
