//! A runtime around the case's own: it tells who still holds it, its clock can be moved on, and blocking work can
//! be kept from its threads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{AsHandle, Job, Locals, Runtime, RuntimeHandle, Sleep, Spawner, Task, Timer};

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
    /// Blocking work that waits for a thread, while it is kept from them.
    kept: Arc<Mutex<Option<Vec<Job>>>>,
    /// How much blocking work was begun.
    jobs: Arc<AtomicUsize>,
}

impl Around {
    pub(crate) fn new() -> Self {
        Self::of(runtime(), runtime().name())
    }

    /// One around another than the case's own, with a name of its own.
    pub(crate) fn of(inner: RuntimeHandle, name: &'static str) -> Self {
        let (spent, kept, jobs) = (Arc::default(), Arc::default(), Arc::default());
        Self { inner, name, live: Arc::new(()), spent, kept, jobs }
    }

    /// How many are held, besides this one and its clones that were not given out.
    pub(crate) fn live(&self) -> usize {
        Arc::strong_count(&self.live) - 1
    }

    /// A runtime that is counted while it is held.
    pub(crate) fn runtime(&self) -> impl AsHandle + use<> {
        Given(RuntimeHandle::new(self.clone()))
    }

    /// Has blocking work wait from now on, as where all threads are busy.
    pub(crate) fn keep_jobs(&self) {
        self.lock().get_or_insert_default();
    }

    /// How much blocking work waits.
    pub(crate) fn kept_jobs(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// How many pieces of blocking work there were, those that wait included.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.load(Ordering::SeqCst)
    }

    /// Lets blocking work begin: what waits, and what comes.
    pub(crate) fn let_jobs_go(&self) {
        let kept = self.lock().take();
        for job in kept.into_iter().flatten() {
            self.inner.spawn_blocking(job);
        }
    }

    /// Drops blocking work that waits, as a runtime does that is shut down.
    pub(crate) fn drop_jobs(&self) {
        let kept = self.lock().take();
        drop(kept);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Job>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.jobs.fetch_add(1, Ordering::SeqCst);
        let mut kept = self.lock();
        if let Some(kept) = &mut *kept {
            return kept.push(job);
        }
        drop(kept);
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

    fn offer_woken(&self) {
        self.inner.offer_woken();
    }

    fn is_current(&self) -> bool {
        self.inner.is_current()
    }

    fn is_replayable(&self) -> bool {
        self.inner.is_replayable()
    }

    fn locals(&self) -> Option<Locals> {
        Some(self.inner.locals())
    }

    fn wait_in_job(
        &self,
        wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        limit: Option<Duration>,
    ) -> bool {
        self.inner.wait_in_job(wait, limit)
    }
}
