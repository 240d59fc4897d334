//! Counts, times and states of runs for whatever records [`metrics`](https://docs.rs/metrics); with the feature `metrics`.
//!
//! | To | Use |
//! |---|---|
//! | record a run as long as it goes on | [`run.metrics("orders", every)`](RecordMetrics::metrics) |
//! | record pictures that are taken by hand, such as those of a stream | [`Recorder`] |
//!
//! ```
//! # #[cfg(feature = "smol")] anypipe::run(async {
//! use std::time::Duration;
//!
//! use anypipe::metrics::RecordMetrics;
//! use anypipe::prelude::*;
//!
//! let doubled = Pipeline::from_iter(0..100).then(async |n| n * 2).workers(4);
//! let sum: i32 = doubled.fold(0, |sum, n| sum + n).metrics("doubled", Duration::from_secs(1)).await;
//! assert_eq!(sum, 9900);
//! # });
//! ```
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

pub use anypipe_metrics::{RecordMetrics, Recorder};
