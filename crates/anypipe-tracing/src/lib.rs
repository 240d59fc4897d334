//! Spans and events of runs, for whatever subscribes to [`tracing`].
//!
//! Users meet it with the feature `tracing` of the `anypipe` crate, as `anypipe::tracing`.
//!
//! | To | Use |
//! |---|---|
//! | trace every run of the program | [`trace_runs()`](trace_runs) |
//! | trace one run | [`run.traced()`](Traced::traced) |
//! | be told of a stage that is stuck | [`run.warn_stalls(after, stalls())`](stalls) |
//!
//! # Spans
//!
//! | Span | Level | Fields | Parent |
//! |---|---|---|---|
//! | `anypipe.run` | info | `run`, the name of its terminal; `runtime` | the caller's: that of the code that first polls the run, or starts it |
//! | `anypipe.stage` | info | `stage`, its name | the run's |
//!
//! A stage's span is entered while a task of that stage is polled, and where its future is dropped; so what a library
//! logs inside `then` stands in its stage, in its run, in the span of whoever awaits the run. Fused stages are in the span
//! of the task that pulls them. Tasks of groups, shields and blocking work have the span in which they were spawned. Where a
//! span is filtered out, the next above it takes its place.
//!
//! # Events
//!
//! | Event | Level | Fields | In the span of |
//! |---|---|---|---|
//! | `the run has ended` | debug | | the run |
//! | `the run has failed` | error | `error` | the run |
//! | `the run was given up` | debug | | the run |
//! | `work on an item is tried again` | info | `tries`, `after` in seconds | the stage |
//! | `the stage is resized` | info | `stage`, `workers` or `buffer` | the run |
//! | `the stage is stuck` | warn | `stage`, `lasts` in seconds, `tasks` | the run |
//! | `the stage is stuck no more` | info | `stage`, `lasts` in seconds | the run, as long as that goes on |
//!
//! All have the target `anypipe`. The subscriber is that of the thread which polls, so install one for the whole program.

mod spans;
mod stalls;

use std::sync::Arc;

use anypipe_core::Run;
use anypipe_core::run::{Observer, observe_runs};

use self::spans::Spans;
pub use self::stalls::stalls;

/// The target of all spans and events.
const TARGET: &str = "anypipe";

/// Has every run traced that begins from now on, those of libraries too. Called first thing in a program.
///
/// # Examples
///
/// ```
/// anypipe_tracing::trace_runs();
/// ```
pub fn trace_runs() {
    observe_runs(|| Arc::new(Spans::default()) as Arc<dyn Observer>);
}

/// Traces one run.
pub trait Traced: Sized {
    /// Gives the run and its stages their spans, and tells its end.
    ///
    /// # Panics
    ///
    /// Where the run was polled already.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_core::{Run, run::inherit};
    /// use anypipe_tracing::Traced;
    ///
    /// let run = Run::new("answer", inherit, |_scope| async { 42 }).traced();
    /// # drop(run);
    /// ```
    #[doc(alias("instrument", "in_current_span"))]
    fn traced(self) -> Self;
}

impl<T: Send + 'static> Traced for Run<T> {
    fn traced(self) -> Self {
        self.observe(Arc::new(Spans::default()))
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
