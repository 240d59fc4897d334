//! The smol backend of anypipe.
//!
//! Users meet it as `anypipe::runtime::Smol`, with the feature `smol` of the `anypipe` crate. Smol's
//! tasks, timers and I/O work on any thread, so where this backend is compiled in it serves code that
//! runs in no runtime at all: [`Smol::new`] is what is chosen there.
//!
//! - [`Smol`] names an executor: the shared one, smol's own, one with threads of its own, or yours.
//! - [`sender`] and [`receiver`] put the ends of `smol::channel` behind anypipe's channel traits.
//!
//! # Examples
//!
//! ```
//! use anypipe_core::{Run, run::inherit, runtime::Enter};
//! use anypipe_smol::Smol;
//! use std::pin::pin;
//!
//! let run = Run::new("answer", inherit, |_| async { 42 }).on(Smol::threads(2));
//! Smol::new().block_on(pin!(async {
//!     assert_eq!(run.await, 42);
//! }));
//! ```

#![allow(clippy::disallowed_methods, reason = "this is where smol's own tasks, time and threads are used")]

mod blocking;
mod channel;
mod spawn;
mod time;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use anypipe_core::runtime::{AsHandle, RuntimeHandle};
use async_executor::Executor;

use self::blocking::Owner;
pub use self::channel::{Receiver, Sender, receiver, sender};
use self::spawn::Native;

/// An executor of smol's kind. Clones are the same executor.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_smol::Smol; } }
/// use anypipe::runtime::{AsHandle, Smol};
///
/// assert_eq!(Smol::new().handle().name(), "smol");
/// ```
#[derive(Clone)]
pub struct Smol {
    /// Which executor it is.
    which: Which,
}

#[derive(Clone)]
enum Which {
    Shared,
    Global,
    Threads(Arc<Owner>),
    Yours(Arc<Executor<'static>>),
}

impl Smol {
    /// The executor that all of anypipe shares: one thread per core, or as many as the environment
    /// variable `SMOL_THREADS` says. It starts with its first task and never ends.
    ///
    /// This is the backend of code that runs in no runtime, where smol is compiled in.
    pub fn new() -> Self {
        Self { which: Which::Shared }
    }

    /// Smol's own global executor, the one of `smol::spawn`. It has one thread, unless the
    /// environment variable `SMOL_THREADS` says otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_smol::Smol; } }
    /// use anypipe::runtime::{Enter, Smol};
    ///
    /// let mut done = false;
    /// Smol::global().block_on(std::pin::pin!(async { done = true }));
    /// assert!(done);
    /// ```
    pub fn global() -> Self {
        Self { which: Which::Global }
    }

    /// An executor of its own with this many threads. It ends with the last clone, and with the last
    /// run that was given one; what is left on it is then dropped.
    ///
    /// # Panics
    ///
    /// Where `threads` is 0, and where the system refuses a thread.
    pub fn threads(threads: usize) -> Self {
        assert!(threads > 0, "an executor needs at least one thread");
        Self { which: Which::Threads(Arc::new(Owner::new(threads))) }
    }

    /// An executor of yours, that you drive: its tasks make progress while some thread is in its
    /// `run`, or in this value's `block_on`. A run doesn't keep it alive; when the executor is
    /// dropped, the runs on it fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_core::{Run, run::inherit};
    /// use anypipe_smol::Smol;
    /// use std::sync::Arc;
    ///
    /// let executor = Arc::new(async_executor::Executor::new());
    /// let run = Run::new("answer", inherit, |_| async { 42 });
    /// let run = run.on(Smol::with_executor(Arc::clone(&executor)));
    /// assert_eq!(smol::block_on(executor.run(run)), 42);
    /// ```
    pub fn with_executor(executor: Arc<Executor<'static>>) -> Self {
        Self { which: Which::Yours(executor) }
    }
}

impl Default for Smol {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Arc<Executor<'static>>> for Smol {
    fn from(executor: Arc<Executor<'static>>) -> Self {
        Self::with_executor(executor)
    }
}

impl AsHandle for Smol {
    fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(match &self.which {
            Which::Shared => Native::Shared,
            Which::Global => Native::Global,
            Which::Threads(owner) => Native::Executor(Arc::downgrade(owner.executor())),
            Which::Yours(executor) => Native::Executor(Arc::downgrade(executor)),
        })
    }

    fn keep_alive(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        match &self.which {
            Which::Threads(owner) => Some(Arc::clone(owner) as _),
            Which::Shared | Which::Global | Which::Yours(_) => None,
        }
    }
}

impl fmt::Debug for Smol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match &self.which {
            Which::Shared => "shared",
            Which::Global => "global",
            Which::Threads(_) => "threads",
            Which::Yours(_) => "yours",
        };
        f.debug_struct("Smol").field("executor", &which).finish()
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
