//! Runtimes as values, and how the one of a run is chosen.
//!
//! # The runtime of a run
//!
//! The first of these that there is:
//!
//! 1. the one it was given: `.on(runtime)`;
//! 2. the one of the scope the code runs in: [`anypipe::run`](crate::run), [`enter`], a task of ours;
//! 3. async-std, in a task of it (before tokio: async-std can be built so that its tasks have a tokio
//!    context too);
//! 4. tokio, where its context is live;
//! 5. the program's own, given to [`set_default`];
//! 6. the one that the environment variable `ANYPIPE_RUNTIME` names: `tokio`, `smol`, `async-std`, `sim`;
//! 7. what runs without a context and is compiled in: smol, else async-std.
//!
//! Else it fails, and the message says what to do.
//!
//! [`anypipe::run`](crate::run) enters a runtime of its own: the default, the one the environment
//! names, then the first compiled in of tokio, smol and async-std. The simulator is never chosen
//! unasked.
//!
//! **The hole**: a plain thread of a tokio program has no tokio context. With smol compiled in too, by
//! whatever crate, a run there is on smol. Remedies: [`set_default`] at the program's start, [`enter`]
//! in the thread, `.on(runtime)` for the run.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

pub use anypipe_core::runtime::{AsHandle, Enter, RuntimeHandle, Sleep};
use anypipe_core::{RunError, scope};

#[cfg(feature = "async-std")]
pub use anypipe_async_std::AsyncStd;
#[cfg(feature = "sim")]
pub use anypipe_sim::Sim;
#[cfg(feature = "smol")]
pub use anypipe_smol::Smol;
#[cfg(feature = "tokio")]
pub use anypipe_tokio::Tokio;

use crate::backend;

/// The runtime that a run started here would be on.
///
/// # Panics
///
/// Where there is none; [`try_current`] tells it as an error.
///
/// # Examples
///
/// ```
/// let name = anypipe::try_run(async { anypipe::runtime::current().name() });
/// assert!(name.is_err() || anypipe::runtime::available().contains(&name.unwrap()));
/// ```
#[doc(alias(
    "AbstractEventLoop",
    "BaseEventLoop",
    "EventLoopToken",
    "SelectorEventLoop",
    "current_token",
    "get_event_loop",
    "get_running_loop"
))]
pub fn current() -> RuntimeHandle {
    try_current().unwrap_or_else(|error| error.resume())
}

/// The runtime that a run started here would be on, or why there is none.
///
/// # Errors
///
/// [`ErrorKind::NoRuntime`](crate::ErrorKind::NoRuntime) where none is found, and where
/// `ANYPIPE_RUNTIME` names one that is unknown or not compiled in.
///
/// # Examples
///
/// ```
/// match anypipe::runtime::try_current() {
///     Ok(runtime) => println!("{}", runtime.name()),
///     Err(error) => println!("{error}"),
/// }
/// ```
pub fn try_current() -> Result<RuntimeHandle, RunError> {
    backend::choose()
}

/// The names of the backends that are compiled in.
///
/// # Examples
///
/// ```
/// assert_eq!(anypipe::runtime::available().contains(&"tokio"), cfg!(feature = "tokio"));
/// ```
#[doc(alias("get_all_backends", "get_available_backends"))]
pub fn available() -> Vec<&'static str> {
    backend::available().collect()
}

/// Gives the program a runtime for all runs that name none and are in none, and for
/// [`anypipe::run`](crate::run).
///
/// It lives as long as the program. For an application's `main`, early: the first one wins.
///
/// # Errors
///
/// Where there is one already; that one stays.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use anypipe::runtime::{Smol, current, set_default};
///
/// set_default(Smol::new()).expect("this is the only place that sets one");
/// assert_eq!(current().name(), "smol");
/// assert!(set_default(Smol::new()).is_err());
/// # }
/// ```
#[doc(alias("set_event_loop"))]
pub fn set_default(runtime: impl Enter + Send + Sync + 'static) -> Result<(), SetDefaultError> {
    backend::set_default(Box::new(runtime)).map_err(|_| SetDefaultError { _private: () })
}

/// The program had a default runtime already.
#[derive(Debug)]
pub struct SetDefaultError {
    _private: (),
}

impl fmt::Display for SetDefaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a default runtime was set already")
    }
}

impl Error for SetDefaultError {}

/// Makes `runtime` the one that runs on this thread start on, until the guard goes.
///
/// For a plain thread that starts runs; a run that goes on keeps its runtime. It doesn't block, and
/// doesn't change what [`anypipe::run`](crate::run) enters: that is told by
/// [`run_on`](crate::run_on).
///
/// Guards may be dropped in any order: the runtime that was entered last, of those that were not left yet, is the
/// current one. A guard that is held over an `.await` doesn't count after it: the task's own runtime does.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use anypipe::runtime::{Smol, current, enter};
///
/// let entered = enter(Smol::new());
/// let again = enter(Smol::threads(1));
/// drop(entered);
/// assert_eq!(current().name(), "smol");
/// drop(again);
/// # }
/// ```
#[doc(alias("new_event_loop"))]
pub fn enter(runtime: impl AsHandle) -> Entered {
    let keep = runtime.keep_alive();
    Entered { _entered: scope::enter(runtime.handle()), _keep: keep }
}

/// Leaves the runtime again when it is dropped; made by [`enter`].
#[must_use = "the runtime is left again when this is dropped"]
pub struct Entered {
    /// First: the thread leaves before the runtime goes.
    _entered: scope::Entered,
    /// Holds a runtime that the value owned.
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}
