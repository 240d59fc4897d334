//! Tasks. Smol has no budget: core gives way by itself.

use std::sync::{LazyLock, Weak};

use anypipe_core::runtime::{Job, Locals, Runtime, Spawner, Task};
use async_executor::Executor;

/// What a `RuntimeHandle` holds of smol. It never owns the executor, so that the tasks on one that
/// goes are dropped instead of waiting for ever.
#[derive(Clone)]
pub(crate) enum Native {
    /// The one that all of anypipe shares.
    Shared,
    /// The one of `smol::spawn`.
    Global,
    /// One that can go.
    Executor(Weak<Executor<'static>>),
}

impl Spawner for Native {
    fn spawn(&self, task: Task) {
        // A smol task whose handle goes is cancelled, unless it is detached.
        match self {
            Self::Shared => crate::blocking::shared().spawn(task).detach(),
            Self::Global => smol::spawn(task).detach(),
            Self::Executor(executor) => match executor.upgrade() {
                Some(executor) => executor.spawn(task).detach(),
                None => drop(task),
            },
        }
    }

    fn spawn_blocking(&self, job: Job) {
        match self {
            Self::Executor(executor) if executor.strong_count() == 0 => drop(job),
            _ => crate::blocking::spawn(job),
        }
    }
}

/// What is kept for all executors: they share smol's threads for blocking work.
static LOCALS: LazyLock<Locals> = LazyLock::new(Locals::default);

impl Runtime for Native {
    fn locals(&self) -> Option<Locals> {
        Some(LOCALS.clone())
    }

    fn name(&self) -> &'static str {
        "smol"
    }
}
