//! A run that is observed.

use std::sync::Arc;
use std::time::Duration;

use super::observer::{self, Observer, Part, RunEnd};
use super::task::{BoxFuture, BoxJob};
use super::{Controls, Scope, current_scope};

impl Controls {
    /// Tells whoever observes the run that it is awaited or started, by the code that calls this.
    #[inline]
    pub(crate) fn observe_begin(&self, name: &'static str, runtime: &'static str) {
        if observer::observes() {
            self.tell_begin(name, runtime);
        }
    }

    /// Tells whoever observes the run how it has ended.
    #[inline]
    pub(crate) fn observe_end(&self, end: RunEnd<'_>) {
        if observer::observes() {
            self.tell_end(end);
        }
    }

    #[cold]
    fn tell_end(&self, end: RunEnd<'_>) {
        if let Some(observer) = self.observer().filter(|_| self.is_first_end()) {
            observer.end(end);
        }
    }

    /// A future that only has a scope around it begins: what it spawns is observed as that of the code around it.
    #[inline]
    pub(crate) fn inherit_observer(&self) {
        if observer::observes() {
            let around = current_scope().and_then(|scope| scope.controls().observer());
            if let Some(observer) = around.or_else(observer::of_all) {
                self.set_observer(observer);
            }
        }
    }

    #[cold]
    fn tell_begin(&self, name: &'static str, runtime: &'static str) {
        if self.observer().is_none() {
            if let Some(observer) = observer::of_all() {
                self.set_observer(observer);
            }
        }
        if let Some(observer) = self.observer().filter(|_| self.is_first_beginning()) {
            observer.begin(name, runtime);
        }
    }
}

impl Scope {
    /// Tells whoever observes the run that a stage gets other workers, or another buffer.
    pub(crate) fn observe_resize(&self, stage: &str, workers: Option<usize>, buffer: Option<usize>) {
        if observer::observes() {
            if let Some(observer) = self.controls().observer() {
                observer.resize(stage, workers, buffer);
            }
        }
    }

    /// Who observes what is spawned into this scope: the run's observer, or that of the code that spawns it.
    #[cold]
    fn observer_here(&self) -> Option<Arc<dyn Observer>> {
        self.controls().observer().or_else(|| current_scope()?.controls().observer())
    }

    /// A task's future, with whoever observes it around it.
    #[cold]
    pub(super) fn observe(&self, part: Part<'_>, future: BoxFuture<()>) -> BoxFuture<()> {
        match self.observer_here() {
            Some(observer) => observer.task(part, future),
            None => future,
        }
    }

    /// As [`observe`](Scope::observe), for blocking work.
    #[cold]
    pub(super) fn observe_job(&self, job: BoxJob) -> BoxJob {
        match self.observer_here() {
            Some(observer) => observer.job(job),
            None => job,
        }
    }
}

/// Tells whoever observes the run that the work on an item has failed and is tried again; called by what tries again, in
/// the task.
pub fn note_retry(tries: u32, after: Duration) {
    if observer::observes() {
        if let Some(observer) = current_scope().and_then(|scope| scope.controls().observer()) {
            observer.retry(tries, after);
        }
    }
}
