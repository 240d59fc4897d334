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
mod count;
mod cut;
mod deadline;
mod end;
mod entries;
mod few;
mod local;
mod look;
mod members;
mod name;
mod observed;
mod observer;
mod on_pool;
mod panic;
mod picture;
mod promise;
mod resize;
mod roster;
mod shield;
mod spawn;
mod stamps;
mod stats;
mod tally;
pub(crate) mod task;
mod token;
mod values;
mod waiters;

#[cfg(all(test, loom))]
mod loom;

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Instant;

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
pub(crate) use self::name::TaskName;
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
use self::task::Member;
pub use self::token::{CancelToken, Cancelled, DropGuard};
pub use self::waiters::{Place, Waiters};
use crate::error::RunError;
use crate::runtime::{RuntimeHandle, WaitsFor};
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Lone, Mutex};

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
    /// The first failure, with the panics that came after.
    failure: Option<RunError>,
    /// The run, waiting for a failure or for the end.
    run: Option<Waker>,
    /// Set when all is over; nothing can be spawned any more.
    ended: bool,
    /// What most have not.
    more: Option<Box<More>>,
}

#[derive(Default)]
struct More {
    /// Scopes that are cancelled with this one.
    children: Vec<Weak<Inner>>,
    /// The run's name and what its own part waits for, or nothing while that is being polled; noted for a roster
    /// alone.
    body: Option<(&'static str, Option<WaitsFor>)>,
    /// When what the run's own part is doing has changed, where that is a stage and somebody has looked.
    own_stamps: Option<Box<Stamps>>,
    /// Those who wait in `cancel_and_join`.
    joiners: Waiters,
    /// Set when the run was dropped.
    abandoned: Option<Abandoned>,
}

impl State {
    /// What is rare, to be changed.
    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Scopes that are cancelled with this one.
    fn children(&self) -> impl Iterator<Item = Scope> {
        let children = self.more.iter().flat_map(|more| &more.children);
        children.filter_map(Weak::upgrade).map(|inner| Scope { inner })
    }

    /// What becomes of it, where its run was dropped.
    fn abandoned(&mut self) -> Option<&mut Abandoned> {
        self.more.as_mut()?.abandoned.as_mut()
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
    #[inline]
    pub(crate) fn note_body(&self, body: Option<(&'static str, Option<WaitsFor>)>) {
        if self.inner.roster.is_some() {
            self.keep_body(body);
        }
    }

    #[cold]
    fn keep_body(&self, body: Option<(&'static str, Option<WaitsFor>)>) {
        self.inner.state.lock().more().body = body;
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
        token::enter_child(&mut state.more().children, &child.inner);
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

    /// True while work may be let in.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_cancelled() && !self.has_ended()
    }

    fn has_ended(&self) -> bool {
        self.inner.state.lock().ended
    }

    /// True for one of any number that come and go.
    pub(crate) fn is_repeated(&self) -> bool {
        self.inner.repeated
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
        let tally = self.tally(TaskName::from(name.into()), About { counts: true, ..About::default() });
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
