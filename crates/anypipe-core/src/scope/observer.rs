//! Who hears of what runs do, and is around all their tasks do: what tracing needs.

// For maintainers. As long as no run was ever observed, all of this costs a look at one flag where something is spawned,
// or begins. A task is observed by what its future is wrapped in, so a poll knows nothing of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::RunError;

/// A task's future, as an [`Observer`] is handed it.
pub type ObservedTask = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Blocking work, as an [`Observer`] is handed it.
pub type ObservedJob = Box<dyn FnOnce() + Send>;

/// Hears of one run, and is around all that its tasks do.
///
/// Given to a run by [`Run::observe`](crate::Run::observe), or to all by [`observe_runs`]. It is called outside of all
/// locks.
///
/// # Contract
///
/// - [`within`](Observer::within) MUST call what it is handed, once.
/// - A task that is handed back MUST poll the one that was handed in whenever it is polled, give its result, and drop it
///   when it is dropped.
/// - A job that is handed back MUST run the one that was handed in.
pub trait Observer: Send + Sync + 'static {
    /// The run is awaited or started for the first time, by the code that calls this.
    fn begin(&self, run: &'static str, runtime: &'static str);

    /// Makes, polls or drops the run's own part.
    fn within(&self, part: Part<'_>, work: &mut dyn FnMut());

    /// A task is spawned by the code that calls this; what is given runs in its place.
    fn task(&self, part: Part<'_>, task: ObservedTask) -> ObservedTask;

    /// Blocking work is started by the code that calls this; what is given is done in its place.
    fn job(&self, job: ObservedJob) -> ObservedJob;

    /// Work on an item has failed and is tried again after a time, by the code that calls this; `tries` is how often it
    /// was tried.
    fn retry(&self, tries: u32, after: Duration);

    /// A stage of this name is given other workers, or another buffer, by the code that calls this.
    fn resize(&self, stage: &str, workers: Option<usize>, buffer: Option<usize>);

    /// The run is over.
    fn end(&self, end: RunEnd<'_>);
}

/// A part of a run: a task, or its own part.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Part<'a> {
    /// Its name: that of the stage, where it works for one.
    pub name: &'a str,
    /// The number of the stage that it works for: all of that stage have it, and nothing else of the run.
    pub stage: Option<u32>,
}

/// How a run has ended, for an [`Observer`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RunEnd<'a> {
    /// It has given its value.
    Ended,
    /// It has failed.
    Failed(&'a RunError),
    /// It was dropped before its end.
    GivenUp,
}

/// Makes the observer of a run that begins.
pub type Observe = fn() -> Arc<dyn Observer>;

/// True once any run was to be observed.
static OBSERVES: AtomicBool = AtomicBool::new(false);
/// What observes all runs.
static ALL: OnceLock<Observe> = OnceLock::new();

/// Has every run observed that begins from now on, by one observer for each; those that have an observer keep that. Only
/// the first call in a program counts: false where there was one before.
///
/// Futures that only have a scope around them (`anypipe::run`, limits of time) are no runs, and what they do is not
/// observed by itself.
pub fn observe_runs(observe: Observe) -> bool {
    let is_first = ALL.set(observe).is_ok();
    set_observes();
    is_first
}

pub(super) fn set_observes() {
    OBSERVES.store(true, Ordering::SeqCst);
}

/// True once any run was to be observed.
#[inline]
pub(crate) fn observes() -> bool {
    OBSERVES.load(Ordering::Relaxed)
}

/// The observer of a run that has none, where all are observed.
pub(super) fn of_all() -> Option<Arc<dyn Observer>> {
    ALL.get().map(|observe| observe())
}

/// Does what is to be done of a run's own part, where nobody may be around it.
pub(crate) fn within<R>(observer: Option<&Arc<dyn Observer>>, part: Part<'_>, work: impl FnOnce() -> R) -> R {
    let Some(observer) = observer else { return work() };
    let (mut work, mut done) = (Some(work), None);
    observer.within(part, &mut || done = work.take().map(|work| work()));
    match (done, work) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        (None, None) => unreachable!("what is taken is done"),
    }
}
