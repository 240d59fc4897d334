//! The options that wrap the work of a stage on each item, one a file.

mod catch_panics;
mod located;
mod retry;
mod timeout_each;
mod with_input;

pub use anypipe_core::option::{Wrapped, Wrapping};

pub use self::catch_panics::{CatchPanics, Panicked, TryCatchPanics};
pub use self::located::{Locate, Located};
pub use self::retry::RetryPolicy;
pub use self::timeout_each::{TimeoutEach, TryTimeoutEach};
pub use self::with_input::{Failed, WithInput};
