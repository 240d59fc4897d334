use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::Stats;
use crate::drive::Tally;
use crate::scope::CancelToken;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What steers one run from outside; its scopes and its [`Control`]s share it.
#[derive(Clone, Default)]
pub(crate) struct Controls {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Ends the sources.
    stop: CancelToken,
    /// Cancels the run.
    cancel: CancelToken,
    /// How long a stop may take before it becomes a cancel.
    grace: Mutex<Option<Duration>>,
    /// While it is set the sources give nothing.
    paused: AtomicBool,
    /// Sources that wait for the end of a pause.
    waiting: Mutex<Vec<Waker>>,
    /// The errors of items, where all of them were asked for.
    errors: Mutex<Option<Vec<Box<dyn Any + Send>>>>,
    /// What the run's boundaries count.
    tallies: Mutex<Vec<Arc<Tally>>>,
}

impl Controls {
    pub(crate) fn new(stop: CancelToken, cancel: CancelToken) -> Self {
        Self { inner: Arc::new(Inner { stop, cancel, ..Inner::default() }) }
    }

    pub(crate) fn cancel_token(&self) -> &CancelToken {
        &self.inner.cancel
    }

    pub(crate) fn stop_token(&self) -> &CancelToken {
        &self.inner.stop
    }

    pub(crate) fn grace(&self) -> Option<Duration> {
        *self.inner.grace.lock()
    }

    /// From now on errors are kept and don't end the run.
    pub(crate) fn keep_errors(&self) {
        self.inner.errors.lock().get_or_insert_default();
    }

    /// Keeps an error, or hands it back where the first is to end the run.
    pub(crate) fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        match &mut *self.inner.errors.lock() {
            Some(errors) => {
                errors.push(Box::new(error));
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The errors that were kept, in order.
    pub(crate) fn kept_errors<E: 'static>(&self) -> Vec<E> {
        let errors = self.inner.errors.lock().take().unwrap_or_default();
        // Whoever keeps errors in this run keeps those of its result type.
        errors.into_iter().filter_map(|error| error.downcast().ok()).map(|error| *error).collect()
    }

    pub(crate) fn count(&self, tally: Arc<Tally>) {
        self.inner.tallies.lock().push(tally);
    }

    /// True while the run is paused; the task is then woken at the end of the pause.
    pub(crate) fn is_paused(&self, cx: &mut Context<'_>) -> bool {
        if !self.inner.paused.load(Ordering::SeqCst) {
            return false;
        }
        let mut waiting = self.inner.waiting.lock();
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        drop(waiting);
        // After the entry: a resume in between has either seen the waker or is seen here.
        self.inner.paused.load(Ordering::SeqCst)
    }
}

/// Steers a run that was [started](super::Run::start), from anywhere. All clones steer the same run,
/// and none keeps it alive.
///
/// A run that is over is not troubled by any of this.
#[derive(Clone)]
pub struct Control {
    controls: Controls,
}

impl Control {
    pub(super) fn new(controls: Controls) -> Self {
        Self { controls }
    }

    /// Ends the sources. Items on their way are finished, and the run gives what it has.
    pub fn stop(&self) {
        self.controls.inner.stop.cancel();
    }

    /// As [`stop`](Control::stop), but a run that is not over after `grace` is cancelled, and fails as
    /// cancelled.
    pub fn stop_within(&self, grace: Duration) {
        *self.controls.inner.grace.lock() = Some(grace);
        self.stop();
    }

    /// Cancels the run; it then fails as cancelled.
    pub fn cancel(&self) {
        self.controls.inner.cancel.cancel();
    }

    /// Has the sources give nothing more until [`resume`](Control::resume). Items on their way go on:
    /// a user's future that was started is never held up.
    pub fn pause(&self) {
        self.controls.inner.paused.store(true, Ordering::SeqCst);
    }

    /// What the run's stages have done so far; also after the run.
    pub fn stats(&self) -> Stats {
        Stats { stages: self.controls.inner.tallies.lock().iter().map(|tally| tally.stats()).collect() }
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.controls.inner.paused.store(false, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.controls.inner.waiting.lock());
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("stopped", &self.controls.inner.stop.is_cancelled())
            .field("cancelled", &self.controls.inner.cancel.is_cancelled())
            .field("paused", &self.controls.inner.paused.load(Ordering::SeqCst))
            .finish()
    }
}
