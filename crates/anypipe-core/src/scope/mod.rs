//! Structured concurrency: no task outlives its scope.
//!
//! A [`Scope`] is where tasks are spawned. It is handed to every stage when a run starts, joins all of
//! them before the run resolves, and decides once, for all runtimes, what a cancel, a panic, a
//! vanished producer and a dropped run mean.
//!
//! - **Join.** The run resolves after the last task has ended and its destructors have finished.
//! - **Cancel.** A cancelled task is polled at most once more, then its future is dropped. One that was
//!   never polled never is. Blocking work that has not started is dropped; started work is awaited.
//! - **Fail.** The first failure cancels the rest. A panic that comes afterwards is kept beside it; what is
//!   only cut off is its consequence, which nobody is told of.
//! - **Drop.** A run that is dropped empties the slots of its tasks at once. Those that another thread
//!   is polling at that moment end when the poll returns, and are joined by the nearest open ancestor.
//!
//! Panics of user code, and of destructors, are caught where the task is polled and dropped, and go
//! on in the awaiter of the run.

// For maintainers. Locks: a scope's `state` may be held while an ancestor's is taken (adoption),
// never the other way, and never together with a task's slot. No user code, waker or destructor
// runs under any of them.

mod adoption;
mod blocking;
mod breakable;
mod chart;
mod charted;
mod context;
mod controls;
mod cut;
mod deadline;
mod entries;
mod few;
mod local;
mod look;
mod members;
mod observed;
mod observer;
mod on_pool;
mod panic;
mod picture;
mod promise;
mod resize;
mod roster;
mod shield;
mod stamps;
mod stats;
mod tally;
pub(crate) mod task;
mod token;
mod values;
mod waiters;

#[cfg(all(test, loom))]
mod loom;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use std::{fmt, iter};

use self::adoption::{Abandoned, Above, Line};
pub use self::blocking::Blocking;
pub use self::breakable::Breakable;
pub(crate) use self::chart::About;
pub use self::charted::Charted;
pub use self::context::{
    Entered, block_here, current_runtime, current_scope, enter, in_blocking_work, is_on_pool, poll_go_on,
    waits_for_input,
};
pub(crate) use self::context::{
    Flush, flush_later, goes_with, is_breaking, is_cut_off, is_unwinding, note_wait, polling, polling_own,
    with_output,
};
pub(crate) use self::context::{
    Turns, has_called, is_in_task_of, may_block, refuse_to_block, runtime_of_job,
};
pub(crate) use self::controls::{Controls, Named, Pauses, WeakControls};
pub(crate) use self::cut::{Cut, CutWatch};
pub(crate) use self::deadline::DeadlineWatch;
pub use self::deadline::{Deadline, DeadlinePassed};
pub(crate) use self::few::{Few, take_out};
pub use self::local::{LocalKey, LocalScope, NotSet};
use self::members::Members;
pub use self::observed::note_retry;
pub use self::observer::{Observe, ObservedJob, ObservedTask, Observer, Part, RunEnd, observe_runs};
pub(crate) use self::observer::{observes, within};
pub(crate) use self::panic::{
    Panic, Wakes, break_off, call, catch, drop_broken, drop_caught, drop_items, resume_from_drop, wake_each,
};
pub use self::panic::{catch_panic, drop_each, holding, in_stage};
pub(crate) use self::picture::share;
pub use self::picture::{
    ChangePicture, Edge, Picture, RunState, StageKind, StagePicture, Times, WorkerPicture, WorkerState,
};
pub(crate) use self::promise::{Giver, Promise, promise, promise_of_task};
pub use self::resize::{ChangeReason, Changed, WorkerChange};
pub(crate) use self::resize::{Refused, Resize, Size};
pub use self::roster::{Listing, Roster};
pub(crate) use self::shield::{NAME as SHIELD, Shielded};
use self::stamps::Stamps;
pub(crate) use self::stamps::{note_again, note_end, take_beginning};
pub use self::stats::{StageStats, Stats};
pub use self::tally::Meter;
pub(crate) use self::tally::{Overdue, SINK, Tally};
use self::task::{HoldsTask, JobCell, Member, TaskCell, TaskName};
pub use self::token::{CancelToken, Cancelled, DropGuard};
pub use self::waiters::{Place, Waiters};
use crate::error::{ErrorKind, RunError};
use crate::runtime::{Job, Polled, RuntimeHandle, Task, WaitsFor};
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Lone, Mutex, MutexGuard};

/// A place to spawn tasks that are joined before the run they belong to resolves.
///
/// Cheap to clone; all clones are the same scope.
#[derive(Clone)]
pub struct Scope {
    inner: Arc<Inner>,
}

struct Inner {
    /// The runtime all its tasks run on.
    runtime: RuntimeHandle,
    /// The scopes it was started in: they adopt what a dropped run leaves behind.
    above: Above,
    /// The scope that joins this one with its own tasks, instead of only adopting.
    joined_by: Option<Scope>,
    /// What steers the run from outside: stop, pause, statistics.
    controls: Controls,
    /// By when the run must be over, where it has a limit of its own.
    deadline: Option<Deadline>,
    /// True for one that goes on when those above it are cancelled.
    shields: bool,
    /// True inside a [`repeated_child`](Scope::repeated_child).
    repeated: bool,
    /// Lists it, and what is started in it, for a watchdog.
    roster: Option<Roster>,
    /// Whether it was cancelled, and whether it is watched: looked at without the lock, before each user future starts and
    /// at each end of a poll.
    flags: AtomicU8,
    /// All the rest.
    state: Mutex<State>,
}

/// The flags of a scope. Each is set once.
const CANCELLED: u8 = 1;
const WATCHED: u8 = 2;

/// A run has one or more: what is rare lies apart.
#[derive(Default)]
struct State {
    /// The work that has not ended.
    members: Members,
    /// How much has not ended: members, child scopes with work of their own, each of which is one however much it has,
    /// and adopted scopes.
    running: usize,
    /// Its place for those that are started in it, once there is one.
    line: Option<Arc<Line>>,
    /// Scopes that are cancelled with this one.
    children: Vec<Weak<Inner>>,
    /// The run's name and what its own part waits for, or nothing while that is being polled; noted for a roster
    /// alone.
    body: Option<(&'static str, Option<WaitsFor>)>,
    /// When what the run's own part is doing has changed, where that is a stage and somebody has looked.
    own_stamps: Option<Box<Stamps>>,
    /// The first failure, with the panics that came after.
    failure: Option<RunError>,
    /// The run, waiting for a failure or for the end.
    run: Option<Waker>,
    /// Those who wait in `cancel_and_join`.
    joiners: Option<Box<Waiters>>,
    /// Set when the run was dropped.
    abandoned: Option<Box<Abandoned>>,
    /// Set when all is over; nothing can be spawned any more.
    ended: bool,
}

impl State {
    /// Counts one thing less; true where it was the last, and those who wait are to be told.
    fn count_down(&mut self, told: &mut Told) -> bool {
        self.running -= 1;
        if self.running > 0 {
            return false;
        }
        // The run stays where it is: a failure that comes later finds it there.
        self.take_joiners(&mut told.wakers);
        if let Some(run) = &self.run {
            told.wakers.add(run.clone());
        }
        if let Some(abandoned) = &mut self.abandoned {
            told.heirs.extend(abandoned.heir.take());
            self.ended = true;
        }
        true
    }

    /// All who wait, to be woken once the lock is let go.
    fn waiting(&mut self) -> Wakes {
        let mut wakers = Wakes::default();
        self.take_joiners(&mut wakers);
        if let Some(run) = self.run.take() {
            wakers.add(run);
        }
        wakers
    }

    fn take_joiners(&mut self, wakers: &mut Wakes) {
        if let Some(joiners) = &mut self.joiners {
            wakers.extend(joiners.take());
        }
    }

    /// Gives the waker that was there before, for the caller to drop once the lock is let go.
    #[must_use]
    fn set_run(&mut self, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.run, waker)
    }
}

/// Leaves a waker in its place; gives the one that was there before, for the caller to drop once the lock is
/// let go: its destructor may be anybody's.
#[must_use]
pub(crate) fn replace_waker(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    if place.as_ref().is_some_and(|old| old.will_wake(waker)) {
        return None;
    }
    place.replace(waker.clone())
}

impl Scope {
    /// A scope of a run on `runtime`, started in `parent`.
    pub(crate) fn new(runtime: RuntimeHandle, parent: Option<&Scope>, controls: Controls) -> Self {
        Self::limited(runtime, parent, controls, None)
    }

    /// As [`new`](Scope::new), of a run that must be over by a moment.
    pub(crate) fn limited(
        runtime: RuntimeHandle,
        parent: Option<&Scope>,
        controls: Controls,
        deadline: Option<Deadline>,
    ) -> Self {
        Self::with(runtime, parent, None, controls, false, deadline, false)
    }

    fn with(
        runtime: RuntimeHandle,
        parent: Option<&Scope>,
        joined_by: Option<Scope>,
        controls: Controls,
        repeated: bool,
        deadline: Option<Deadline>,
        shields: bool,
    ) -> Self {
        let state = Mutex::new(State::default());
        let flags = AtomicU8::new(if controls.is_watched() { WATCHED } else { 0 });
        let roster = parent.map_or_else(Roster::current, |parent| parent.inner.roster.clone());
        let above = Above::new(parent.map(Scope::line));
        let inner =
            Inner { runtime, above, joined_by, controls, deadline, shields, repeated, roster, flags, state };
        let inner = Arc::new(inner);
        if let Some(roster) = &inner.roster {
            roster.list(&inner);
        }
        Self { inner }
    }

    /// Notes what the run's own part is doing, where somebody may ask.
    pub(crate) fn note_body(&self, body: Option<(&'static str, Option<WaitsFor>)>) {
        if self.inner.roster.is_some() {
            self.inner.state.lock().body = body;
        }
    }

    /// Has the sink that drains in this scope end its input at a deadline.
    pub(crate) fn cut_at(&self, cut: Arc<Cut>) {
        self.controls().cut_in(Arc::as_ptr(&self.inner).addr(), cut);
    }

    /// Where the sink that drains in this very scope ends its input.
    pub(crate) fn cut(&self) -> Option<Lone<CutWatch>> {
        let cut = self.controls().cut_of(Arc::as_ptr(&self.inner).addr())?;
        Some(Lone::watching(cut, self.runtime()))
    }

    pub(crate) fn controls(&self) -> &Controls {
        &self.inner.controls
    }

    /// The runtime that the scope's tasks run on.
    pub fn runtime(&self) -> &RuntimeHandle {
        &self.inner.runtime
    }

    /// The nearest of the deadlines of the runs around the code in this scope, as they are now; `None` where none of
    /// them has any. A run that has ended limits nothing any more, also what was started in it and goes on; and none outside a
    /// shield does.
    pub fn deadline(&self) -> Option<Instant> {
        let mut nearest: Option<Instant> = None;
        let mut next = Some(self.clone());
        while let Some(scope) = next {
            let own = scope.inner.deadline.as_ref().and_then(Deadline::get);
            nearest = own.map_or(nearest, |own| Some(nearest.map_or(own, |nearest| nearest.min(own))));
            let above = || scope.inner.above.nearest(|ancestor| !ancestor.has_ended());
            next = if scope.inner.shields { None } else { above() };
        }
        nearest
    }

    /// True once the scope was cancelled, by whatever cause. Look at it before starting a user future.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.inner.flags.load(Ordering::SeqCst) & CANCELLED != 0
    }

    /// Whether it was cancelled, and whether it is watched.
    #[inline]
    fn flags(&self) -> u8 {
        self.inner.flags.load(Ordering::SeqCst)
    }

    /// True where its tasks note when what they are doing changes.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.inner.flags.load(Ordering::Relaxed) & WATCHED != 0
    }

    /// From now on they do.
    fn set_watched(&self) {
        self.inner.flags.fetch_or(WATCHED, Ordering::SeqCst);
    }

    /// A scope inside this one, that can be cancelled and joined by itself. This one joins it too.
    ///
    /// A failure in it fails the run as any other does.
    pub fn child(&self) -> Scope {
        self.child_that(self.inner.repeated)
    }

    /// As [`child`](Scope::child), for one of any number of pipelines: one for each item, or for each round.
    ///
    /// Their stages are counted together in the run's [`Stats`], those of one name in one entry, so that the
    /// statistics don't grow with the length of the run.
    pub fn repeated_child(&self) -> Scope {
        self.child_that(true)
    }

    fn child_that(&self, repeated: bool) -> Scope {
        let (runtime, controls) = (self.inner.runtime.clone(), self.controls().clone());
        let child = Self::with(runtime, Some(self), Some(self.clone()), controls, repeated, None, false);
        let mut state = self.inner.state.lock();
        token::enter_child(&mut state.children, &child.inner);
        drop(state);
        if self.is_cancelled() {
            child.cancel();
        }
        // After the entry: who began to watch in between has either found it or is seen here.
        if self.controls().is_watched() {
            child.set_watched();
        }
        child
    }

    /// Spawns a task that the scope joins. `name` is told in panics and reports.
    ///
    /// In a scope that was cancelled or has ended the task is dropped instead, unpolled; the senders
    /// it holds count as broken.
    pub fn spawn<F>(&self, name: impl Into<std::borrow::Cow<'static, str>>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_boxed(name.into(), Box::pin(future));
    }

    pub(crate) fn spawn_boxed(&self, name: TaskName, future: task::BoxFuture<()>) {
        self.spawn_worker(name, None, future);
    }

    /// Spawns a task that works for a stage.
    pub(crate) fn spawn_worker(&self, name: TaskName, stage: Option<Tally>, future: task::BoxFuture<()>) {
        let cell = Arc::new(TaskCell::of_stage(name, self.clone(), stage));
        // The outcome is told by the scope's own state to those who ask.
        let _ = Self::spawn_cell(&cell, future);
    }

    /// Spawns a task, whose cell has a scope already, or tells why it can't be.
    pub(crate) fn spawn_cell<H: HoldsTask>(
        holder: &Arc<H>,
        future: task::BoxFuture<()>,
    ) -> Result<(), RunError> {
        let member = Arc::clone(holder) as Arc<dyn Member>;
        Self::spawn_member(holder.cell(), member, Arc::clone(holder) as Arc<dyn Polled>, future)
    }

    fn spawn_member(
        cell: &TaskCell,
        member: Arc<dyn Member>,
        task: Arc<dyn Polled>,
        future: task::BoxFuture<()>,
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
    pub(crate) fn spawn_job(&self, name: TaskName, job: task::BoxJob) -> Result<(), RunError> {
        let job = local::inherit_job(job);
        let job = if observes() { self.observe_job(job) } else { job };
        let cell = Arc::new(JobCell::new(name, self.clone(), job));
        self.admit(Arc::clone(&cell) as Arc<dyn Member>, || cell.take_back())?;
        self.inner.runtime.spawn_blocking(Job { cell });
        Ok(())
    }

    /// Drops work that was not let in; its senders are broken, and its panics are failures.
    fn drop_refused<T>(&self, work: T) {
        if let Err(panic) = drop_broken(work) {
            self.fail(panic.into_error(None));
        }
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

    /// Tells that the work with this index is over, destructors and all.
    fn ended(&self, index: usize) {
        let mut told = Told::default();
        let mut state = self.inner.state.lock();
        let work = state.members.leave(index);
        let was_last = state.count_down(&mut told);
        drop(state);
        drop(work);
        if was_last {
            self.count_down_outer(&mut told);
            self.tell(told);
        }
    }

    /// Counts one more thing to wait for, unless the scope has ended, or one that joins it.
    fn count_up(&self) -> bool {
        self.lock_counted().is_some()
    }

    /// As [`count_up`](Scope::count_up); gives the state as it is then.
    fn lock_counted(&self) -> Option<MutexGuard<'_, State>> {
        let mut state = self.inner.state.lock();
        if state.ended || (state.running == 0 && !self.count_up_outer()) {
            return None;
        }
        state.running += 1;
        Some(state)
    }

    /// Counts one more thing to wait for in the scope that joins this one, which has nothing yet and is locked
    /// meanwhile; and so on, as long as there was nothing. False where one of them has ended.
    fn count_up_outer(&self) -> bool {
        // All stay locked, so that nobody counts on what isn't counted further out.
        let (mut first, mut more) = (None, Vec::new());
        for scope in self.outer() {
            let mut state = scope.inner.state.lock();
            if state.ended {
                return false;
            }
            if state.running > 0 {
                state.running += 1;
                break;
            }
            if first.is_none() {
                first = Some(state);
            } else {
                more.push(state);
            }
        }
        first.iter_mut().chain(&mut more).for_each(|state| state.running += 1);
        true
    }

    /// Counts one thing less; where it was the last, also in those that join this scope, and tells those who wait.
    fn count_down(&self) {
        let mut told = Told::default();
        let was_last = self.inner.state.lock().count_down(&mut told);
        if was_last {
            self.count_down_outer(&mut told);
            self.tell(told);
        }
    }

    /// Counts one thing less in the scope that joins this one, which has nothing any more; and so on, as long as that was
    /// the last.
    fn count_down_outer(&self, told: &mut Told) {
        let mut outer = self.outer();
        while outer.next().is_some_and(|scope| scope.inner.state.lock().count_down(told)) {}
    }

    /// Tells those who wait, and those who have adopted what has ended.
    fn tell(&self, mut told: Told) {
        while let Some(heir) = told.heirs.pop() {
            let was_last = heir.inner.state.lock().count_down(&mut told);
            if was_last {
                heir.count_down_outer(&mut told);
            }
        }
        if !told.wakers.is_empty() {
            self.wake(told.wakers);
        }
    }

    /// This scope, the one that joins it, and so on.
    fn joined(&self) -> impl Iterator<Item = &Scope> {
        iter::once(self).chain(self.outer())
    }

    /// The scope that joins this one, the one that joins that, and so on.
    fn outer(&self) -> impl Iterator<Item = &Scope> {
        iter::successors(self.inner.joined_by.as_ref(), |scope| scope.inner.joined_by.as_ref())
    }

    /// Wakes all. A waker that panics is a failure of the run, which it doesn't cancel: nothing is left to do. Where
    /// another thread has polled the run to its end meanwhile, nobody is told.
    fn wake(&self, wakers: impl IntoIterator<Item = Waker>) {
        for waker in wakers {
            if let Err(panic) = catch(|| waker.wake()) {
                let error = panic.into_error(None);
                let run = self.joined().last().unwrap_or(self);
                let mut state = run.inner.state.lock();
                match &mut state.failure {
                    Some(first) => first.push_other(error),
                    first => *first = Some(error),
                }
            }
        }
    }

    /// True while work may be let in.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_cancelled() && !self.has_ended()
    }

    fn has_ended(&self) -> bool {
        self.inner.state.lock().ended
    }

    /// Fails the run: keeps the error and cancels the scope.
    ///
    /// The first error is the one the run fails with; panics that come later are kept beside it.
    pub fn fail(&self, error: RunError) {
        let mut failures = vec![(self.clone(), error)];
        while let Some((scope, error)) = failures.pop() {
            if let Some((heir, panics)) = scope.fail_or_pass(error) {
                failures.extend(panics.into_iter().rev().map(|panic| (heir.clone(), panic)));
            }
        }
    }

    /// Fails the run, or gives who is to be told, and of what, where nobody awaits it any more: only panics go
    /// on there.
    fn fail_or_pass(&self, error: RunError) -> Option<(Scope, Vec<RunError>)> {
        // A scope is joined by the run it is in, in the end.
        let run = self.joined().last().unwrap_or(self);
        let mut state = run.inner.state.lock();
        if state.ended {
            // The run is over, and has told what it had to: a panic goes on in what is still open.
            drop(state);
            let open = run.inner.above.nearest(|ancestor| !ancestor.has_ended())?;
            return Some((open, error.into_panics()));
        }
        if let Some(abandoned) = &state.abandoned {
            let heir = abandoned.heir.clone();
            drop(state);
            // Without the lock: what is no panic goes here, and may hold anybody's error.
            let panics = error.into_panics();
            if heir.is_none() {
                if let Some(abandoned) = &mut run.inner.state.lock().abandoned {
                    abandoned.panics.extend(panics);
                }
                return None;
            }
            return heir.map(|heir| (heir, panics));
        }
        let consequence = match &mut state.failure {
            // A vanished producer is the consequence of what made it vanish, which may be told later:
            // a panic drops the producer while it unwinds.
            Some(first) if first.kind() == ErrorKind::Broken && error.kind() != ErrorKind::Broken => {
                Some(std::mem::replace(first, error))
            }
            Some(first) if error.is_panic() => {
                first.push_other(error);
                None
            }
            // What is only cut off is the consequence of the first failure, and how much of it shows is a matter
            // of the schedule.
            Some(_) => Some(error),
            first => first.replace(error),
        };
        let wakers = state.waiting();
        drop(state);
        drop(consequence);
        run.cancel();
        run.wake(wakers);
        None
    }

    /// True for one of any number that come and go.
    pub(crate) fn is_repeated(&self) -> bool {
        self.inner.repeated
    }

    /// Spawns the run's sink.
    pub(crate) fn spawn_sink(&self, name: TaskName, future: task::BoxFuture<()>) {
        let cell = Arc::new(TaskCell::of_sink(name, self.clone()));
        let _ = Self::spawn_cell(&cell, future);
    }

    /// Notes that who polls asks for what a stage gives.
    pub(crate) fn note_asked(&self, of: &Tally) {
        let by = context::current_seat();
        if by > 0 {
            self.controls().note_asked(of, by);
        }
    }

    /// Counts the items of a stage called `name` into the run's [`Stats`]. A
    /// [`Boundary`](crate::drive::Boundary) counts its items by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::author::Scope;
    ///
    /// fn attach(scope: &Scope) {
    ///     let meter = scope.meter("halves");
    ///     meter.take(1);
    ///     meter.deliver(2);
    /// }
    /// ```
    pub fn meter(&self, name: impl Into<std::borrow::Cow<'static, str>>) -> Meter {
        let tally = self.tally(name.into(), About { counts: true, ..About::default() });
        tally.enter_resize(None);
        Meter::new(tally)
    }

    /// What counts the items of a stage, which is entered in the chart of the run's.
    pub(crate) fn tally(&self, name: TaskName, about: About) -> Tally {
        self.controls().enter_stage(name, about, self.inner.repeated)
    }

    /// Lets a stage that counts here be changed while it goes on; of those that are attached any number of times none can be
    /// told from another.
    pub(crate) fn enter_resize(&self, tally: &Tally, stage: Weak<dyn Resize>) {
        if !self.inner.repeated {
            tally.enter_resize(Some(stage));
        }
    }

    /// Keeps an item's error where the run was asked for all of them ([`Run::all_errors`]) and is to
    /// go on; a sink that stops at the first error calls this before it does.
    ///
    /// # Errors
    ///
    /// Hands the error back where the first one is to end the run.
    ///
    /// [`Run::all_errors`]: crate::Run::all_errors
    pub fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        self.inner.controls.keep_error(error)
    }

    /// Cancels all tasks of this scope and of its children. It doesn't wait for their end.
    pub fn cancel(&self) {
        let mut cancelled = Vec::new();
        let mut scopes = vec![self.clone()];
        while let Some(scope) = scopes.pop() {
            if scope.inner.flags.fetch_or(CANCELLED, Ordering::SeqCst) & CANCELLED == 0 {
                let state = scope.inner.state.lock();
                scopes.extend(state.children.iter().filter_map(Weak::upgrade).map(|inner| Scope { inner }));
                drop(state);
                cancelled.push(scope);
            }
        }
        // All flags before the first wake.
        for scope in cancelled {
            let mut state = scope.inner.state.lock();
            let (members, waiting) = (state.members.all(), state.waiting());
            drop(state);
            let wakers = members.into_iter().filter_map(Member::cancel).chain(waiting);
            scope.wake(wakers);
        }
    }

    /// Cancels all tasks of this scope and waits until the last has ended, destructors and all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting only: the scope stays cancelled, and the run still
    /// joins it.
    pub async fn cancel_and_join(&self) {
        self.cancel();
        Join { scope: self, place: Place::default() }.await;
    }

    /// True while it has anything to join.
    pub(crate) fn has_tasks(&self) -> bool {
        self.inner.state.lock().running > 0
    }

    /// Ready once nothing is running; the scope has then ended.
    pub(crate) fn poll_join(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ended(|state| state.set_run(cx.waker()))
    }

    fn poll_ended(&self, wait: impl FnOnce(&mut State) -> Option<Waker>) -> Poll<()> {
        let mut state = self.inner.state.lock();
        if state.running == 0 {
            state.ended = true;
            let run = state.run.take();
            drop(state);
            drop(run);
            return Poll::Ready(());
        }
        let old = wait(&mut state);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Has the task that polls told of a failure and of a cancel, also of those that come after the last task has ended.
    pub(crate) fn register(&self, cx: &mut Context<'_>) {
        let mut state = self.inner.state.lock();
        let old = state.set_run(cx.waker());
        drop(state);
        drop(old);
    }

    /// The failure of the run, once; and whether there was one.
    pub(crate) fn take_failure(&self) -> Option<RunError> {
        self.inner.state.lock().failure.take()
    }
}

/// Whom to tell, once the locks are let go, that nothing is running any more.
#[derive(Default)]
struct Told {
    /// Those who wait.
    wakers: Wakes,
    /// Those who have adopted what has ended.
    heirs: Vec<Scope>,
}

/// The wait of [`Scope::cancel_and_join`].
struct Join<'a> {
    scope: &'a Scope,
    /// The place among those who join.
    place: Place,
}

impl Future for Join<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.scope
            .poll_ended(|state| state.joiners.get_or_insert_default().enter(&mut this.place, cx.waker()))
    }
}

impl Drop for Join<'_> {
    fn drop(&mut self) {
        let mut state = self.scope.inner.state.lock();
        let waker = state.joiners.as_mut().and_then(|joiners| joiners.leave(self.place));
        drop(state);
        drop(waker);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // One by one: scopes deep in each other must not fill the stack.
        let mut next = self.joined_by.take();
        while let Some(scope) = next {
            next = Arc::into_inner(scope.inner).and_then(|mut inner| inner.joined_by.take());
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.state.lock();
        f.debug_struct("Scope")
            .field("runtime", &self.inner.runtime)
            .field("running", &state.running)
            .field("cancelled", &self.is_cancelled())
            .field("ended", &state.ended)
            .finish()
    }
}
