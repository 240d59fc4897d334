//! The contract of anypipe.
pub mod channel;
pub mod drive;
pub mod error;
pub mod option;
pub mod run;
pub mod runtime;
pub mod scope;
pub mod sink;
pub mod source;
pub mod stage;
mod sync;

#[cfg(all(test, loom))]
mod loom;
pub use error::{ErrorKind, RunError};
pub use run::Run;
pub use scope::Scope;
pub use sink::Sink;
pub use source::Source;
pub use stage::{Holds, Stage};
