//! Counts, times and states of runs for whatever records [`metrics`].
//!
//! Users meet it with the feature `metrics` of the `anypipe` crate, as `anypipe::metrics`.
//!
//! | To | Use |
//! |---|---|
//! | record a run as long as it goes on | [`run.metrics("orders", every)`](RecordMetrics::metrics) |
//! | record pictures that are taken by hand, such as those of a stream | [`Recorder`] |
//!
//! # Names
//!
//! Each has the label `pipeline`, the name that is given here. They are by stage, never by worker.
//!
//! | Name | Kind | Other labels | Means |
//! |---|---|---|---|
//! | `anypipe_stage_items_total` | counter | `stage`, `end`: `taken`, `delivered`, `filtered`, `errored`, `panicked`, `cancelled`, `left` | the items that went that way |
//! | `anypipe_stage_seconds_total` | gauge that only grows | `stage`, `state`: `input`, `working`, `room` | how long the stage's workers were in that state, all of them together |
//! | `anypipe_stage_workers` | gauge | `stage` | the workers that live |
//! | `anypipe_stage_held` | gauge | `stage` | the items inside it |
//! | `anypipe_run_state` | gauge | `state`: `running`, `paused`, `stopping`, `ended`, `failed` | the runs in that state; of the last two, how many there were since the program began |
//!
//! `taken` and `delivered` are left out where they aren't known. `errored` counts items that have become an `Err`; they go
//! on, and end like any other. Seconds are a gauge since the counters of `metrics` are whole numbers; `rate(..)` takes
//! it as it takes a counter.
//!
//! The runs of one pipeline add up, one after the other or at the same time, and so do the stages of one name: what
//! only grows never falls as long as the program runs. What was counted before a recorder was installed is recorded
//! with the next picture. A name is kept until the program ends, so take few: not one for each run.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use anypipe_core::Run;
//! use anypipe_metrics::RecordMetrics;
//!
//! fn recorded<T: Send + 'static>(run: Run<T>) -> Run<T> {
//!     run.metrics("orders", Duration::from_secs(1))
//! }
//! ```

mod recorder;
mod totals;

use std::time::Duration;

use anypipe_core::Run;

pub use self::recorder::Recorder;

/// Records a run as metrics, in one line.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anypipe_core::{Run, run::inherit};
/// use anypipe_metrics::RecordMetrics;
///
/// let run = Run::new("answer", inherit, |_scope| async { 42 });
/// let run = run.metrics("answers", Duration::from_secs(1));
/// # drop(run);
/// ```
pub trait RecordMetrics: Sized {
    /// Records the run under a pipeline's name every so often, and once more at its end: all that it has counted by then.
    /// A run that is dropped is recorded as it is then: what a task that another thread polls at that moment counts later is
    /// not.
    ///
    /// The recorder is asked on the runtime's threads for blocking work, and the last time where the run is awaited. With
    /// no recorder installed it costs what [`watch`](Run::watch) costs.
    ///
    /// # Panics
    ///
    /// Where the run was polled already.
    fn metrics(self, pipeline: impl Into<String>, every: Duration) -> Self;
}

impl<T: Send + 'static> RecordMetrics for Run<T> {
    fn metrics(self, pipeline: impl Into<String>, every: Duration) -> Self {
        let control = self.control();
        let mut recorder = Recorder::new(pipeline).at_last(control.clone());
        self.watch(every, move |_| recorder.record(&control.picture()))
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
