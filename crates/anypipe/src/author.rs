//! For authors of operators: all that ours are made of. There is nothing we can do that you can't.
//!
//! The guide has a page for you, `docs/guide/operator.md`. A [`Stage`](crate::Stage) is fused or a
//! boundary; [`each`](crate::stage::each()) or [`fused`](crate::stage::fused()) makes the one, [`Parallel`] or [`Boundary`] the
//! other; the traits of [`option`] have your operator take `.workers(n)` and the rest.
//!
//! What looks at runs stands beside them: [`observer`].
//!
//! # Examples
//!
//! A source of one's own, that counts what it gives:
//!
//! ```
//! use anypipe::author::Scope;
//! use anypipe::prelude::*;
//!
//! /// The numbers below a limit.
//! #[derive(Clone)]
//! struct Below(u32);
//!
//! impl Source for Below {
//!     type Item = u32;
//!
//!     fn attach(self, scope: &Scope) -> impl futures_core::Stream<Item = u32> + Send + 'static {
//!         Pipeline::from_iter(0..self.0).attach(scope)
//!     }
//! }
//!
//! let _doubled = Pipeline::from_source(Below(9)).map(|n| n * 2);
//! ```

pub use anypipe_core::drive::{
    At, Auto, Boundary, Burst, DEFAULT_BUFFER, Inlet, Items, Key, Limits, Order, Outlet, Weigh, Work,
    WorkerCount, auto, fold_items,
};
pub use anypipe_core::option::Parallel;
pub use anypipe_core::runtime::Alarm;
pub use anypipe_core::scope::{Charted, Meter, Scope, current_scope};
pub use anypipe_core::stage::{
    Breakable, Place, Waiters, catch_panic, drop_each, holding, in_stage, poll_go_on,
};
pub use anypipe_stages::{
    IsResult, Joined, Name, OnOk, OnPool, Pass, Piped, Seat, Sequential, Synchronous, Tasks,
    sequential_stage, synchronous_stage,
};

pub use anypipe_stages as operators;

/// Who hears of what runs do, and is around all their tasks do: what the feature `tracing` stands on.
pub mod observer {
    pub use anypipe_core::scope::{
        Observe, ObservedJob, ObservedTask, Observer, Part, RunEnd, note_retry, observe_runs,
    };
}

/// The options of a stage, and how an operator of one's own takes them.
pub mod option {
    pub use anypipe_core::option::*;
    pub use anypipe_stages::option::{
        CatchPanics, Locate, TimeoutEach, TryCatchPanics, TryTimeoutEach, WithInput, Wrapped, Wrapping,
    };
}
