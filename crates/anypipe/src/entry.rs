use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use anypipe_core::RunError;
use anypipe_core::run::{inherit, scoped};
use anypipe_core::runtime::Enter;
use anypipe_core::scope;

use crate::backend;

/// Enters a runtime and runs a future to its end on this thread, in a scope of its own: whatever it
/// starts is joined before this returns.
///
/// The runtime is the program's [default](crate::runtime::set_default), the one that
/// `ANYPIPE_RUNTIME` names, or the first compiled in of tokio, smol and async-std. The future need not
/// be `Send`, and may borrow.
///
/// # Panics
///
/// With the panic of the future or of a task it started; and with the text of the [`RunError`] where
/// there is no runtime to enter, and where this thread is inside a running one.
///
/// # Examples
///
/// ```
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))] {
/// let name = String::from("borrowed");
/// let length = anypipe::run(async { name.len() });
/// assert_eq!(length, 8);
/// # }
/// ```
#[doc(alias("BlockingPortalProvider", "Runner", "start_blocking_portal"))]
pub fn run<F: Future>(future: F) -> F::Output {
    try_run(future).unwrap_or_else(|error| error.resume())
}

/// As [`run`], with the failure as a value.
///
/// # Errors
///
/// Where there is no runtime to enter, where this thread is inside a running one, and where the
/// future, or a task it started, panicked.
///
/// # Examples
///
/// ```
/// match anypipe::try_run(async { 1 + 1 }) {
///     Ok(two) => assert_eq!(two, 2),
///     Err(error) => assert_eq!(error.kind(), anypipe::ErrorKind::NoRuntime),
/// }
/// ```
pub fn try_run<F: Future>(future: F) -> Result<F::Output, RunError> {
    let runtime = choose_to_enter()?;
    block_on(&*runtime, future)
}

/// As [`run`], on this runtime.
///
/// # Panics
///
/// As [`run`].
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use anypipe::runtime::{Smol, current};
///
/// let name = anypipe::run_on(Smol::new(), async { current().name() });
/// assert_eq!(name, "smol");
/// # }
/// ```
#[doc(alias("install"))]
pub fn run_on<F: Future>(runtime: impl Enter, future: F) -> F::Output {
    let result = backend::refuse_nesting().and_then(|()| block_on(&runtime, future));
    result.unwrap_or_else(|error| error.resume())
}

fn block_on<F: Future>(runtime: &dyn Enter, future: F) -> Result<F::Output, RunError> {
    let mut result = None;
    {
        let mut scoped = scoped("run", inherit, future);
        block_on_polls(runtime, &mut |cx| Pin::new(&mut scoped).poll(cx).map(|done| result = Some(done)));
    }
    result.unwrap_or_else(|| Err(gone(runtime)))
}

// What follows is built once, and not again for each future.

/// What a program is run on that names no runtime.
fn choose_to_enter() -> Result<Box<dyn Enter>, RunError> {
    // First: a runtime made inside another could not be dropped there.
    backend::refuse_nesting()?;
    backend::choose_to_enter()
}

/// Polls on the runtime until it is ready.
fn block_on_polls(runtime: &dyn Enter, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
    let handle = runtime.handle();
    // Entered in each poll and not around them: it is the backend's thread in between.
    let root = poll_fn(|cx| {
        let _entered = scope::enter(handle.clone());
        poll(cx)
    });
    runtime.block_on(pin!(root));
}

#[cold]
fn gone(runtime: &dyn Enter) -> RunError {
    RunError::runtime_gone(runtime.handle().name(), None)
}
