//! What a thread knows while it polls a task of ours: whose task it is, and what to do before it
//! gives way.

mod turns;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use self::turns::Stretch;
pub(crate) use self::turns::Turns;
pub use self::turns::poll_go_on;
use super::Scope;
use super::Tally;
use super::entries::Entries;
use super::tally::SINK;
use super::values::Locals;
use crate::error::RunError;
use crate::runtime::{RuntimeHandle, WaitsFor};
use crate::sync::thread_local;

/// Something that put work off until the running task gives way.
pub(crate) trait Flush: Send + Sync {
    /// Does the work that was put off.
    fn flush(&self);
}

/// Where code is running: in a scope, or under a runtime that was entered by hand.
#[derive(Clone)]
enum Place {
    Scope(Scope),
    Runtime(RuntimeHandle),
}

impl Place {
    fn runtime(&self) -> &RuntimeHandle {
        match self {
            Self::Scope(scope) => scope.runtime(),
            Self::Runtime(runtime) => runtime,
        }
    }
}

/// One is entered for each poll, so it stays where it is: what it owns is taken out when it is left, and the rest is
/// overwritten when it is entered.
#[derive(Default)]
struct Frame {
    /// The innermost scope or entered runtime.
    place: Option<Place>,
    /// What is known of the place.
    facts: Facts,
    /// What was noted around it.
    around: Notes,
    /// What is to be done when it is left, if there is anything.
    rest: Option<Rest>,
}

/// What the poll that goes on has noted of itself.
#[derive(Clone, Copy, Default)]
struct Notes {
    /// What the task being polled would wait for if it gave way now.
    waits_for: Option<WaitsFor>,
    /// True where it has called other tasks to work since that was last asked.
    called: bool,
}

/// What is to be done when a frame is left.
#[derive(Default)]
struct Rest {
    /// What to flush. Most have one, which needs no allocation.
    dirty: Option<Arc<dyn Flush>>,
    /// The rest of it, in the rare case.
    more_dirty: Vec<Arc<dyn Flush>>,
    /// The values of tasks that were there before, where a task's poll hides them.
    hidden: Locals,
}

impl Rest {
    fn add(&mut self, dirty: Arc<dyn Flush>) {
        if self.dirty.is_none() {
            self.dirty = Some(dirty);
        } else {
            self.more_dirty.push(dirty);
        }
    }

    fn flush(self) {
        if let Some(dirty) = self.dirty {
            dirty.flush();
        }
        for dirty in self.more_dirty {
            dirty.flush();
        }
    }
}

/// What a thread polls for a scope.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Polls {
    /// Nothing: nobody will call the flushes.
    #[default]
    Nothing,
    /// A run's own part.
    OwnPart,
    Task,
    /// A task, on a thread for blocking work.
    TaskOnPool,
    /// Nothing either: the thread does blocking work.
    Job,
}

/// What is known of the innermost scope or entered runtime.
#[derive(Default)]
struct Facts {
    /// What is being polled.
    polls: Polls,
    /// How long the poll has gone on, once it has asked.
    stretch: Option<Stretch>,
    /// True while core drops what was cut off: a task that was cancelled, aborted or panicked.
    breaking: bool,
    /// The seat of the stage that what is polled works for; 0 for none.
    seat: u32,
    /// The channel whose last receiver takes the task with it when it goes.
    output: Option<usize>,
    /// True where the thread was unwinding already: a destructor runs the task, which does not unwind itself.
    unwinding_outside: bool,
}

impl Facts {
    fn is_polling(&self) -> bool {
        matches!(self.polls, Polls::OwnPart | Polls::Task | Polls::TaskOnPool)
    }
}

impl Frame {
    /// Hides the values of tasks that are there, until it is left.
    #[cold]
    fn hide(&mut self, locals: &mut Locals) {
        self.rest = Some(Rest { hidden: locals.take(), ..Rest::default() });
    }

    fn is_cancelled(&self) -> bool {
        matches!(&self.place, Some(Place::Scope(scope)) if scope.is_cancelled())
    }
}

/// All that a thread knows.
#[derive(Default)]
struct Frames {
    /// Where nothing was entered.
    outside: Frame,
    /// One for each runtime that was entered, and for each poll.
    entered: Entries<Frame>,
    /// The values of tasks that the code sees which runs now.
    locals: Locals,
}

impl Frames {
    /// The polls that lie in each other, from the innermost out to where one was begun by hand, or by a destructor.
    fn polling(&self) -> impl Iterator<Item = &Frame> {
        self.entered.iter().take_while(|frame| frame.facts.is_polling() && !frame.facts.breaking)
    }

    /// What goes for the code that runs now.
    fn current(&mut self) -> &mut Frame {
        self.entered.innermost_mut().unwrap_or(&mut self.outside)
    }
}

/// And what is noted of the poll that goes on, for which no frame need be looked up.
#[derive(Default)]
struct Here {
    notes: Cell<Notes>,
    frames: RefCell<Frames>,
}

thread_local! {
    static HERE: Here = Here::default();
}

/// Looks at what the thread knows, and runs nothing of others meanwhile; `None` on a thread that is ending, and
/// knows nothing any more.
#[inline]
fn with_frames<R>(look: impl FnOnce(&mut Frames) -> R) -> Option<R> {
    HERE.try_with(|here| look(&mut here.frames.borrow_mut())).ok()
}

/// As [`with_frames`], with the notes of the poll that goes on.
#[inline]
fn with_here<R>(look: impl FnOnce(&Cell<Notes>, &mut Frames) -> R) -> Option<R> {
    HERE.try_with(|here| look(&here.notes, &mut here.frames.borrow_mut())).ok()
}

/// Changes what is noted of the poll that goes on; gives what was noted before.
#[inline]
fn note(change: impl FnOnce(&mut Notes)) -> Notes {
    let change = |here: &Here| {
        let before = here.notes.get();
        let mut notes = before;
        change(&mut notes);
        here.notes.set(notes);
        before
    };
    HERE.try_with(change).unwrap_or_default()
}

fn with_current<R>(look: impl FnOnce(&mut Frame) -> R) -> Option<R> {
    with_frames(|frames| look(frames.current()))
}

/// Leaves what was entered by [`enter`], or by a poll.
///
/// Guards may be dropped in any order: what was entered last, of all that was not left yet, is what counts.
#[must_use = "the runtime is left again when this is dropped"]
pub struct Entered {
    /// The number of its entry; 0 once that was left, and on a thread that is ending.
    entry: u64,
    /// The guard belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

impl Entered {
    /// Ends a poll and tells what the task waits for.
    #[inline]
    pub(crate) fn leave(mut self) -> WaitsFor {
        self.restore().unwrap_or(WaitsFor::Future)
    }

    /// Ends a poll, after which the thread works for the same scope, with nobody to flush for it.
    pub(crate) fn end_poll(&mut self) {
        let rest = with_here(|notes, frames| {
            let frame = frames.entered.leave(self.entry)?;
            let (place, mut rest) = (frame.place.take(), frame.rest.take());
            let unwinding_outside = frame.facts.unwinding_outside;
            let (number, frame) = frames.entered.enter();
            (frame.place, frame.facts) = (place, Facts { unwinding_outside, ..Facts::default() });
            notes.set(Notes::default());
            let hidden = rest.as_mut().and_then(|rest| rest.hidden.take());
            frame.rest = hidden.map(|hidden| Rest { hidden: Some(hidden), ..Rest::default() });
            self.entry = number;
            rest
        });
        if let Some(rest) = rest.flatten() {
            rest.flush();
        }
    }

    /// Leaves the frame, flushes, and tells what the task waits for.
    #[inline]
    fn restore(&mut self) -> Option<WaitsFor> {
        match std::mem::take(&mut self.entry) {
            0 => None,
            entry => leave(entry),
        }
    }
}

/// Leaves the frame of this entry, as [`Entered::restore`].
#[inline(never)]
fn leave(entry: u64) -> Option<WaitsFor> {
    let (mut place, mut waits_for, mut has_rest) = (None, None, false);
    let _ = with_here(|notes, frames| {
        if let Some(frame) = frames.entered.leave(entry) {
            (place, has_rest) = (frame.place.take(), frame.rest.is_some());
            waits_for = notes.replace(frame.around).waits_for;
        }
    });
    if has_rest {
        settle();
    }
    drop(place);
    waits_for
}

/// Does what is to be done where a frame was left.
#[inline(never)]
fn settle() {
    let rest = with_frames(|frames| {
        let mut rest = frames.entered.last_left()?.rest.take()?;
        if rest.hidden.is_some() {
            std::mem::swap(&mut frames.locals, &mut rest.hidden);
        }
        Some(rest)
    });
    if let Some(rest) = rest.flatten() {
        rest.flush();
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Makes `runtime` the one that runs start on in this thread, until the guard goes.
///
/// Guards may be dropped in any order. One that is held over an `.await` doesn't count after it: the task's own
/// runtime does.
///
/// # Examples
///
/// ```
/// assert!(anypipe_core::scope::current_runtime().is_none());
/// ```
pub fn enter(runtime: RuntimeHandle) -> Entered {
    // Under another runtime, but no other task than before.
    let entry = with_here(|notes, frames| {
        let Facts { breaking, unwinding_outside, .. } = frames.current().facts;
        let (number, frame) = frames.entered.enter();
        frame.place = Some(Place::Runtime(runtime));
        frame.facts = Facts { breaking, unwinding_outside, ..Facts::default() };
        frame.around = notes.take();
        number
    });
    Entered { entry: entry.unwrap_or(0), _not_send: PhantomData }
}

/// Marks the thread as polling the own part of the run that `scope` is of, which is the run's sink or isn't.
pub(crate) fn polling_own(scope: &Scope, is_sink: bool) -> Entered {
    enter_scope(scope, Polls::OwnPart, if is_sink { SINK } else { 0 })
}

/// Marks the thread as polling the own part of the run that `scope` is of.
pub(crate) fn polling(scope: &Scope) -> Entered {
    enter_scope(scope, Polls::OwnPart, 0)
}

/// Marks the thread as polling a task of `scope`, which works for the stage of this seat.
pub(crate) fn polling_task(scope: &Scope, seat: u32) -> Entered {
    enter_scope(scope, Polls::Task, seat)
}

/// Marks the thread as polling a task of `scope`, on a thread for blocking work.
pub(crate) fn polling_on_pool(scope: &Scope, seat: u32) -> Entered {
    enter_scope(scope, Polls::TaskOnPool, seat)
}

/// Marks the thread as working for `scope`, with nobody to flush for it.
pub(crate) fn working(scope: &Scope) -> Entered {
    enter_scope(scope, Polls::Nothing, 0)
}

/// Marks the thread as doing blocking work of `scope`.
pub(crate) fn blocking(scope: &Scope) -> Entered {
    enter_scope(scope, Polls::Job, 0)
}

/// Not inlined: what it is called with, and gives, lies in registers.
#[inline(never)]
fn enter_scope(scope: &Scope, polls: Polls, seat: u32) -> Entered {
    let entry = with_here(|notes, frames| {
        let (number, frame) = frames.entered.enter();
        frame.place = Some(Place::Scope(scope.clone()));
        frame.facts = Facts { polls, seat, unwinding_outside: std::thread::panicking(), ..Facts::default() };
        frame.around = notes.take();
        if polls != Polls::OwnPart && frames.locals.is_some() {
            frame.hide(&mut frames.locals);
        }
        number
    });
    Entered { entry: entry.unwrap_or(0), _not_send: PhantomData }
}

/// The seat of the stage that the code works for which runs now, as a task of it or in the run's own part; 0 for none.
pub(super) fn current_seat() -> u32 {
    with_current(|frame| frame.facts.seat).unwrap_or_default()
}

/// Runs `f`, which polls what gives to this stage.
pub(super) fn in_stage_of<R>(stage: &Tally, f: impl FnOnce() -> R) -> R {
    struct Restore(u32);
    impl Drop for Restore {
        fn drop(&mut self) {
            with_current(|frame| frame.facts.seat = self.0);
        }
    }
    let set = |frame: &mut Frame| std::mem::replace(&mut frame.facts.seat, stage.seat());
    let _restore = Restore(with_current(set).unwrap_or_default());
    f()
}

/// The values of tasks that the code sees which runs now.
#[inline]
pub(super) fn current_locals() -> Locals {
    with_frames(|frames| frames.locals.clone()).flatten()
}

/// Has the code see other values; gives those that it saw, to be dropped outside.
#[must_use]
pub(super) fn swap_locals(locals: Locals) -> Locals {
    with_frames(|frames| std::mem::replace(&mut frames.locals, locals)).flatten()
}

/// Notes that the poll that goes on calls another task to work.
pub(super) fn note_call() {
    note(|notes| notes.called = true);
}

/// True where the poll that goes on has called other tasks since it was last asked.
///
/// Who is called may wait for this very thread, where another is idle: tokio keeps a task apart for the thread that
/// has woken it, until what that thread polls gives way.
pub(crate) fn has_called() -> bool {
    note(|notes| notes.called = false).called
}

/// True where the code that runs is polled by a task on this runtime, or by one that polls another.
pub(crate) fn is_in_task_of(runtime: &RuntimeHandle) -> bool {
    with_frames(|frames| {
        let is_task = |frame: &&Frame| matches!(frame.facts.polls, Polls::Task | Polls::TaskOnPool);
        let task = frames.polling().find(is_task);
        task.and_then(|task| task.place.as_ref()).is_some_and(|place| place.runtime().is_clone_of(runtime))
    })
    .unwrap_or_default()
}

/// Refuses to block a thread that polls a task of ours, or the own part of a run: others need it.
///
/// # Panics
///
/// Where the thread polls one.
#[track_caller]
pub(crate) fn refuse_to_block(call: &str, instead: &str) {
    if let Some(runtime) = polled_runtime() {
        panic!(
            "`{call}` was called in a task on a running {} runtime, where it would block a thread that others \
             need: await `{instead}`, or call it in blocking work or on a thread of its own",
            runtime.name(),
        );
    }
}

/// The runtime of a task of ours, or of the own part of a run, that this thread polls.
fn polled_runtime() -> Option<RuntimeHandle> {
    with_frames(|frames| {
        let polled = frames.entered.iter().find(|frame| frame.facts.is_polling());
        polled.and_then(|frame| frame.place.as_ref()).map(|place| place.runtime().clone())
    })?
}

/// The runtime that the blocking work on this thread is of.
pub(crate) fn runtime_of_job() -> Option<RuntimeHandle> {
    with_current(|frame| {
        let place = frame.place.as_ref().filter(|_| frame.facts.polls == Polls::Job);
        place.map(|place| place.runtime().clone())
    })
    .flatten()
}

/// Tells whether this thread may wait for a task.
///
/// # Errors
///
/// Where it polls one, which others wait for.
pub(crate) fn may_block(call: &str) -> Result<(), RunError> {
    match polled_runtime() {
        None => Ok(()),
        Some(runtime) => Err(RunError::would_block(format!(
            "`{call}` was called in a task on a running {} runtime, where it would block a thread that others need: \
             await the work itself here, or call this in blocking work or on a thread of its own",
            runtime.name(),
        ))),
    }
}

/// True in blocking work of ours, which is on a plain thread and part of a run.
pub fn in_blocking_work() -> bool {
    with_current(|frame| frame.facts.polls == Polls::Job).unwrap_or_default()
}

/// True in a task that is polled on the threads for blocking work, as its stage's work [asked for](crate::drive::Work::threads): what
/// blocks may be done there and then, by [`block_here`].
///
/// This is for the author of work that blocks, and that may be wrapped by an option which has it polled elsewhere.
pub fn is_on_pool() -> bool {
    with_current(|frame| frame.facts.polls == Polls::TaskOnPool).unwrap_or_default()
}

/// Runs `f`, which may block, in a task that is polled on the threads for blocking work: it counts as blocking work.
///
/// This is for the author of a stage whose work [blocks](crate::drive::Work::threads).
pub fn block_here<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Polls>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let Some(polls) = self.0 else { return };
            with_current(|frame| frame.facts.polls = polls);
        }
    }
    let _restore = Restore(with_current(|frame| std::mem::replace(&mut frame.facts.polls, Polls::Job)));
    f()
}

/// Notes whether what is dropped from here on was cut off; gives what was noted before.
pub(super) fn set_breaking(breaking: bool) -> bool {
    with_current(|frame| std::mem::replace(&mut frame.facts.breaking, breaking)).unwrap_or_default()
}

/// True where a destructor runs the task that is at work, on a thread that unwinds.
pub(super) fn is_unwound_from_outside() -> bool {
    with_current(|frame| frame.facts.unwinding_outside).unwrap_or_default()
}

/// True while the task that is at work unwinds.
pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking() && !is_unwound_from_outside()
}

/// True where a sender that is dropped now vanishes instead of ending its output: it was cut off, or its
/// task unwinds.
pub(crate) fn is_breaking() -> bool {
    // On a thread that is ending all that is left is cut off.
    is_unwinding() || with_current(|frame| frame.facts.breaking).unwrap_or(true)
}

/// True where the task being polled was cancelled, and is dropped when it gives way; or the one that polls it.
///
/// What its cancel has cut off it must not see: whether it is being polled at that moment is a matter of the
/// schedule. So it waits for its drop.
pub(crate) fn is_cut_off() -> bool {
    with_frames(|frames| frames.polling().any(Frame::is_cancelled)).unwrap_or_default()
}

/// Runs `f`, which polls a task that is dropped once the last receiver of `output` has gone.
pub(crate) fn with_output<R>(output: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<usize>);
    impl Drop for Restore {
        fn drop(&mut self) {
            with_current(|frame| frame.facts.output = self.0);
        }
    }
    let _restore = Restore(with_current(|frame| frame.facts.output.replace(output)).flatten());
    f()
}

/// True where the task being polled, or the one that polls it, goes with the last receiver of `output`.
pub(crate) fn goes_with(output: usize) -> bool {
    with_frames(|frames| frames.polling().any(|frame| frame.facts.output == Some(output))).unwrap_or_default()
}

/// The scope whose task is being polled on this thread.
pub fn current_scope() -> Option<Scope> {
    with_current(|frame| match &frame.place {
        Some(Place::Scope(scope)) => Some(scope.clone()),
        _ => None,
    })?
}

/// The runtime of the scope whose task is being polled on this thread, or the one [`enter`]ed.
pub fn current_runtime() -> Option<RuntimeHandle> {
    with_current(|frame| frame.place.as_ref().map(|place| place.runtime().clone()))?
}

/// Notes what the task being polled waits for, for reports.
pub(crate) fn note_wait(waits_for: WaitsFor) {
    note(|notes| notes.waits_for = Some(waits_for));
}

/// Notes that the task being polled waits for an item: for the author of a stream that others wait for, where it is pending.
///
/// Reports and [pictures](crate::run::Picture) tell it. What comes out of a [`Boundary`](crate::drive::Boundary) or a
/// source does so by itself.
pub fn waits_for_input() {
    note_wait(WaitsFor::Input);
}

/// Has `flush` called when the running task gives way, or at once where nobody would.
pub(crate) fn flush_later(flush: Arc<dyn Flush>) {
    let mut now = Some(flush);
    let _ = with_current(|frame| {
        if frame.facts.is_polling() {
            now.take().into_iter().for_each(|flush| frame.rest.get_or_insert_default().add(flush));
        }
    });
    if let Some(flush) = now {
        flush.flush();
    }
}
