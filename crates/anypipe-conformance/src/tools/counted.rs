//! A runtime around the case's own, that tells how many of what it was given to are left.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{AsHandle, Job, Runtime, RuntimeHandle, Sleep, Spawner, Task, Timer};

use super::clock::runtime;

/// Counts the runs that still hold the runtime they were given: each is given one of its own.
#[derive(Clone)]
pub(crate) struct Counted {
    /// The case's own.
    inner: RuntimeHandle,
    live: Arc<()>,
}

impl Counted {
    pub(crate) fn new() -> Self {
        Self { inner: runtime(), live: Arc::new(()) }
    }

    /// How many are held.
    pub(crate) fn live(&self) -> usize {
        Arc::strong_count(&self.live) - 1
    }

    /// A runtime that is counted while it is held.
    pub(crate) fn runtime(&self) -> impl AsHandle + use<> {
        let (inner, live) = (self.inner.clone(), Arc::clone(&self.live));
        Given(RuntimeHandle::new(Around { inner, _live: live }))
    }
}

struct Given(RuntimeHandle);

impl AsHandle for Given {
    fn handle(&self) -> RuntimeHandle {
        self.0.clone()
    }
}

struct Around {
    inner: RuntimeHandle,
    _live: Arc<()>,
}

impl Spawner for Around {
    fn spawn(&self, task: Task) {
        self.inner.spawn(task);
    }

    fn spawn_blocking(&self, job: Job) {
        self.inner.spawn_blocking(job);
    }
}

impl Timer for Around {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        self.inner.sleep(length)
    }
}

impl Runtime for Around {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_budget(cx)
    }
}
