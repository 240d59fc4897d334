//! A task and a blocking job as the scope keeps them: the work sits in a slot that the scope can
//! empty while the runtime isn't running it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::observer::Part;
use super::panic::{Panic, catch, drop_broken, drop_caught};
use super::picture::WorkerPicture;
use super::stamps::{self, End, Stamps};
use super::tally::SINK;
use super::{CANCELLED, Scope, Tally, TaskName, WATCHED, context};
use crate::error::RunError;
use crate::runtime::{Blocks, Polled, WaitsFor};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a scope knows of the work spawned into it.
pub(crate) trait Member: Send + Sync {
    /// Hears its place in the scope's list, before anybody else finds it there.
    fn enter_at(&self, index: usize);

    /// Has the work end soon: nothing of it is started any more. Gives whom to wake for it.
    fn cancel(self: Arc<Self>) -> Option<Waker>;

    /// Empties the slot, where the runtime isn't running the work right now; where it is, the work ends
    /// when it next gives way.
    fn seize(self: Arc<Self>) -> Option<Seized>;

    /// Tells what it is doing, and with a moment also since when, where that is known; unless it has ended.
    fn told(&self, now: Option<Instant>) -> Option<String>;

    /// From now on it notes when what it is doing changes.
    fn watch(&self, now: Instant) {
        let _ = now;
    }

    /// The seat of the stage that it works for; 0 for none.
    fn seat(&self) -> u32 {
        0
    }

    /// What it is doing, as a worker of a stage, unless it has ended.
    fn picture(&self, now: Instant) -> Option<WorkerPicture> {
        let _ = now;
        None
    }
}

/// Drops work that was taken out of its slot, and tells the scope of its end.
pub(crate) type Seized = Box<dyn FnOnce() + Send>;

/// What a task's cell lies in: nothing else, or what its handle waits for.
pub(crate) trait HoldsTask: Send + Sync + 'static {
    fn cell(&self) -> &TaskCell;
}

/// One task of a scope.
pub(crate) struct TaskCell {
    /// The stage's or task's name.
    name: TaskName,
    /// The scope that joins it.
    scope: Scope,
    /// Its place in the scope's list.
    index: AtomicUsize,
    /// Set when this task alone is cancelled.
    cancelled: AtomicBool,
    /// Set at its end, before the scope is told of that.
    ended: AtomicBool,
    /// The stage that it works for.
    stage: Option<Tally>,
    /// Its seat; the run's own sink has one without a stage.
    seat: u32,
    /// The future, while nobody is polling it.
    slot: Mutex<Slot>,
}

struct Slot {
    future: Option<BoxFuture<()>>,
    /// The waker of the last poll, from its end to that of the task.
    waker: Option<Waker>,
    /// What it waited for when it last gave way.
    waits_for: WaitsFor,
    /// Set where the runtime dropped it before its end.
    lost: bool,
    /// Tells the panic that ended it; the panic itself is the run's.
    panicked: Option<RunError>,
    /// When what it is doing has changed, once somebody has looked.
    stamps: Option<Box<Stamps>>,
}

impl Slot {
    /// What it waits for, unless it is being polled or was never polled.
    fn waits(&self) -> Option<WaitsFor> {
        if self.future.is_some() && self.waker.is_some() { Some(self.waits_for) } else { None }
    }
}

impl TaskCell {
    /// A task without its future.
    pub(super) fn new(name: TaskName, scope: Scope) -> Self {
        Self::of_stage(name, scope, None)
    }

    /// As [`new`](TaskCell::new), for a worker of a stage.
    pub(super) fn of_stage(name: TaskName, scope: Scope, stage: Option<Tally>) -> Self {
        let seat = stage.as_ref().map_or(0, Tally::seat);
        Self::seated(name, scope, stage, seat)
    }

    /// As [`new`](TaskCell::new), for the run's own sink.
    pub(super) fn of_sink(name: TaskName, scope: Scope) -> Self {
        Self::seated(name, scope, None, SINK)
    }

    fn seated(name: TaskName, scope: Scope, stage: Option<Tally>, seat: u32) -> Self {
        let (waits_for, panicked, stamps) = (WaitsFor::Future, None, None);
        let slot = Slot { future: None, waker: None, lost: false, waits_for, panicked, stamps };
        Self {
            name,
            scope,
            index: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            stage,
            seat,
            slot: Mutex::new(slot),
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its name, and the stage that it works for.
    pub(super) fn part(&self) -> Part<'_> {
        Part { name: &self.name, stage: Some(self.seat).filter(|seat| *seat > 0) }
    }

    /// Gives it its future, before anybody else has it.
    pub(super) fn put(&self, future: BoxFuture<()>) {
        self.slot.lock().future = Some(future);
    }

    /// The future of a task that was not let in.
    pub(super) fn take_back(&self) -> Option<BoxFuture<()>> {
        self.slot.lock().future.take()
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

    /// Whether it was cancelled, and whether it is watched.
    #[inline]
    fn flags(&self) -> u8 {
        let alone = if self.cancelled.load(Ordering::SeqCst) { CANCELLED } else { 0 };
        alone | self.scope.flags()
    }

    fn is_cancelled(&self) -> bool {
        self.flags() & CANCELLED != 0
    }

    /// Drops the future of a task that was cancelled or panicked, then ends it.
    fn end_broken(&self, future: BoxFuture<()>, waker: Option<Waker>) {
        let entered = context::working(&self.scope);
        let dropped = drop_broken(future);
        drop(entered);
        self.end(dropped.err().map(|panic| panic.into_error(Some(&self.name))), waker);
    }

    /// Tells the scope that the task and its destructors are over.
    fn end(&self, failure: Option<RunError>, waker: Option<Waker>) {
        if let Some(error) = failure {
            self.scope.fail(error);
        }
        self.ended.store(true, Ordering::Release);
        if self.scope.is_watched() {
            self.keep_times();
        }
        // The count is let down whatever a waker's destructor does.
        if let Err(panic) = waker.map_or(Ok(()), drop_caught) {
            self.scope.fail(panic.into_error(Some(&self.name)));
        }
        self.scope.ended(self.index.load(Ordering::Relaxed));
    }

    /// Hands its times on to the stage, at its end.
    #[cold]
    fn keep_times(&self) {
        let now = self.scope.runtime().now();
        // What the last poll has noted is nobody else's.
        stamps::forget();
        let take = || self.slot.lock().stamps.take().map(|stamps| stamps.times(now));
        match &self.stage {
            Some(stage) => stage.past().keep(take),
            None if self.seat == SINK => self.scope.controls().sink_ended().keep(take),
            None => {}
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.flags() {
            0 => self.poll_as::<false>(cx),
            WATCHED => self.poll_as::<true>(cx),
            _ => {
                let future = self.slot.lock().future.take();
                if let Some(future) = future {
                    self.end_broken(future, self.take_waker());
                }
                Poll::Ready(())
            }
        }
    }

    /// Polls it, as one that is watched or isn't: this is built for both.
    #[inline]
    fn poll_as<const IS_WATCHED: bool>(&self, cx: &mut Context<'_>) -> Poll<()> {
        let future = if IS_WATCHED { self.begin_watched() } else { self.slot.lock().future.take() };
        let Some(mut future) = future else { return Poll::Ready(()) };
        let mut entered = context::polling_task(&self.scope, self.seat);
        let polled = catch(|| future.as_mut().poll(cx));
        match polled {
            Ok(Poll::Pending) => {
                let waits_for = entered.leave();
                return self.wait::<IS_WATCHED>(future, waits_for, cx.waker());
            }
            Ok(Poll::Ready(())) => {
                entered.end_poll();
                let dropped = drop_caught(future);
                drop(entered);
                let failure = dropped.err().map(|panic| panic.into_error(Some(&self.name)));
                self.end(failure, self.take_waker());
            }
            Err(panic) => {
                drop(entered);
                self.end_panicked(panic, future);
            }
        }
        Poll::Ready(())
    }

    /// Takes the future out for a poll, and notes that this begins.
    #[inline]
    fn begin_watched(&self) -> Option<BoxFuture<()>> {
        let now = self.scope.runtime().now_in_task();
        let mut slot = self.slot.lock();
        if let Some(stamps) = &mut slot.stamps {
            stamps.begin(now);
        }
        let future = slot.future.take()?;
        stamps::note_beginning(now);
        Some(future)
    }

    fn take_waker(&self) -> Option<Waker> {
        self.slot.lock().waker.take()
    }

    /// Puts the future back after a poll, unless the task was cancelled meanwhile.
    #[inline]
    fn wait<const IS_WATCHED: bool>(
        &self,
        future: BoxFuture<()>,
        waits_for: WaitsFor,
        waker: &Waker,
    ) -> Poll<()> {
        let end = if IS_WATCHED { Some(stamps::take_end(self.scope.runtime())) } else { None };
        let slot = self.slot.lock();
        if slot.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.put_back::<IS_WATCHED>(slot, future, waits_for, end)
        } else {
            drop(slot);
            self.wait_anew::<IS_WATCHED>(future, waits_for, waker, end)
        }
    }

    /// As [`wait`](TaskCell::wait), with another waker than before.
    #[cold]
    fn wait_anew<const IS_WATCHED: bool>(
        &self,
        future: BoxFuture<()>,
        waits_for: WaitsFor,
        waker: &Waker,
        end: Option<End>,
    ) -> Poll<()> {
        // It may be anybody's, and the future is in hand.
        let replaced = catch(|| {
            let waker = waker.clone();
            let old = self.slot.lock().waker.replace(waker);
            drop(old);
        });
        if let Err(panic) = replaced {
            self.end_panicked(panic, future);
            return Poll::Ready(());
        }
        self.put_back::<IS_WATCHED>(self.slot.lock(), future, waits_for, end)
    }

    /// Puts it back, after a poll whose end is known where it was watched from its beginning.
    #[expect(
        clippy::inline_always,
        reason = "what it is called with is more than a call passes in registers"
    )]
    #[inline(always)]
    fn put_back<const IS_WATCHED: bool>(
        &self,
        mut slot: MutexGuard<'_, Slot>,
        future: BoxFuture<()>,
        waits_for: WaitsFor,
        end: Option<End>,
    ) -> Poll<()> {
        slot.waits_for = waits_for;
        if let (Some(end), Some(stamps)) = (end, &mut slot.stamps) {
            stamps.wait(waits_for, end);
        }
        // The canceller sets its flag before it looks into the slot: one of us sees the other.
        if self.flags() == if IS_WATCHED { WATCHED } else { 0 } {
            slot.future = Some(future);
            return Poll::Pending;
        }
        drop(slot);
        self.put_back_changed(future, waits_for)
    }

    /// As [`put_back`](TaskCell::put_back), of a task that was cancelled in that poll, or is watched since then.
    #[cold]
    fn put_back_changed(&self, future: BoxFuture<()>, waits_for: WaitsFor) -> Poll<()> {
        let end = stamps::take_end(self.scope.runtime());
        let mut slot = self.slot.lock();
        if let Some(stamps) = &mut slot.stamps {
            stamps.wait(waits_for, end);
        }
        if !self.is_cancelled() {
            slot.future = Some(future);
            return Poll::Pending;
        }
        drop(slot);
        self.end_broken(future, self.take_waker());
        Poll::Ready(())
    }

    #[cold]
    fn end_panicked(&self, panic: Panic, future: BoxFuture<()>) {
        let error = panic.into_error(Some(&self.name));
        let told = RunError::panic_message(&self.name, error.to_string());
        self.slot.lock().panicked = Some(told);
        self.scope.fail(error);
        self.end_broken(future, self.take_waker());
    }

    fn dropped_by_runtime(&self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        let cancelled = self.is_cancelled();
        let mut slot = self.slot.lock();
        let (future, waker) = (slot.future.take(), slot.waker.take());
        slot.lost = future.is_some() && !cancelled;
        drop(slot);
        let Some(future) = future else { return };
        if !cancelled {
            self.scope.fail(self.runtime_gone());
        }
        self.end_broken(future, waker);
    }

    fn told(&self, now: Option<Instant>) -> Option<String> {
        let slot = self.slot.lock();
        let name = &self.name;
        let lasts = now.zip(slot.stamps.as_ref()).map(|(now, stamps)| stamps.picture(now).lasts);
        let told = match (&slot.future, &slot.waker) {
            _ if self.ended.load(Ordering::Acquire) => return None,
            (None, _) => format!("`{name}` is being polled"),
            (Some(_), None) => format!("`{name}` has not begun"),
            (Some(_), Some(_)) => format!("`{name}` waits for {}", slot.waits_for),
        };
        Some(lasts.map_or_else(|| told.clone(), |lasts| format!("{told}, for {lasts:?}")))
    }

    /// From now on it notes when what it is doing changes, unless it does so already.
    pub(super) fn watch(&self, now: Instant) {
        let mut slot = self.slot.lock();
        if slot.stamps.is_none() && !self.ended.load(Ordering::Acquire) {
            let waits_for = slot.waits();
            let number = self.stage.as_ref().map_or(0, Tally::next_worker);
            slot.stamps = Some(Box::new(Stamps::new(number, waits_for, now)));
        }
    }

    fn picture(&self, now: Instant) -> Option<WorkerPicture> {
        let mut slot = self.slot.lock();
        let waits_for = slot.waits();
        let stamps = slot.stamps.as_mut()?;
        stamps.see(waits_for);
        Some(stamps.picture(now))
    }
}

impl HoldsTask for TaskCell {
    fn cell(&self) -> &TaskCell {
        self
    }
}

impl<H: HoldsTask> Polled for H {
    fn name(&self) -> &str {
        &self.cell().name
    }

    fn waits_for(&self) -> WaitsFor {
        self.cell().slot.lock().waits_for
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.cell().poll(cx)
    }

    fn dropped_by_runtime(&self) {
        self.cell().dropped_by_runtime();
    }
}

impl<H: HoldsTask> Member for H {
    fn enter_at(&self, index: usize) {
        self.cell().index.store(index, Ordering::Relaxed);
    }

    fn cancel(self: Arc<Self>) -> Option<Waker> {
        self.cell().waker()
    }

    fn seize(self: Arc<Self>) -> Option<Seized> {
        let (future, waker) = {
            let mut slot = self.cell().slot.lock();
            (slot.future.take()?, slot.waker.take())
        };
        let holder: Arc<dyn HoldsTask> = self;
        Some(Box::new(move || {
            holder.cell().end_broken(future, None);
            // The runtime still holds the empty task: have it let go.
            waker.into_iter().for_each(Waker::wake);
        }))
    }

    fn told(&self, now: Option<Instant>) -> Option<String> {
        self.cell().told(now)
    }

    fn watch(&self, now: Instant) {
        self.cell().watch(now);
    }

    fn seat(&self) -> u32 {
        self.cell().seat
    }

    fn picture(&self, now: Instant) -> Option<WorkerPicture> {
        self.cell().picture(now)
    }
}

/// One piece of blocking work of a scope.
pub(crate) struct JobCell {
    /// The stage's or job's name.
    name: TaskName,
    /// The scope that joins it.
    scope: Scope,
    /// Its place in the scope's list.
    index: AtomicUsize,
    /// The work, until it is started or given up. Told whether it is to run.
    slot: Mutex<Option<BoxJob>>,
}

/// Blocking work: it does its job, catching the user's panics, and keeps what it has to tell.
pub(crate) type BoxJob = Box<dyn FnOnce() + Send>;

impl JobCell {
    pub(super) fn new(name: TaskName, scope: Scope, job: BoxJob) -> Self {
        Self { name, scope, index: AtomicUsize::new(0), slot: Mutex::new(Some(job)) }
    }

    /// The work, where it was not let in.
    pub(super) fn take_back(&self) -> Option<BoxJob> {
        self.slot.lock().take()
    }

    fn give_up(&self, job: BoxJob) {
        let dropped = drop_broken(job);
        self.end(dropped.err().map(|panic| panic.into_error(Some(&self.name))));
    }

    fn end(&self, failure: Option<RunError>) {
        if let Some(error) = failure {
            self.scope.fail(error);
        }
        self.scope.ended(self.index.load(Ordering::Relaxed));
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
    fn enter_at(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }

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

    fn told(&self, _now: Option<Instant>) -> Option<String> {
        let doing = if self.slot.lock().is_some() { "has not begun" } else { "is running" };
        Some(format!("job `{}` {doing}", self.name))
    }
}
