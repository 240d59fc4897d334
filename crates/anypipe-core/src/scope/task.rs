//! A task and a blocking job as the scope keeps them: the work sits in a slot that the scope can
//! empty while the runtime isn't running it.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::panic::{catch, drop_broken, drop_caught};
use super::{Scope, context, replace_waker};
use crate::error::RunError;
use crate::runtime::{Blocks, Polled, WaitsFor};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// The name of a stage or a task.
pub(crate) type TaskName = Cow<'static, str>;

/// What a scope knows of the work spawned into it.
pub(crate) trait Member: Send + Sync {
    /// Has the work end soon: nothing of it is started any more. Gives whom to wake for it.
    fn cancel(self: Arc<Self>) -> Option<Waker>;

    /// Empties the slot, where the runtime isn't running the work right now; where it is, the work ends
    /// when it next gives way.
    fn seize(self: Arc<Self>) -> Option<Seized>;

    /// Tells what it is doing, unless it has ended.
    fn told(&self) -> Option<String>;
}

/// Drops work that was taken out of its slot, and tells the scope of its end.
pub(crate) type Seized = Box<dyn FnOnce() + Send>;

/// One task of a scope.
pub(crate) struct TaskCell {
    /// The stage's or task's name.
    name: TaskName,
    /// The scope that joins it.
    scope: Scope,
    /// Its place in the scope's list.
    index: usize,
    /// Set when this task alone is cancelled.
    cancelled: AtomicBool,
    /// The future, while nobody is polling it.
    slot: Mutex<Slot>,
}

struct Slot {
    future: Option<BoxFuture<()>>,
    /// The waker of the last poll.
    waker: Option<Waker>,
    /// Set once the scope was told of the end.
    ended: bool,
    /// What it waited for when it last gave way.
    waits_for: WaitsFor,
    /// Set where the runtime dropped it before its end.
    lost: bool,
    /// Tells the panic that ended it; the panic itself is the run's.
    panicked: Option<RunError>,
}

impl TaskCell {
    pub(super) fn new(name: TaskName, scope: Scope, index: usize, future: BoxFuture<()>) -> Arc<Self> {
        let slot = Slot {
            future: Some(future),
            waker: None,
            ended: false,
            lost: false,
            waits_for: WaitsFor::Future,
            panicked: None,
        };
        Arc::new(Self { name, scope, index, cancelled: AtomicBool::new(false), slot: Mutex::new(slot) })
    }

    /// The panic that ended the task, as an error with the same message.
    pub(crate) fn panicked(&self) -> Option<RunError> {
        let message = self.slot.lock().panicked.as_ref().map(ToString::to_string);
        message.map(|message| RunError::panic_message(&self.name, message))
    }

    /// Why the task has ended without giving anything.
    pub(crate) fn why_it_ended(&self) -> RunError {
        let lost = self.slot.lock().lost;
        self.panicked().unwrap_or_else(|| if lost { self.runtime_gone() } else { RunError::cancelled() })
    }

    fn runtime_gone(&self) -> RunError {
        RunError::runtime_gone(self.scope.runtime().name(), Some(self.name.to_string()))
    }

    /// Cancels this task alone.
    pub(crate) fn cancel_alone(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.waker().into_iter().for_each(Waker::wake);
    }

    /// Whom to wake for the task to be polled, unless somebody is at it.
    fn waker(&self) -> Option<Waker> {
        let slot = self.slot.lock();
        slot.waker.clone().filter(|_| slot.future.is_some())
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst) || self.scope.is_cancelled()
    }

    /// Drops the future of a task that was cancelled or panicked, then ends it.
    fn end_broken(&self, future: BoxFuture<()>) {
        let entered = context::working(&self.scope);
        let dropped = drop_broken(future);
        drop(entered);
        self.end(dropped.err().map(|panic| panic.into_error(Some(&self.name))));
    }

    /// Tells the scope that the task and its destructors are over.
    fn end(&self, failure: Option<RunError>) {
        if let Some(error) = failure {
            self.scope.fail(error);
        }
        let waker = {
            let mut slot = self.slot.lock();
            slot.ended = true;
            slot.waker.take()
        };
        // The count is let down whatever a waker's destructor does.
        let dropped = drop_caught(waker);
        if let Err(panic) = dropped {
            self.scope.fail(panic.into_error(Some(&self.name)));
        }
        self.scope.ended(self.index);
    }
}

impl Polled for TaskCell {
    fn name(&self) -> &str {
        &self.name
    }

    fn waits_for(&self) -> WaitsFor {
        self.slot.lock().waits_for
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let (old, future) = {
            let mut slot = self.slot.lock();
            if slot.ended {
                return Poll::Ready(());
            }
            (replace_waker(&mut slot.waker, cx.waker()), slot.future.take())
        };
        drop(old);
        let Some(mut future) = future else { return Poll::Ready(()) };
        if self.is_cancelled() {
            self.end_broken(future);
            return Poll::Ready(());
        }
        let mut entered = context::polling_task(&self.scope);
        let polled = catch(|| future.as_mut().poll(cx));
        match polled {
            Ok(Poll::Pending) => {
                let waits_for = entered.leave();
                let mut slot = self.slot.lock();
                slot.waits_for = waits_for;
                // The canceller sets its flag before it looks into the slot: one of us sees the other.
                if !self.is_cancelled() {
                    slot.future = Some(future);
                    return Poll::Pending;
                }
                drop(slot);
                self.end_broken(future);
            }
            Ok(Poll::Ready(())) => {
                entered.end_poll();
                let dropped = drop_caught(future);
                drop(entered);
                self.end(dropped.err().map(|panic| panic.into_error(Some(&self.name))));
            }
            Err(panic) => {
                drop(entered);
                let error = panic.into_error(Some(&self.name));
                let told = RunError::panic_message(&self.name, error.to_string());
                self.slot.lock().panicked = Some(told);
                self.scope.fail(error);
                self.end_broken(future);
            }
        }
        Poll::Ready(())
    }

    fn dropped_by_runtime(&self) {
        let cancelled = self.is_cancelled();
        let mut slot = self.slot.lock();
        let future = slot.future.take();
        slot.lost = future.is_some() && !cancelled;
        drop(slot);
        let Some(future) = future else { return };
        if !cancelled {
            self.scope.fail(self.runtime_gone());
        }
        self.end_broken(future);
    }
}

impl Member for TaskCell {
    fn cancel(self: Arc<Self>) -> Option<Waker> {
        self.waker()
    }

    fn seize(self: Arc<Self>) -> Option<Seized> {
        let (future, waker) = {
            let mut slot = self.slot.lock();
            (slot.future.take()?, slot.waker.take())
        };
        Some(Box::new(move || {
            self.end_broken(future);
            // The runtime still holds the empty task: have it let go.
            waker.into_iter().for_each(Waker::wake);
        }))
    }

    fn told(&self) -> Option<String> {
        let slot = self.slot.lock();
        let name = &self.name;
        match (&slot.future, &slot.waker) {
            _ if slot.ended => None,
            (None, _) => Some(format!("`{name}` is being polled")),
            (Some(_), None) => Some(format!("`{name}` has not begun")),
            (Some(_), Some(_)) => Some(format!("`{name}` waits for {}", slot.waits_for)),
        }
    }
}

/// One piece of blocking work of a scope.
pub(crate) struct JobCell {
    /// The stage's or job's name.
    name: TaskName,
    /// The scope that joins it.
    scope: Scope,
    /// Its place in the scope's list.
    index: usize,
    /// The work, until it is started or given up. Told whether it is to run.
    slot: Mutex<Option<BoxJob>>,
}

/// Blocking work: it does its job, catching the user's panics, and keeps what it has to tell.
pub(crate) type BoxJob = Box<dyn FnOnce() + Send>;

impl JobCell {
    pub(super) fn new(name: TaskName, scope: Scope, index: usize, job: BoxJob) -> Arc<Self> {
        Arc::new(Self { name, scope, index, slot: Mutex::new(Some(job)) })
    }

    fn give_up(&self, job: BoxJob) {
        let dropped = drop_broken(job);
        self.end(dropped.err().map(|panic| panic.into_error(Some(&self.name))));
    }

    fn end(&self, failure: Option<RunError>) {
        if let Some(error) = failure {
            self.scope.fail(error);
        }
        self.scope.ended(self.index);
    }
}

impl Blocks for JobCell {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self) {
        let job = self.slot.lock().take();
        let Some(job) = job else { return };
        if self.scope.is_cancelled() {
            return self.give_up(job);
        }
        let entered = context::blocking(&self.scope);
        let done = catch(job);
        drop(entered);
        self.end(done.err().map(|panic| panic.into_error(Some(&self.name))));
    }

    fn dropped_by_runtime(&self) {
        let job = self.slot.lock().take();
        let Some(job) = job else { return };
        if !self.scope.is_cancelled() {
            let name = Some(self.name.to_string());
            self.scope.fail(RunError::runtime_gone(self.scope.runtime().name(), name));
        }
        self.give_up(job);
    }
}

impl Member for JobCell {
    fn cancel(self: Arc<Self>) -> Option<Waker> {
        let job = self.slot.lock().take();
        if let Some(job) = job {
            self.give_up(job);
        }
        None
    }

    fn seize(self: Arc<Self>) -> Option<Seized> {
        let job = self.slot.lock().take()?;
        Some(Box::new(move || self.give_up(job)))
    }

    fn told(&self) -> Option<String> {
        let doing = if self.slot.lock().is_some() { "has not begun" } else { "is running" };
        Some(format!("job `{}` {doing}", self.name))
    }
}
