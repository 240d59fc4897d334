//! A runtime around the case's own: it tells who still holds it, and its clock can be moved on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{AsHandle, Job, Runtime, RuntimeHandle, Sleep, Spawner, Task, Timer};

use super::clock::runtime;

/// Gives out runtimes, counts who still holds one, and moves their clock.
#[derive(Clone)]
pub(crate) struct Around {
    /// The case's own.
    inner: RuntimeHandle,
    /// What it is called.
    name: &'static str,
    /// Held by each that was given out.
    live: Arc<()>,
    /// How far their clock is ahead, in nanoseconds.
    spent: Arc<AtomicU64>,
}

impl Around {
    pub(crate) fn new() -> Self {
        Self::of(runtime(), runtime().name())
    }

    /// One around another than the case's own, with a name of its own.
    pub(crate) fn of(inner: RuntimeHandle, name: &'static str) -> Self {
        Self { inner, name, live: Arc::new(()), spent: Arc::default() }
    }

    /// How many are held, besides this one and its clones that were not given out.
    pub(crate) fn live(&self) -> usize {
        Arc::strong_count(&self.live) - 1
    }

    /// A runtime that is counted while it is held.
    pub(crate) fn runtime(&self) -> impl AsHandle + use<> {
        Given(RuntimeHandle::new(self.clone()))
    }

    /// Lets time pass, as work does that blocks its thread: the clock goes on, and nobody's sleep is over sooner.
    pub(crate) fn spend(&self, length: Duration) {
        let nanos = u64::try_from(length.as_nanos()).expect("a short while");
        self.spent.fetch_add(nanos, Ordering::SeqCst);
    }
}

struct Given(RuntimeHandle);

impl AsHandle for Given {
    fn handle(&self) -> RuntimeHandle {
        self.0.clone()
    }
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
        self.inner.now() + Duration::from_nanos(self.spent.load(Ordering::SeqCst))
    }

    fn sleep(&self, length: Duration) -> Sleep {
        self.inner.sleep(length)
    }

    fn is_exact(&self) -> bool {
        self.inner.is_exact()
    }
}

impl Runtime for Around {
    fn name(&self) -> &'static str {
        self.name
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_budget(cx)
    }
}
