//! Tasks that are joined, cancelled and heard of: groups, tokens, blocking work, and the way back in from plain threads.

mod blocking;
mod gather;
mod group;
mod portal;
mod shield;

use std::future::poll_fn;
use std::task::Poll;

pub use anypipe_core::run::{AbortOnDrop, Shield, StartError, Started, TaskGroup, TaskHandle};
pub use anypipe_core::scope::{CancelToken, Cancelled, DropGuard, LocalKey, LocalScope, NotSet};
pub use anypipe_core::task_local;

pub use self::blocking::{Blocking, blocking, blocking_limiter};
pub use self::gather::{as_completed, gather, try_gather};
pub use self::group::{task_group, try_task_group};
pub use self::portal::{BlockingPortal, PortalTask, portal};
pub use self::shield::{shield, shield_for};

/// Lets the runtime's other tasks go first, once.
///
/// # Cancel safety
///
/// There is nothing to lose.
///
/// # Examples
///
/// ```
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     for step in 0..3 {
///         // … a long computation, in pieces …
///         anypipe::task::yield_now().await;
///     }
/// });
/// ```
#[doc(alias("checkpoint", "consume_budget"))]
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
