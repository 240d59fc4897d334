//! The spans of one run.

// For maintainers. A subscriber is somebody else's code: no span is made, entered or dropped under the lock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::run::Observer;
use anypipe_core::scope::{ObservedJob, ObservedTask, Part, RunEnd};
use tracing::{Span, debug, error, info, info_span};

use crate::TARGET;

#[derive(Default)]
pub(crate) struct Spans {
    /// While the run goes on.
    all: Mutex<All>,
}

/// A span is cloned by its subscriber, so what is cloned under the lock is an `Arc`.
#[derive(Default)]
struct All {
    /// The run's, or the caller's where that is filtered out.
    run: Option<Arc<Span>>,
    /// Those of its stages, by their numbers.
    stages: BTreeMap<u32, Arc<Span>>,
}

impl Spans {
    fn lock(&self) -> MutexGuard<'_, All> {
        // Nothing of others runs under it.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run's span, and the stage's where it is known, while the run goes on.
    fn known(&self, stage: Option<u32>) -> (Option<Arc<Span>>, Option<Arc<Span>>) {
        let all = self.lock();
        let of_stage = stage.and_then(|stage| all.stages.get(&stage).map(Arc::clone));
        (all.run.as_ref().map(Arc::clone), of_stage)
    }

    /// The span of a part of the run that is a stage's.
    fn of_stage(&self, part: Part<'_>) -> Option<Arc<Span>> {
        let number = part.stage?;
        let (run, known) = self.known(Some(number));
        let Some(run) = run.filter(|_| known.is_none()) else { return known };
        let made = info_span!(target: TARGET, parent: &*run, "anypipe.stage", stage = part.name);
        let made = if made.is_disabled() { run } else { Arc::new(made) };
        let mut all = self.lock();
        // Another may have been quicker, and the run may be over.
        let is_over = all.run.is_none();
        let known =
            (!is_over).then(|| Arc::clone(all.stages.entry(number).or_insert_with(|| Arc::clone(&made))));
        drop(all);
        known.or(Some(made))
    }
}

impl Observer for Spans {
    fn begin(&self, run: &'static str, runtime: &'static str) {
        let span = info_span!(target: TARGET, "anypipe.run", run, runtime);
        let span = if span.is_disabled() { Span::current() } else { span };
        let before = self.lock().run.replace(Arc::new(span));
        drop(before);
    }

    fn within(&self, part: Part<'_>, work: &mut dyn FnMut()) {
        match self.of_stage(part).or_else(|| self.known(None).0) {
            Some(span) => span.in_scope(work),
            None => work(),
        }
    }

    fn task(&self, part: Part<'_>, task: ObservedTask) -> ObservedTask {
        let span = self.of_stage(part).unwrap_or_else(|| Arc::new(Span::current()));
        if span.is_none() { task } else { Box::pin(InSpan { span, task: Some(task) }) }
    }

    fn job(&self, job: ObservedJob) -> ObservedJob {
        let span = Span::current();
        if span.is_none() { job } else { Box::new(move || span.in_scope(job)) }
    }

    fn retry(&self, tries: u32, after: Duration) {
        info!(target: TARGET, tries, after = after.as_secs_f64(), "work on an item is tried again");
    }

    fn resize(&self, stage: &str, workers: Option<usize>, buffer: Option<usize>) {
        // The subscriber isn't asked where it is over.
        let Some(run) = self.known(None).0 else { return };
        info!(target: TARGET, parent: &*run, stage, workers, buffer, "the stage is resized");
    }

    fn end(&self, end: RunEnd<'_>) {
        let all = std::mem::take(&mut *self.lock());
        let Some(run) = all.run else { return };
        match end {
            RunEnd::Failed(error) => error!(target: TARGET, parent: &*run, %error, "the run has failed"),
            RunEnd::GivenUp => debug!(target: TARGET, parent: &*run, "the run was given up"),
            _ => debug!(target: TARGET, parent: &*run, "the run has ended"),
        }
    }
}

/// A task in its span.
struct InSpan {
    span: Arc<Span>,
    /// Dropped in the span.
    task: Option<ObservedTask>,
}

impl Future for InSpan {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { span, task } = &mut *self;
        let _entered = span.enter();
        task.as_mut().map_or(Poll::Ready(()), |task| task.as_mut().poll(cx))
    }
}

impl Drop for InSpan {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        self.task = None;
    }
}
