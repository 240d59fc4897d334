//! Tasks, and the budget that they share.

use std::sync::{LazyLock, Weak};
use std::task::{Context, Poll};

use anypipe_core::runtime::{Job, Locals, Runtime, Spawner, Task};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop::poll_proceed;

use crate::blocking::Owner;

/// What a `RuntimeHandle` holds of tokio. It never owns the runtime, which would panic if the last
/// handle went on one of the runtime's own threads.
pub(crate) struct Native {
    /// Tokio's own handle.
    pub(crate) handle: Handle,
    /// The runtime, where it is one of ours: it may need a thread to drive it.
    pub(crate) owner: Weak<Owner>,
}

impl Spawner for Native {
    fn spawn(&self, task: Task) {
        // Letting tokio's handle go lets the task run on; a runtime that is gone drops the task.
        drop(self.handle.spawn(task));
        if let Some(owner) = self.owner.upgrade() {
            owner.drive();
        }
    }

    fn spawn_blocking(&self, job: Job) {
        crate::blocking::spawn(&self.handle, job);
    }
}

/// What is kept for runtimes that aren't ours: tokio gives them no name that outlives a version of it, and programs have
/// one.
static OTHERS: LazyLock<Locals> = LazyLock::new(Locals::default);

impl Runtime for Native {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        // The chunk that follows is progress, so the unit is spent.
        poll_proceed(cx).map(|unit| unit.made_progress())
    }

    fn offer_woken(&self) {
        // A thread of tokio keeps the task that it woke last to itself; the next one that comes takes that place, and
        // the one before goes where others find it. One that is just going to sleep doesn't, now and then: it has looked, and
        // is not asleep yet, so that nobody wakes it. Then who was woken waits for this thread after all, for one item.
        if tokio::task::try_id().is_some() && self.handle.runtime_flavor() == RuntimeFlavor::MultiThread {
            drop(self.handle.spawn(async {}));
        }
    }

    fn locals(&self) -> Option<Locals> {
        Some(self.owner.upgrade().map_or_else(|| OTHERS.clone(), |owner| owner.locals.clone()))
    }

    fn is_current(&self) -> bool {
        // Outside of tasks only a runtime of one thread polls where it polls those.
        Handle::try_current().is_ok_and(|current| {
            tokio::task::try_id().is_some() || current.runtime_flavor() == RuntimeFlavor::CurrentThread
        })
    }
}
