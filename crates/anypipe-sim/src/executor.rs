//! The loop that runs one simulation.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use anypipe_core::runtime::{Job, Locals, RuntimeHandle};
use anypipe_core::scope::enter;

use crate::clock::Clock;
use crate::report::{Failure, Outcome, trailer};
use crate::rng::Rng;
use crate::schedule::{Event, Plan, Schedule};
use crate::state::{Out, State, Work};
use crate::turn::{Begin, Doing, Go, Helper};

thread_local! {
    /// The simulation that runs on this thread.
    static CURRENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Gives the one before.
fn set_current(world: Option<Arc<World>>) -> Option<Arc<World>> {
    CURRENT.try_with(|current| current.replace(world)).ok().flatten()
}

/// Everything of one simulator. Handles and wakers hold it weakly.
///
/// No waker is called or dropped, and no task, under its lock.
pub(crate) struct World {
    pub(crate) clock: Arc<Clock>,
    /// What is kept for it.
    pub(crate) locals: Locals,
    me: Weak<World>,
    state: Mutex<State>,
}

/// What the loop does next.
enum Turn {
    Poll(u64),
    Wake(Waker),
    Look,
}

/// Blocking work begins as late as a sleep of this length may end: its thread had something else to do.
const JOB: Duration = Duration::from_millis(1);

impl World {
    pub(crate) fn new(plan: &Plan) -> Arc<Self> {
        let state = State::new(plan);
        Arc::new_cyclic(|me| Self {
            clock: Arc::default(),
            locals: Locals::default(),
            me: me.clone(),
            state: Mutex::new(state),
        })
    }

    /// The simulation that runs on this thread.
    pub(crate) fn current() -> Option<Arc<World>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells which schedule ran last.
    pub(crate) fn trailer(&self) -> String {
        trailer(&self.lock().schedule)
    }

    /// Starts work, or hands it back where the simulation is over.
    pub(crate) fn add(&self, work: Work) -> Result<(), Work> {
        let mut state = self.lock();
        if !state.open {
            return Err(work);
        }
        if state.is_foreign() {
            state.meddled(work.name(), "started");
        }
        let late = match work {
            Work::Job { .. } => state.late(JOB),
            _ => Duration::ZERO,
        };
        let id = state.insert(work, |id| self.waker(id));
        if late > Duration::ZERO {
            state.put_off(id, self.clock.after(late));
        }
        Ok(())
    }

    /// A generator of the seed, for draws of the user's own.
    pub(crate) fn draws(&self) -> Rng {
        self.lock().schedule.draws()
    }

    fn waker(&self, id: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker { world: self.me.clone(), id }))
    }

    fn wake(&self, id: u64) {
        self.lock().wake(id);
    }

    /// Draws whether the task that asks has to give way.
    pub(crate) fn budget_ends(&self) -> bool {
        let mut state = self.lock();
        state.thread == Some(std::thread::current().id()) && state.schedule.budget_ends()
    }

    /// Runs `root` to its end, under the handle that was made for this world.
    pub(crate) fn run(
        &self,
        plan: &Plan,
        handle: RuntimeHandle,
        root: Pin<&mut dyn Future<Output = ()>>,
    ) -> Result<Outcome<()>, Failure> {
        let session = Session::open(self, plan);
        let entered = enter(handle);
        let driven = self.drive(session.root, root);
        drop(entered);
        driven?;
        let state = self.lock();
        let Schedule { hash, steps, .. } = state.schedule;
        let elapsed = Duration::from_nanos(self.clock.nanos() - state.from);
        Ok(Outcome { value: (), hash, steps, elapsed })
    }

    fn drive(&self, root_id: u64, mut root: Pin<&mut dyn Future<Output = ()>>) -> Result<(), Failure> {
        loop {
            self.fire_due();
            match self.next_step()? {
                Turn::Poll(id) if id == root_id => {
                    let waker = self.lock().entries[&id].waker.clone();
                    if root.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                        break;
                    }
                }
                Turn::Poll(id) => self.poll(id),
                Turn::Wake(waker) => waker.wake(),
                Turn::Look => {}
            }
        }
        let root = self.lock().entries.remove(&root_id);
        drop(root);
        self.settle()
    }

    /// Wakes the sleepers whose time has come.
    fn fire_due(&self) {
        let due = self.lock().timers.take_due(self.clock.nanos());
        due.into_iter().for_each(Waker::wake);
    }

    fn next_step(&self) -> Result<Turn, Failure> {
        let mut state = self.lock();
        state.check_thread()?;
        if !state.queue.is_empty() {
            return state.pick().map(Turn::Poll);
        }
        if let Some(waker) = state.idle.pop() {
            return Ok(Turn::Wake(waker));
        }
        if let Some(at) = state.timers.next(state.schedule.manual_clock) {
            self.clock.set(at);
            let since = at - state.from;
            state.schedule.note(Event::Clock, since);
            return Ok(Turn::Look);
        }
        Err(state.deadlock(self.clock.nanos()))
    }

    /// Polls a task, or does a job.
    fn poll(&self, id: u64) {
        let (out, waker) = {
            let mut state = self.lock();
            let Some(entry) = state.entries.get_mut(&id) else { return };
            (entry.work.take(), entry.waker.clone())
        };
        match out {
            Some(Out::Task(mut task)) => {
                if Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending() {
                    return self.lock().put_back(id, task);
                }
                drop(task);
            }
            Some(Out::Job(doing)) => {
                if let Some(waits) = self.go_on(doing, waker) {
                    return self.lock().put_back_job(id, Doing::Waits(waits));
                }
            }
            None => return,
        }
        let ended = self.lock().remove(id);
        drop(ended);
    }

    /// Goes on with a job, until it has ended or waits; gives the thread that it waits on.
    fn go_on(&self, doing: Doing, waker: Waker) -> Option<Helper> {
        let me = self.me.upgrade();
        let run = Box::new(|job: Job| {
            let before = set_current(me);
            job.run();
            set_current(before);
        });
        let (helper, turn) = doing.on_its_thread(|job| Begin { job, waker, run });
        self.lend_turn(helper, turn)
    }

    /// Has the thread of a job be the simulation's, until it hands the turn back.
    fn lend_turn(&self, helper: Helper, turn: Go) -> Option<Helper> {
        let own = self.lock().thread.replace(helper.id());
        let waits = helper.take_turn(turn);
        self.lock().thread = own;
        waits
    }

    /// After the root: a task that was cancelled takes one more poll to go, and jobs that nobody
    /// waits for are done, in as many turns as they need. What is left then is a leak.
    fn settle(&self) -> Result<(), Failure> {
        let mut polled = BTreeSet::new();
        self.lock().call_jobs();
        loop {
            let (id, is_job) = {
                let mut state = self.lock();
                state.check_thread()?;
                let Some((id, _)) = state.queue.pop_front() else { break };
                let entry = state.entries.get_mut(&id).map(|entry| {
                    entry.queued = false;
                    matches!(entry.work, Work::Job { .. })
                });
                (id, entry.unwrap_or_default())
            };
            if polled.insert(id) || is_job {
                self.poll(id);
            }
        }
        let state = self.lock();
        if state.entries.is_empty() { Ok(()) } else { Err(state.leak()) }
    }
}

/// Ends the jobs that still waited when their simulation ended, when it is dropped: after the root.
pub(crate) struct EndsJobs<'a>(pub(crate) &'a World);

impl Drop for EndsJobs<'_> {
    fn drop(&mut self) {
        let jobs = std::mem::take(&mut self.0.lock().left);
        for mut job in jobs {
            while let Some(waits) = self.0.lend_turn(job, Go::Over) {
                job = waits;
            }
        }
    }
}

/// A simulation while it runs; ends it however it is left.
struct Session<'a> {
    world: &'a World,
    root: u64,
    /// True where somebody else tells the seed of a panic.
    told: bool,
    /// The simulation this one runs in.
    outer: Option<Arc<World>>,
}

impl<'a> Session<'a> {
    fn open(world: &'a World, plan: &Plan) -> Self {
        let mut state = world.lock();
        assert!(state.thread.is_none(), "this simulation is running already: it can't be entered twice");
        let root = state.start(plan, world.clock.nanos(), |id| world.waker(id));
        drop(state);
        let outer = set_current(world.me.upgrade());
        Self { world, root, told: plan.told, outer }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.told {
            // The panic goes on as it was; this says how to have it again.
            eprintln!("{}", self.world.trailer());
        }
        loop {
            let mut left = self.world.lock().end();
            if left.is_empty() {
                break;
            }
            // What they wait for goes with the tasks, or with the root: they are ended after that.
            let jobs = State::take_waiting_jobs(&mut left);
            self.world.lock().left.extend(jobs);
            drop(left);
        }
        self.world.lock().thread = None;
        set_current(self.outer.take());
    }
}

/// Wakes one task of a simulation, from any thread.
struct TaskWaker {
    world: Weak<World>,
    id: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(world) = self.world.upgrade() {
            world.wake(self.id);
        }
    }
}
