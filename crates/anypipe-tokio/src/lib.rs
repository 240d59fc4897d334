//! The tokio backend of anypipe.
//!
//! Users meet it as `anypipe::runtime::Tokio`, with the feature `tokio` of the `anypipe` crate. A
//! program that runs on tokio already needs none of this: its runtime is [found](detect).
//!
//! - [`Tokio`] names a runtime: one of its own, or one that exists.
//! - [`sender`], [`receiver`] and [`unbounded_receiver`] put the ends of `tokio::sync::mpsc` channels
//!   behind anypipe's channel traits.
//!
//! # Examples
//!
//! ```
//! use anypipe_core::{Run, run::inherit, runtime::Enter};
//! use anypipe_tokio::Tokio;
//! use std::pin::pin;
//!
//! let run = Run::new("answer", inherit, |_| async { 42 }).on(Tokio::multi_thread(2));
//! Tokio::current_thread().block_on(pin!(async {
//!     assert_eq!(run.await, 42);
//! }));
//! ```

#![allow(clippy::disallowed_methods, reason = "this is where tokio's own tasks, time and threads are used")]

mod blocking;
mod channel;
mod spawn;
mod time;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use anypipe_core::runtime::{AsHandle, RuntimeHandle};
use tokio::runtime::{Builder, Handle};

use self::blocking::Owner;
pub use self::channel::{Receiver, Sender, UnboundedReceiver, receiver, sender, unbounded_receiver};
use self::spawn::Native;

/// A tokio runtime: one of its own, or one that exists.
///
/// Clones are the same runtime. One of its own ends with the last clone, and with the last run that
/// was given one; ending it never waits and never panics, wherever that happens. A runtime that
/// exists is not kept alive.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_tokio::Tokio; } }
/// use anypipe::runtime::{AsHandle, Tokio};
///
/// let tokio = Tokio::multi_thread(2);
/// assert_eq!(tokio.handle().name(), "tokio");
/// ```
#[derive(Clone)]
pub struct Tokio {
    /// Tokio's own handle.
    handle: Handle,
    /// The runtime, where it is one of its own.
    owner: Option<Arc<Owner>>,
}

impl Tokio {
    /// A runtime of its own with one thread per core.
    ///
    /// # Panics
    ///
    /// Where the system refuses a thread.
    pub fn new() -> Self {
        Self::own(&mut Builder::new_multi_thread())
    }

    /// A runtime of its own with this many threads.
    ///
    /// # Panics
    ///
    /// Where `threads` is 0, and where the system refuses a thread.
    pub fn multi_thread(threads: usize) -> Self {
        assert!(threads > 0, "a tokio runtime needs at least one thread");
        Self::own(Builder::new_multi_thread().worker_threads(threads))
    }

    /// A runtime of its own on one thread: the one that is in `block_on`. What runs or sleeps on it while no
    /// thread is, also after the one that drove it has left, gets a thread of its own, so that nothing hangs.
    /// That is so of tasks and sleeps of anypipe; tokio's own sockets and timers, awaited by hand on a thread
    /// outside, need a thread in `block_on`.
    ///
    /// # Panics
    ///
    /// Where the system refuses it.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_tokio::Tokio; } }
    /// use anypipe::runtime::{Enter, Tokio};
    ///
    /// let mut done = false;
    /// Tokio::current_thread().block_on(std::pin::pin!(async { done = true }));
    /// assert!(done);
    /// ```
    pub fn current_thread() -> Self {
        Self::own(&mut Builder::new_current_thread())
    }

    /// The runtime that this code runs in; `None` outside of tokio.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(anypipe_tokio::Tokio::current().is_none());
    /// ```
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self::from)
    }

    fn own(builder: &mut Builder) -> Self {
        let runtime = builder.enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("no tokio runtime could be built: {error}"));
        Self { handle: runtime.handle().clone(), owner: Some(Arc::new(Owner::new(runtime))) }
    }
}

/// The runtime that this code runs in, as a handle; `None` outside of tokio.
///
/// # Examples
///
/// ```
/// assert!(anypipe_tokio::detect().is_none());
/// ```
pub fn detect() -> Option<RuntimeHandle> {
    Tokio::current().map(|tokio| tokio.handle())
}

impl Default for Tokio {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Handle> for Tokio {
    fn from(handle: Handle) -> Self {
        Self { handle, owner: None }
    }
}

impl AsHandle for Tokio {
    fn handle(&self) -> RuntimeHandle {
        let owner = self.owner.as_ref().map_or_else(Weak::new, Arc::downgrade);
        RuntimeHandle::new(Native { handle: self.handle.clone(), owner })
    }

    fn keep_alive(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.owner.clone().map(|owner| owner as _)
    }
}

impl fmt::Debug for Tokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokio")
            .field("flavor", &self.handle.runtime_flavor())
            .field("owned", &self.owner.is_some())
            .finish()
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
