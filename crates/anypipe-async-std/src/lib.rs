//! The async-std backend of anypipe.
//!
//! Users meet it as `anypipe::runtime::AsyncStd`, with the feature `async-std` of the `anypipe` crate.
//! async-std is discontinued upstream (RUSTSEC-2025-0052): this backend serves programs that have not
//! left it yet.
//!
//! - [`AsyncStd`] names the runtime, of which a program has one.
//! - [`sender`] and [`receiver`] put the ends of `async_std::channel` behind anypipe's channel traits.
//!
//! # Examples
//!
//! ```
//! use anypipe_async_std::AsyncStd;
//! use anypipe_core::{Run, run::inherit, runtime::Enter};
//! use std::pin::pin;
//!
//! let run = Run::new("answer", inherit, |_| async { 42 }).on(AsyncStd::new());
//! AsyncStd::new().block_on(pin!(async {
//!     assert_eq!(run.await, 42);
//! }));
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "this is where async-std's own tasks, time and threads are used"
)]

mod blocking;
mod channel;
mod spawn;
mod time;

use anypipe_core::runtime::{AsHandle, RuntimeHandle};
use async_std::task;

pub use self::channel::{Receiver, Sender, receiver, sender};
use self::spawn::Native;

/// The async-std runtime: a program has one, which starts by itself and never ends.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_async_std::AsyncStd; } }
/// use anypipe::runtime::{AsHandle, AsyncStd};
///
/// assert_eq!(AsyncStd::new().handle().name(), "async-std");
/// ```
#[derive(Clone, Debug, Default)]
pub struct AsyncStd {
    /// More may be told of it one day.
    _private: (),
}

impl AsyncStd {
    /// The runtime.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The runtime, where this code runs in one of its tasks; `None` elsewhere.
///
/// # Examples
///
/// ```
/// assert!(anypipe_async_std::detect().is_none());
/// async_std::task::block_on(async {
///     assert!(anypipe_async_std::detect().is_some());
/// });
/// ```
pub fn detect() -> Option<RuntimeHandle> {
    task::try_current().map(|_| AsyncStd::new().handle())
}

impl AsHandle for AsyncStd {
    fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Native)
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
