//! Spans and events of runs, for whatever subscribes to [`tracing`](https://docs.rs/tracing); with the feature `tracing`.
//!
//! | To | Use |
//! |---|---|
//! | trace every run of the program | [`trace_runs()`](trace_runs) |
//! | trace one run | [`run.traced()`](Traced::traced) |
//! | be told of a stage that is stuck | [`run.warn_stalls(after, stalls())`](stalls) |
//!
//! ```
//! # #[cfg(feature = "smol")] anypipe::run(async {
//! use anypipe::prelude::*;
//!
//! anypipe::tracing::trace_runs();
//! // What is logged in there stands in the spans of the stage, the run and its caller.
//! let doubled: Vec<i32> = Pipeline::from_iter(0..4).then(async |n| n * 2).workers(2).collect().await;
//! # assert_eq!(doubled, [0, 2, 4, 6]);
//! # });
//! ```
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

pub use anypipe_tracing::{Traced, stalls, trace_runs};
