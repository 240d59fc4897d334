//! Structured concurrency: no task outlives its scope.
//!
//! A [`Scope`] is where tasks are spawned. It is handed to every stage when a run starts, joins all of
//! them before the run resolves, and decides once, for all runtimes, what a cancel, a panic, a
//! vanished producer and a dropped run mean.
//!
//! - **Join.** The run resolves after the last task has ended and its destructors have finished.
//! - **Cancel.** A cancelled task is polled at most once more, then its future is dropped. One that was
//!   never polled never is. Blocking work that has not started is dropped; started work is awaited.
//! - **Fail.** The first failure cancels the rest. What fails afterwards is kept beside it.
//! - **Drop.** A run that is dropped empties the slots of its tasks at once. Those that another thread
//!   is polling at that moment end when the poll returns, and are joined by the nearest open ancestor.
//!
//! Panics of user code, and of destructors, are caught where the task is polled and dropped, and go
//! on in the awaiter of the run.

// For maintainers. Locks: a scope's `state` may be held while an ancestor's is taken (adoption),
// never the other way, and never together with a task's slot. No user code, waker or destructor
// runs under any of them.

mod blocking;
mod context;
mod group;
mod panic;
mod promise;
pub(crate) mod task;
mod token;

#[cfg(all(test, loom))]
mod loom;

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

pub use self::blocking::Blocking;
pub use self::context::{Entered, current_runtime, current_scope, enter};
pub(crate) use self::context::{Flush, flush_later, note_wait, polling};
pub use self::group::{Started, TaskGroup, TaskHandle, task_group, try_task_group};
pub(crate) use self::panic::{Panic, catch, drop_broken, drop_caught, is_breaking, wake_each};
pub use self::panic::{catch_panic, drop_each, in_stage};
pub(crate) use self::promise::{Giver, Promise, promise};
use self::task::{JobCell, Member, Name, Seized, TaskCell};
pub use self::token::{CancelToken, Cancelled};
use crate::error::{ErrorKind, RunError};
use crate::run::Controls;
use crate::runtime::{Job, RuntimeHandle, Task};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

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
    /// The scope it was started in: it adopts what a dropped run leaves behind.
    parent: Option<Scope>,
    /// True where the parent joins this scope with its own tasks, instead of only adopting.
    joined_by_parent: bool,
    /// What steers the run from outside: stop, pause, statistics.
    controls: Controls,
    /// Set once; looked at before each user future starts, without the lock.
    cancelled: AtomicBool,
    /// All the rest.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The work that has not ended, by its index; a hole holds `None`.
    members: Vec<Option<Arc<dyn Member>>>,
    /// The holes in `members`.
    holes: Vec<usize>,
    /// How much has not ended: members, child scopes with work of their own, and adopted scopes.
    running: usize,
    /// Scopes that are cancelled with this one.
    children: Vec<Weak<Inner>>,
    /// The first failure, with those that came after.
    failure: Option<RunError>,
    /// The run, waiting for a failure or for the end.
    run: Option<Waker>,
    /// Those who wait in `cancel_and_join`.
    joiners: Vec<Waker>,
    /// Set when the run was dropped.
    abandoned: Option<Abandoned>,
    /// Set when all is over; nothing can be spawned any more.
    ended: bool,
}

impl State {
    /// All who wait, to be woken once the lock is let go.
    fn waiting(&mut self) -> Vec<Waker> {
        let mut waiting = std::mem::take(&mut self.joiners);
        waiting.extend(self.run.take());
        waiting
    }

    /// Gives the waker that was there before, for the caller to drop once the lock is let go.
    #[must_use]
    fn set_run(&mut self, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.run, waker)
    }

    fn add_joiner(&mut self, waker: &Waker) {
        if !self.joiners.iter().any(|joiner| joiner.will_wake(waker)) {
            self.joiners.push(waker.clone());
        }
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

/// What becomes of a scope whose run was dropped.
struct Abandoned {
    /// Who joins it and is told of its panics.
    heir: Option<Scope>,
    /// True while the heir counts it.
    counted: bool,
    /// Panics that no heir takes; those of the drop itself resume from there.
    panics: Vec<RunError>,
}

impl Scope {
    /// A scope of a run on `runtime`, started in `parent`.
    pub(crate) fn new(runtime: RuntimeHandle, parent: Option<Scope>, controls: Controls) -> Self {
        Self::with(runtime, parent, false, controls)
    }

    fn with(
        runtime: RuntimeHandle,
        parent: Option<Scope>,
        joined_by_parent: bool,
        controls: Controls,
    ) -> Self {
        let state = Mutex::new(State::default());
        let cancelled = AtomicBool::new(false);
        Self { inner: Arc::new(Inner { runtime, parent, joined_by_parent, controls, cancelled, state }) }
    }

    pub(crate) fn controls(&self) -> &Controls {
        &self.inner.controls
    }

    /// The runtime that the scope's tasks run on.
    pub fn runtime(&self) -> &RuntimeHandle {
        &self.inner.runtime
    }

    /// True once the scope was cancelled, by whatever cause. Look at it before starting a user future.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::SeqCst)
    }

    /// A scope inside this one, that can be cancelled and joined by itself. This one joins it too.
    ///
    /// A failure in it fails the run as any other does.
    pub fn child(&self) -> Scope {
        let child = Self::with(self.inner.runtime.clone(), Some(self.clone()), true, self.controls().clone());
        let mut state = self.inner.state.lock();
        token::enter_child(&mut state.children, &child.inner);
        drop(state);
        if self.is_cancelled() {
            child.cancel();
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
        // The outcome is told by the scope's own state to those who ask.
        let _ = self.spawn_cell(name.into(), Box::pin(future));
    }

    /// Spawns a task, or hands back why it can't be.
    pub(crate) fn spawn_cell(
        &self,
        name: Name,
        future: task::BoxFuture<()>,
    ) -> Result<Arc<TaskCell>, RunError> {
        let cell = self.admit(|index| TaskCell::new(name, self.clone(), index, future))?;
        self.inner.runtime.spawn(Task { cell: Arc::clone(&cell) });
        Ok(cell)
    }

    /// Starts blocking work that the scope joins.
    pub(crate) fn spawn_job(&self, name: Name, job: task::BoxJob) -> Result<(), RunError> {
        let cell = self.admit(|index| JobCell::new(name, self.clone(), index, job))?;
        self.inner.runtime.spawn_blocking(Job { cell });
        Ok(())
    }

    /// Drops work that was not let in; its senders are broken, and its panics are failures.
    fn drop_refused<T>(&self, work: T) {
        if let Err(panic) = drop_broken(work) {
            self.fail(panic.into_error(None));
        }
    }

    /// Enters new work in the list, or drops it where the scope takes none any more.
    fn admit<W: Member + 'static>(&self, make: impl FnOnce(usize) -> Arc<W>) -> Result<Arc<W>, RunError> {
        if !self.count_up() {
            self.drop_refused(make);
            return Err(RunError::scope_ended());
        }
        let mut state = self.inner.state.lock();
        if self.is_cancelled() {
            drop(state);
            self.drop_refused(make);
            self.count_down();
            return Err(RunError::cancelled());
        }
        let index = state.holes.pop().unwrap_or_else(|| {
            state.members.push(None);
            state.members.len() - 1
        });
        let work = make(index);
        state.members[index] = Some(Arc::clone(&work) as Arc<dyn Member>);
        Ok(work)
    }

    /// Tells that the work with this index is over, destructors and all.
    fn ended(&self, index: usize) {
        let mut state = self.inner.state.lock();
        let work = state.members[index].take();
        state.holes.push(index);
        drop(state);
        drop(work);
        self.count_down();
    }

    /// Counts one more thing to wait for, unless the scope has ended.
    fn count_up(&self) -> bool {
        // The parent first: it must not see zero while something here is running.
        if let Some(parent) = self.joining_parent() {
            if !parent.count_up() {
                return false;
            }
        }
        let mut state = self.inner.state.lock();
        if state.ended {
            drop(state);
            if let Some(parent) = self.joining_parent() {
                parent.count_down();
            }
            return false;
        }
        state.running += 1;
        true
    }

    /// Counts one thing less, and tells those who wait for the last.
    fn count_down(&self) {
        let mut state = self.inner.state.lock();
        state.running -= 1;
        let (mut joiners, mut heir) = (Vec::new(), None);
        if state.running == 0 {
            joiners = state.waiting();
            if let Some(abandoned) = &mut state.abandoned {
                if std::mem::take(&mut abandoned.counted) {
                    heir.clone_from(&abandoned.heir);
                }
                state.ended = true;
            }
        }
        drop(state);
        if let Some(heir) = heir {
            heir.count_down();
        }
        if let Some(parent) = self.joining_parent() {
            parent.count_down();
        }
        // Last: a waker may panic.
        wake_each(joiners);
    }

    fn joining_parent(&self) -> Option<&Scope> {
        self.inner.parent.as_ref().filter(|_| self.inner.joined_by_parent)
    }

    /// Fails the run: keeps the error and cancels the scope.
    ///
    /// The first error is the one the run fails with; later ones are kept beside it.
    pub fn fail(&self, error: RunError) {
        if let Some(parent) = self.joining_parent() {
            return parent.fail(error);
        }
        let mut state = self.inner.state.lock();
        if let Some(abandoned) = &mut state.abandoned {
            // The run was dropped, so nobody awaits it: only panics go on, in the adopter.
            let panics = error.into_panics();
            match abandoned.heir.clone() {
                Some(heir) => {
                    drop(state);
                    for panic in panics {
                        heir.fail(panic);
                    }
                }
                None => abandoned.panics.extend(panics),
            }
            return;
        }
        if let Some(parent) = self.inner.parent.as_ref().filter(|_| state.ended) {
            // The run is over, and has told what it had to: a panic goes on in what is still open.
            drop(state);
            for panic in error.into_panics() {
                parent.fail(panic);
            }
            return;
        }
        match &mut state.failure {
            // A vanished producer is the consequence of what made it vanish, which may be told later:
            // a panic drops the producer while it unwinds.
            Some(_) if error.kind() == ErrorKind::Broken => {}
            Some(first) if first.kind() != ErrorKind::Broken => first.push_other(error),
            first => *first = Some(error),
        }
        let joiners = state.waiting();
        drop(state);
        self.cancel();
        wake_each(joiners);
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
        if self.inner.cancelled.swap(true, Ordering::SeqCst) {
            return;
        }
        let (members, joiners) = {
            let mut state = self.inner.state.lock();
            let members: Vec<_> = state.members.iter().flatten().map(Arc::clone).collect();
            (members, state.waiting())
        };
        self.children().iter().for_each(Scope::cancel);
        for member in members {
            member.cancel();
        }
        wake_each(joiners);
    }

    /// Cancels all tasks of this scope and waits until the last has ended, destructors and all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting only: the scope stays cancelled, and the run still
    /// joins it.
    pub async fn cancel_and_join(&self) {
        self.cancel();
        poll_fn(|cx| {
            self.poll_ended(|state| {
                state.add_joiner(cx.waker());
                None
            })
        })
        .await;
    }

    /// Ready once nothing is running; the scope has then ended.
    pub(crate) fn poll_join(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ended(|state| state.set_run(cx.waker()))
    }

    fn poll_ended(&self, wait: impl FnOnce(&mut State) -> Option<Waker>) -> Poll<()> {
        let mut state = self.inner.state.lock();
        if state.running == 0 {
            state.ended = true;
            return Poll::Ready(());
        }
        let old = wait(&mut state);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Has the task that polls told of a failure and of a cancel.
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

    /// Gives up a run that is dropped before its end: drops at once what isn't being polled, and
    /// has the rest joined by the nearest ancestor that is still open.
    ///
    /// `drop_body` drops the part that the run's awaiter polled, and gives what that failed with.
    pub(crate) fn abandon(&self, drop_body: &mut dyn FnMut() -> Option<RunError>) {
        // Nobody is woken: another thread would come for what is dropped here, and still be at it
        // when this returns. So all slots are emptied before anything is dropped.
        self.raise();
        let heir = self.adopter();
        let lost = {
            let mut state = self.inner.state.lock();
            let run = state.run.take();
            let counted = heir.is_some();
            state.abandoned = Some(Abandoned { heir: heir.clone(), counted, panics: Vec::new() });
            // While this goes on, the scope must not report its end.
            state.running += 1;
            let lost = state.failure.take();
            drop(state);
            drop(run);
            lost
        };
        let mut seized = Vec::new();
        self.seize(&mut seized);
        if let Some(error) = drop_body() {
            self.fail(error);
        }
        for drop_work in seized {
            drop_work();
        }
        if let Some(lost) = lost {
            self.fail(lost);
        }
        let panics = {
            let mut state = self.inner.state.lock();
            state.abandoned.as_mut().map(|abandoned| std::mem::take(&mut abandoned.panics))
        };
        self.count_down();
        let mut panics = panics.into_iter().flatten();
        match heir {
            Some(heir) => panics.for_each(|panic| heir.fail(panic)),
            None if std::thread::panicking() => {}
            None => {
                if let Some(mut first) = panics.next() {
                    panics.for_each(|other| first.push_other(other));
                    first.resume();
                }
            }
        }
    }

    /// Raises the flags of this scope and of its children.
    fn raise(&self) {
        self.inner.cancelled.store(true, Ordering::SeqCst);
        self.children().iter().for_each(Scope::raise);
    }

    /// Empties the slots of this scope and of its children.
    fn seize(&self, seized: &mut Vec<Seized>) {
        let members: Vec<_> = self.inner.state.lock().members.iter().flatten().map(Arc::clone).collect();
        seized.extend(members.into_iter().filter_map(Member::seize));
        for child in self.children() {
            child.seize(seized);
        }
    }

    fn children(&self) -> Vec<Scope> {
        let state = self.inner.state.lock();
        state.children.iter().filter_map(Weak::upgrade).map(|inner| Scope { inner }).collect()
    }

    /// The nearest ancestor that is still open, counting this scope from now on.
    fn adopter(&self) -> Option<Scope> {
        let mut ancestor = self.inner.parent.as_ref();
        while let Some(scope) = ancestor {
            if scope.count_up() {
                return Some(scope.clone());
            }
            ancestor = scope.inner.parent.as_ref();
        }
        None
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
