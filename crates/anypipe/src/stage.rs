//! The operators as free functions, for `|` and for segments, and what an operator's author needs.
//!
//! A closure given to a free function must often say what it takes: `map(|n: u32| n + 1)`. In a
//! method chain it need not.

pub use anypipe_core::stage::{Each, Fused, Holds, Stage, Step, drop_each, each, ended, fused, in_stage};

pub use crate::pipeline::EachItem;
pub use anypipe_stages::BranchInput;
pub use anypipe_stages::option::{Failed, Located, Panicked, RetryPolicy};
pub use anypipe_stages::source::UnequalEnds;
pub use anypipe_stages::stage::{BranchOutput, Branches, Overflow, Rate, TimeWindow, TooLate};

pub use crate::pipeline::free::*;
