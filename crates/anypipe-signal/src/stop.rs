use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::run::{Control, Running};
use anypipe_core::{Run, RunError};

use crate::registry::{self, Call, Id, Wanted};
use crate::signals::Signal;

/// Ctrl-C and the signal to terminate.
const BOTH: Wanted = [true, true];

/// The graceful stop of a run by a signal, in one line.
pub trait StopOnSignals {
    /// What the run gives.
    type Value;

    /// Stops the run at the first Ctrl-C or signal to terminate, from this call until the run is over: its sources end,
    /// and items on their way are finished. What is not over after `grace` is cancelled, and fails as cancelled. The
    /// second signal ends the process at once. A run that was not started is started.
    ///
    /// # Panics
    ///
    /// Where the process can have no more threads or pipes.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # // It waits for a signal.
    /// # use anypipe_core::Run;
    /// use std::time::Duration;
    ///
    /// use anypipe_signal::StopOnSignals;
    ///
    /// # async fn example(pipeline: Run<u64>) -> Result<(), anypipe_core::RunError> {
    /// let delivered = pipeline.start().stop_on_signals(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("NotifyContext", "add_signal_handler"))]
    fn stop_on_signals(self, grace: Duration) -> Stopping<Self::Value>;
}

impl<T: Send + 'static> StopOnSignals for Running<T> {
    type Value = T;

    fn stop_on_signals(self, grace: Duration) -> Stopping<T> {
        Stopping::new(registry::enter(BOTH), self, grace)
    }
}

impl<T: Send + 'static> StopOnSignals for Run<T> {
    type Value = T;

    fn stop_on_signals(self, grace: Duration) -> Stopping<T> {
        // First it waits: the run may be quick to raise a signal.
        let id = registry::enter(BOTH);
        Stopping::new(id, self.start(), grace)
    }
}

/// A run in hand that is stopped by a signal: a future of its result; made by
/// [`stop_on_signals`](StopOnSignals::stop_on_signals).
///
/// # Cancel safety
///
/// Dropping it cancels the run, as dropping a [`Running`] does, and waits for no signal any more.
#[must_use = "dropping a running run cancels it"]
pub struct Stopping<T> {
    running: Running<T>,
    /// Its name among those who wait for signals; `None` once the run is over.
    id: Option<Id>,
    /// The signal that came before that.
    told: Option<usize>,
}

impl<T: Send + 'static> Stopping<T> {
    fn new(id: Id, running: Running<T>, grace: Duration) -> Self {
        let control = running.control();
        let stop: Call = Arc::new(move || control.stop_within(grace));
        registry::call(id, &stop);
        Self { running, id: Some(id), told: None }
    }

    /// A handle that stops, cancels, pauses and watches the run, from anywhere.
    pub fn control(&self) -> Control {
        self.running.control()
    }

    /// The signal by which the run was stopped, once it is over.
    pub fn stopped_by(&self) -> Option<Signal> {
        self.told.map(Signal::at)
    }
}

impl<T> Stopping<T> {
    fn leave(&mut self) {
        if let Some(id) = self.id.take() {
            self.told = registry::leave(id);
        }
    }
}

impl<T: Send + 'static> Future for Stopping<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.running).poll(cx);
        if polled.is_ready() {
            self.leave();
        }
        polled
    }
}

impl<T> Drop for Stopping<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T> fmt::Debug for Stopping<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopping").field("running", &self.running).finish_non_exhaustive()
    }
}
