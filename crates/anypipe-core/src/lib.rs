//! The contract of anypipe: what a stage, a channel, a scope and a runtime are to each other, for no
//! runtime in particular.
//!
//! Users depend on `anypipe`. This crate is for two others:
//!
//! - **the author of an operator** implements [`Source`], [`Stage`] or [`Sink`], with [`stage::fused`] for a
//!   cheap synchronous step and [`drive::Boundary`] for tasks of its own, and stands beside anypipe's own
//!   operators as an equal;
//! - **the author of a backend** implements [`runtime::Spawner`], [`runtime::Timer`], [`runtime::Runtime`] and
//!   [`runtime::Enter`], and proves them with `anypipe-conformance`.
//!
//! | Module | What is there |
//! |---|---|
//! | [`runtime`] | the seam: what a backend gives |
//! | [`scope`] | structured concurrency: join, cancel, panics, adoption, task groups |
//! | [`run`] | a run before, while and after it runs |
//! | [`source`], [`stage`], [`sink`], [`option`] | what operators and their options are |
//! | [`drive`] | the loops that move items |
//! | [`channel`] | the channel traits and the in-memory channel |
//!
//! # Examples
//!
//! A run by hand, without the facade; with no runtime it says so.
//!
//! ```
//! use anypipe_core::{ErrorKind, Run, run::inherit};
//! use std::task::{Context, Poll, Waker};
//!
//! let run = Run::new("answer", inherit, |_scope| async { 42 });
//! let mut checked = Box::pin(run.checked());
//! let polled = checked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
//! assert!(matches!(polled, Poll::Ready(Err(error)) if error.kind() == ErrorKind::NoRuntime));
//! ```

pub mod channel;
pub mod drive;
pub mod error;
mod holds;
pub mod option;
pub mod run;
pub mod runtime;
pub mod scope;
pub mod sink;
pub mod source;
pub mod stage;

#[cfg(all(test, loom))]
mod loom;
mod sync;

pub use self::error::{ErrorKind, RunError};
pub use self::holds::Holds;
pub use self::run::Run;
pub use self::scope::Scope;
pub use self::sink::Sink;
pub use self::source::Source;
pub use self::stage::Stage;

/// The paths by which users know these items, for the examples here: they meet them in `anypipe`.
#[doc(hidden)]
pub mod __anypipe {
    pub use crate::{ErrorKind, Holds, Run, RunError, Sink, Source, Stage, channel, stage};

    pub mod author {
        pub use crate::drive::*;
        pub use crate::option;
        pub use crate::option::Parallel;
        pub use crate::runtime::Alarm;
        pub use crate::scope::{Meter, Scope};
        pub use crate::stage::*;
    }

    pub mod runtime {
        pub use crate::runtime::RuntimeHandle;
    }

    pub mod task {
        pub use crate::run::{StartError, Started, TaskGroup};
        pub use crate::scope::CancelToken;
        pub use crate::task_local;
    }
}
