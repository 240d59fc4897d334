//! A stage that is stuck, as an event.

use anypipe_core::run::Stall;
use tracing::{info, warn};

use crate::TARGET;

/// Tells of a stage that is stuck as an event, and of its end as another: what to give to
/// [`warn_stalls`](anypipe_core::Run::warn_stalls), which says when that is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anypipe_core::Run;
/// use anypipe_tracing::stalls;
///
/// fn warned<T: Send + 'static>(run: Run<T>) -> Run<T> {
///     run.warn_stalls(Duration::from_secs(30), stalls())
/// }
/// ```
pub fn stalls() -> impl FnMut(Stall) + Send + 'static {
    |stall| {
        let (stage, lasts) = (stall.stage.as_str(), stall.lasts.as_secs_f64());
        if stall.is_over {
            info!(target: TARGET, stage, lasts, "the stage is stuck no more");
        } else {
            warn!(target: TARGET, stage, lasts, tasks = stall.tasks.as_str(), "the stage is stuck");
        }
    }
}
