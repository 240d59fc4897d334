//! A stage that is stuck, as an event.

use std::time::Duration;

use anypipe_core::run::picture::{Picture, Reason};
use tracing::warn;

use crate::TARGET;

/// What to [watch](anypipe_core::Run::watch) a run with to be told of a stage that is stuck: one of whose workers has been
/// in user code for so long. It is told once, and again where the stage went on in between.
///
/// A stage that waits, for input or for room, is never stuck.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anypipe_core::Run;
/// use anypipe_tracing::stalls;
///
/// fn told<T: Send + 'static>(run: Run<T>) -> Run<T> {
///     run.watch(Duration::from_secs(1), stalls(Duration::from_secs(30)))
/// }
/// ```
pub fn stalls(after: Duration) -> impl FnMut(Picture) + Send + 'static {
    let mut told = Vec::new();
    move |picture| {
        let stuck =
            picture.bottleneck_with(after).filter(|found| matches!(found.reason, Reason::Stalled { .. }));
        let Some(stuck) = stuck else { return told.clear() };
        if stuck.stages == told {
            return;
        }
        if let (Some(stage), Reason::Stalled { worker, lasts }) = (stuck.stages.first(), &stuck.reason) {
            let lasts = lasts.as_secs_f64();
            warn!(target: TARGET, stage = stage.as_str(), worker, lasts, "the stage is stuck; {}", stuck.advice);
        }
        told = stuck.stages;
    }
}
