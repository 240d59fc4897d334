//! Concurrent pipelines and structured concurrency on tokio, smol or async-std, as the application
//! chooses.
//!
//! A library written on anypipe names no runtime and turns on no feature of it. The application
//! does, or simply calls the library from the runtime it has: a run finds it.
//!
//! ```
//! use std::time::Duration;
//!
//! async fn patient() -> &'static str {
//!     match anypipe::time::fail_after(Duration::from_secs(5), std::future::ready("in time")).await {
//!         Ok(value) => value,
//!         Err(_) => "too late",
//!     }
//! }
//!
//! // With no backend compiled in, the error names the features.
//! match anypipe::try_run(patient()) {
//!     Ok(value) => assert_eq!(value, "in time"),
//!     Err(error) => assert!(error.to_string().contains("`tokio`")),
//! }
//! ```
//!
//! # Features
//!
//! Features only add, and none is on by default.
//!
//! | Feature | Gives |
//! |---|---|
//! | `tokio` | `runtime::Tokio`; runs inside a tokio context |
//! | `smol` | `runtime::Smol`; needs no context to run |
//! | `async-std` | `runtime::AsyncStd`; async-std is discontinued upstream |
//! | `sim` | `runtime::Sim`, the deterministic simulator; never chosen unasked |
//! | `flume` | flume's channel ends as sources and sinks |
//! | `signal` | `signal`: Ctrl-C and the signal to terminate, and the graceful stop of a run in one line |
//! | `metrics` | `metrics`: what the stages of a run count, and what their workers do, for Prometheus and others |
//! | `progress` | `progress`: progress bars of a run, with rate, time left and a bar for each stage |
//! | `tracing` | `tracing`: a span for each run and each stage, below the caller's, and events |
//! | `top` | `top`: shows the runs of the program on a socket that its user alone can reach, for the screen `anypipe-top` |
//! | `macros` | `#[anypipe::main]` and `#[anypipe::test]` |
//!
//! [`runtime`] tells how the backend of a run is chosen where several are compiled in.
//!
//! # What can't be promised
//!
//! Borrowing across parallel stages; waiting inside `drop`; anything after `mem::forget` of a run;
//! interrupting a CPU loop or a blocking closure; `panic = "abort"`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod entry;
#[cfg(feature = "macros")]
mod macros;

// The pipeline half.
pub mod author;
mod pipeline;
pub mod prelude;
pub mod sink;
pub mod source;
pub mod stage;
mod using;

// The anyio half.
pub mod channel;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "progress")]
pub mod progress;
pub mod runtime;
#[cfg(feature = "signal")]
pub mod signal;
pub mod sync;
pub mod task;
#[cfg(feature = "sim")]
pub mod testing;
pub mod time;
#[cfg(feature = "top")]
pub mod top;
#[cfg(feature = "tracing")]
pub mod tracing;

#[doc(inline)]
pub use anypipe_core::drive::auto;
pub use anypipe_core::run::{
    ChangeReason, Checked, CheckedStream, Control, LiveRun, Outcome, ResizeError, RunStream, Running,
    StageControl, StageStats, Stall, Stats, WorkerChange, list_runs, picture, runs,
};
pub use anypipe_core::{ErrorKind, Holds, Run, RunError, Sink, Source, Stage};

pub use self::entry::{run, run_on, try_run};
pub use self::pipeline::{
    BoxPipeline, BoxSegment, Pipeline, Segment, SharedPipeline, SharedSegment, segment,
};
pub use self::using::{using, using_fold, using_ref};

/// Runs an `async fn` as the program's `main`, on a runtime of its own.
///
/// # Examples
///
/// ```no_run
/// #[anypipe::main]
/// async fn main() {
///     println!("on {}", anypipe::runtime::current().name());
/// }
/// ```
#[cfg(feature = "macros")]
#[doc(inline)]
pub use anypipe_macros::main;
/// Makes an `async fn` one test per backend that is compiled in.
///
/// # Examples
///
/// ```no_run
/// #[anypipe::test(timeout = "10s")]
/// async fn adds_up() {
///     let sum = anypipe::task::task_group(|group| async move { group.spawn(async { 3 }).await });
///     assert_eq!(sum.await.unwrap(), 3);
/// }
/// ```
#[cfg(feature = "macros")]
#[doc(inline)]
pub use anypipe_macros::test;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    //! What the attribute macros expand to. Not part of the API.
    pub use crate::macros::{Case, check, outcome};
}
