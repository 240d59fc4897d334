use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::Stats;
use crate::drive::Tally;
use crate::scope::{CancelToken, replace_waker, wake_each};
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
    grace: Mutex<Grace>,
    /// While it is set the sources give nothing.
    paused: AtomicBool,
    /// Sources that wait for the end of a pause.
    waiting: Mutex<Vec<Waker>>,
    /// The errors of items, a `Vec` of the run's error type, where all of them were asked for.
    errors: Mutex<Option<Box<dyn Any + Send>>>,
    /// What the run's boundaries count.
    tallies: Mutex<Vec<Arc<Tally>>>,
}

#[derive(Default)]
struct Grace {
    /// What was asked for and not yet taken up.
    asked: Option<Duration>,
    /// The run, to be told of the next.
    run: Option<Waker>,
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

    /// The grace that was last asked for, once; the task is woken at the next.
    pub(crate) fn take_grace(&self, cx: &mut Context<'_>) -> Option<Duration> {
        let mut grace = self.inner.grace.lock();
        let old = replace_waker(&mut grace.run, cx.waker());
        let asked = grace.asked.take();
        drop(grace);
        drop(old);
        asked
    }

    /// From now on errors of this type are kept and don't end the run.
    pub(crate) fn keep_errors<E: Send + 'static>(&self) {
        *self.inner.errors.lock() = Some(Box::new(Vec::<E>::new()));
    }

    /// Keeps an error, or hands it back where the first is to end the run, or the run's are of another
    /// type.
    pub(crate) fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        let mut errors = self.inner.errors.lock();
        match errors.as_mut().and_then(|errors| errors.downcast_mut::<Vec<E>>()) {
            Some(errors) => {
                errors.push(error);
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The errors that were kept, in order.
    pub(crate) fn kept_errors<E: 'static>(&self) -> Vec<E> {
        let errors = self.inner.errors.lock().take();
        errors.and_then(|errors| errors.downcast().ok()).map_or_else(Vec::new, |errors| *errors)
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
    /// cancelled. Asked again, also after a plain stop, it begins anew with the new grace.
    pub fn stop_within(&self, grace: Duration) {
        let run = {
            let mut asked = self.controls.inner.grace.lock();
            asked.asked = Some(grace);
            asked.run.take()
        };
        self.stop();
        run.into_iter().for_each(Waker::wake);
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
        wake_each(waiting);
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
