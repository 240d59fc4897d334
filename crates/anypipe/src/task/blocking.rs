use std::future::pending;

use anypipe_core::Scope;
use anypipe_core::run::scoped;
use anypipe_core::scope::current_scope;

use crate::backend;

/// Runs a closure on a thread where blocking is allowed, and gives what it gives.
///
/// # Panics
///
/// As the closure does, and where there is no runtime.
///
/// # Cancel safety
///
/// Dropping it stops the waiting; nothing can interrupt a closure that has started. The scope this
/// was called in joins it; with no scope around it outlives the call.
///
/// # Examples
///
/// ```
/// use anypipe::task::blocking;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let here = std::thread::current().id();
///     let there = blocking(|| std::thread::current().id()).await;
///     assert_ne!(here, there);
/// });
/// ```
pub async fn blocking<T, F>(work: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if let Some(scope) = current_scope() {
        return blocking_in(scope, work).await;
    }
    let work = async {
        let Some(scope) = current_scope() else { unreachable!("this is polled in the scope around it") };
        blocking_in(scope, work).await
    };
    scoped("blocking", backend::choose, work).await.unwrap_or_else(|error| error.rethrow())
}

async fn blocking_in<T, F>(scope: Scope, work: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match scope.spawn_blocking("blocking", work).await {
        Ok(value) => value,
        // The scope is about to drop the task that asked, for a reason of its own.
        Err(error) if error.is_cancelled() => pending().await,
        Err(error) => error.rethrow(),
    }
}
