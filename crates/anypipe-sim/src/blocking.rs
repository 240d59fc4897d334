//! Blocking work: scheduled like a task, on a thread of its own that takes turns with the simulator's.

// For maintainers. A job may wait for a task, so it can't be on the thread that polls that. Both threads never run at the
// same time: the simulator's hands its turn over and sleeps until the job waits or has ended, which is one step of the
// schedule, as a poll is. A wait of core's asks `wait` here instead of parking: it polls with the job's own waker and hands
// the turn back, so a job that waits is woken and picked as a task is. While a job has the turn its thread counts as the
// simulation's. So the schedule is the same as if all were on one thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use anypipe_core::runtime::Job;

use crate::executor::{World, set_current};
use crate::state::Work;
use crate::time::SimSleep;

/// A job as the simulator schedules it.
pub(crate) fn work(job: Job) -> Work {
    Work::Job { name: job.name().to_owned(), doing: Some(Doing::New(job)) }
}

/// How far a job is, between its turns.
pub(crate) enum Doing {
    /// It has not begun.
    New(Job),
    /// It waits, on this thread.
    Waits(Helper),
}

/// A thread for jobs. It runs only while the simulator's waits for it.
pub(crate) struct Helper {
    id: ThreadId,
    turn: Sender<Turn>,
    back: Receiver<Back>,
}

/// The turn, handed to a job.
enum Turn {
    Begin(Begin),
    GoOn,
    /// The simulation is over: what is still waited for never comes.
    Over,
}

struct Begin {
    job: Job,
    world: Arc<World>,
    /// Has the job picked again.
    waker: Waker,
}

/// Why the turn comes back.
enum Back {
    Waits,
    Ended,
}

thread_local! {
    /// Threads that have no job, of the simulations on this one. They end with it.
    static IDLE: RefCell<Vec<Helper>> = const { RefCell::new(Vec::new()) };
    /// The job that is on this thread.
    static JOB: RefCell<Option<Rc<OnThread>>> = const { RefCell::new(None) };
}

/// A job as its thread knows it.
struct OnThread {
    world: Arc<World>,
    waker: Waker,
    turn: Rc<Receiver<Turn>>,
    back: Sender<Back>,
}

impl Helper {
    fn start() -> Self {
        let ((turn, turns), (backs, back)) = (channel(), channel());
        let thread = thread::Builder::new().name("blocking work".to_owned());
        let thread = thread.spawn(move || serve(turns, &backs)).expect("a thread for blocking work");
        Self { id: thread.thread().id(), turn, back }
    }

    /// Hands the turn over, and waits until it comes back; gives the thread of a job that waits.
    fn take_turn(self, world: &World, turn: Turn) -> Option<Self> {
        let before = world.lock().thread.replace(self.id);
        // It is there as long as this is, and answers each turn.
        let waits = self.turn.send(turn).is_ok() && matches!(self.back.recv(), Ok(Back::Waits));
        world.lock().thread = before;
        if waits {
            return Some(self);
        }
        let _ = IDLE.try_with(|idle| idle.borrow_mut().push(self));
        None
    }
}

impl Doing {
    /// Goes on with a job, until it has ended or waits again.
    pub(crate) fn go_on(self, world: &Arc<World>, waker: Waker) -> Option<Self> {
        let waits = match self {
            Self::New(job) => {
                let idle = IDLE.try_with(|idle| idle.borrow_mut().pop());
                let helper = idle.ok().flatten().unwrap_or_else(Helper::start);
                helper.take_turn(world, Turn::Begin(Begin { job, world: Arc::clone(world), waker }))
            }
            Self::Waits(helper) => helper.take_turn(world, Turn::GoOn),
        };
        waits.map(Self::Waits)
    }

    /// Ends a job whose simulation is over: where it waits still, it panics.
    pub(crate) fn end(self, world: &World) {
        let Self::Waits(mut helper) = self else { return };
        while let Some(waits) = helper.take_turn(world, Turn::Over) {
            helper = waits;
        }
    }
}

/// Notes which job is on this thread.
fn set_job(now: Option<Rc<OnThread>>) {
    let before = JOB.try_with(|job| job.replace(now));
    drop(before);
}

/// What a thread for jobs does.
fn serve(turns: Receiver<Turn>, back: &Sender<Back>) {
    let turns = Rc::new(turns);
    while let Ok(turn) = turns.recv() {
        let Turn::Begin(Begin { job, world, waker }) = turn else { continue };
        let before = set_current(Some(Arc::clone(&world)));
        let job_here = OnThread { world, waker, turn: Rc::clone(&turns), back: back.clone() };
        set_job(Some(Rc::new(job_here)));
        job.run();
        set_job(None);
        set_current(before);
        let _ = back.send(Back::Ended);
    }
}

/// Waits in a job, until `wait` is ready or so much virtual time has passed; false on a thread that has none.
pub(crate) fn wait(wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, limit: Option<Duration>) -> bool {
    let job = JOB.try_with(|job| job.borrow().clone());
    let Some(job) = job.ok().flatten() else { return false };
    let (world, clock) = (Arc::downgrade(&job.world), Arc::clone(&job.world.clock));
    let mut alarm = limit.map(|limit| SimSleep::new(world, clock, limit, false));
    let mut is_over = false;
    loop {
        let mut cx = Context::from_waker(&job.waker);
        // What is there at the very moment counts.
        if wait(&mut cx).is_ready()
            || alarm.as_mut().is_some_and(|alarm| Pin::new(alarm).poll(&mut cx).is_ready())
        {
            return true;
        }
        assert!(!is_over, "the simulation is over, and nothing can end this wait of blocking work any more");
        // Where nobody is there to take it the simulator's thread is gone, and with it the simulation.
        let handed = job.back.send(Back::Waits).is_ok();
        is_over = !handed || !matches!(job.turn.recv(), Ok(Turn::GoOn));
    }
}
