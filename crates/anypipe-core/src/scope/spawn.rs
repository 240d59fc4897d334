//! Who is let in: tasks and blocking work.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use super::panic::drop_broken;
use super::task::{BoxFuture, BoxJob, HoldsTask, JobCell, Member, TaskCell};
use super::{Scope, Tally, TaskName, local, observes};
use crate::error::RunError;
use crate::runtime::{Job, Polled, Task};

impl Scope {
    /// Spawns a task that the scope joins. `name` is told in panics and reports.
    ///
    /// In a scope that was cancelled or has ended the task is dropped instead, unpolled; the senders
    /// it holds count as broken.
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_boxed(TaskName::from(name.into()), Box::pin(future));
    }

    pub(crate) fn spawn_boxed(&self, name: TaskName, future: BoxFuture<()>) {
        self.spawn_worker(name, None, future);
    }

    /// Spawns a task that works for a stage.
    pub(crate) fn spawn_worker(&self, name: TaskName, stage: Option<Tally>, future: BoxFuture<()>) {
        let cell = Arc::new(TaskCell::of_stage(name, self.clone(), stage));
        // The outcome is told by the scope's own state to those who ask.
        let _ = Self::spawn_cell(&cell, future);
    }

    /// Spawns the run's sink.
    pub(crate) fn spawn_sink(&self, name: TaskName, future: BoxFuture<()>) {
        let cell = Arc::new(TaskCell::of_sink(name, self.clone()));
        let _ = Self::spawn_cell(&cell, future);
    }

    /// Spawns a task, whose cell has a scope already, or tells why it can't be.
    pub(crate) fn spawn_cell<H: HoldsTask>(holder: &Arc<H>, future: BoxFuture<()>) -> Result<(), RunError> {
        let member = Arc::clone(holder) as Arc<dyn Member>;
        Self::spawn_member(holder.cell(), member, Arc::clone(holder) as Arc<dyn Polled>, future)
    }

    fn spawn_member(
        cell: &TaskCell,
        member: Arc<dyn Member>,
        task: Arc<dyn Polled>,
        future: BoxFuture<()>,
    ) -> Result<(), RunError> {
        let scope = cell.scope();
        let future = local::inherit(future);
        cell.put(if observes() { scope.observe(cell.part(), future) } else { future });
        scope.admit(member, || cell.take_back())?;
        // After it was let in: who begins to watch in between finds it there.
        if scope.is_watched() {
            cell.watch(scope.runtime().now());
        }
        scope.inner.runtime.spawn(Task { cell: task });
        Ok(())
    }

    /// Starts blocking work that the scope joins.
    pub(crate) fn spawn_job(&self, name: TaskName, job: BoxJob) -> Result<(), RunError> {
        let job = local::inherit_job(job);
        let job = if observes() { self.observe_job(job) } else { job };
        let cell = Arc::new(JobCell::new(name, self.clone(), job));
        self.admit(Arc::clone(&cell) as Arc<dyn Member>, || cell.take_back())?;
        self.inner.runtime.spawn_blocking(Job { cell });
        Ok(())
    }

    /// Enters new work in the list; where the scope takes none any more, that is taken back and dropped.
    fn admit<W>(&self, member: Arc<dyn Member>, take_back: impl FnOnce() -> W) -> Result<(), RunError> {
        let Some(mut state) = self.lock_counted() else {
            self.drop_refused(take_back());
            return Err(RunError::scope_ended());
        };
        if self.is_cancelled() {
            drop(state);
            self.drop_refused(take_back());
            self.count_down();
            return Err(RunError::cancelled());
        }
        state.members.enter(member);
        Ok(())
    }

    /// Drops work that was not let in; its senders are broken, and its panics are failures.
    fn drop_refused<T>(&self, work: T) {
        if let Err(panic) = drop_broken(work) {
            self.fail(panic.into_error(None));
        }
    }
}
