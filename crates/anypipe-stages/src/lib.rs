//! The operators, sources and sinks of anypipe, one file each, on the public contract of
//! `anypipe-core` only: the second layer, which anybody could have written. Its types have names here, for those
//! who must write them down.
//!
//! Users meet them as methods of `anypipe::Pipeline` and as the free functions of the facade. What each means, with
//! its shapes, bounds and edges, is told there, once; here it is only made.

mod attached;
mod bells;
mod boxed;
mod compose;
mod fan;
mod frontier;
mod gather;
mod generate;
mod held;
mod is_result;
mod lend;
mod made;
mod many;
mod name;
mod on_ok;
pub mod option;
mod parallel;
mod produce;
mod ranks;
mod seat;
mod sequential;
pub mod sink;
pub mod source;
pub mod stage;

pub use anypipe_core::option::Parallel;

pub use self::boxed::{BoxSource, BoxStage, SharedSource, SharedStage};
pub use self::compose::{Joined, Piped};
pub use self::fan::BranchInput;
pub use self::is_result::IsResult;
pub use self::lend::{AsyncRef, AsyncUsing, AsyncUsingFold, AsyncWith};
pub use self::name::Name;
pub use self::on_ok::OnOk;
pub use self::parallel::{OnPool, Pass, Synchronous, Tasks};
pub use self::seat::Seat;
pub use self::sequential::Sequential;

/// What the macros name.
#[doc(hidden)]
pub mod __private {
    pub use anypipe_core as core;
    pub use futures_core::Stream;
}
