//! Threads for blocking work, which take turns with the simulator's.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::thread::{self, ThreadId};

use anypipe_core::runtime::Job;

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
    turn: Sender<Go>,
    back: Receiver<Back>,
}

/// The turn, handed to a job.
pub(crate) enum Go {
    Begin(Begin),
    On,
    /// The simulation is over: what is still waited for never comes.
    Over,
}

/// What a job begins with.
pub(crate) struct Begin {
    pub(crate) job: Job,
    /// Has the job picked again.
    pub(crate) waker: Waker,
    /// Does the job, on its thread.
    pub(crate) run: Box<dyn FnOnce(Job) + Send>,
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
    static HERE: RefCell<Option<Rc<Here>>> = const { RefCell::new(None) };
}

/// A job as its thread knows it.
pub(crate) struct Here {
    /// Has it picked again.
    pub(crate) waker: Waker,
    turn: Rc<Receiver<Go>>,
    back: Sender<Back>,
}

impl Here {
    /// The job that is on this thread.
    pub(crate) fn current() -> Option<Rc<Self>> {
        HERE.try_with(|here| here.borrow().clone()).ok().flatten()
    }

    fn set(now: Option<Rc<Self>>) {
        let before = HERE.try_with(|here| here.replace(now));
        drop(before);
    }

    /// Hands the turn back, and sleeps until it comes again; false once the simulation is over.
    pub(crate) fn hand_back(&self) -> bool {
        // Where nobody is there to take it the simulator's thread is gone, and with it the simulation.
        self.back.send(Back::Waits).is_ok() && matches!(self.turn.recv(), Ok(Go::On))
    }
}

impl Helper {
    fn start() -> Self {
        let ((turn, turns), (backs, back)) = (channel(), channel());
        let thread = thread::Builder::new().name("blocking work".to_owned());
        let thread = thread.spawn(move || serve(turns, &backs)).expect("a thread for blocking work");
        Self { id: thread.thread().id(), turn, back }
    }

    pub(crate) fn id(&self) -> ThreadId {
        self.id
    }

    /// Hands the turn over, and sleeps until it comes back; gives the thread of a job that waits.
    pub(crate) fn take_turn(self, turn: Go) -> Option<Self> {
        // It is there as long as this is, and answers each turn.
        if self.turn.send(turn).is_ok() && matches!(self.back.recv(), Ok(Back::Waits)) {
            return Some(self);
        }
        let _ = IDLE.try_with(|idle| idle.borrow_mut().push(self));
        None
    }
}

impl Doing {
    /// The thread it goes on on, and its next turn there.
    pub(crate) fn on_its_thread(self, begin: impl FnOnce(Job) -> Begin) -> (Helper, Go) {
        match self {
            Self::New(job) => {
                let idle = IDLE.try_with(|idle| idle.borrow_mut().pop());
                let helper = idle.ok().flatten().unwrap_or_else(Helper::start);
                (helper, Go::Begin(begin(job)))
            }
            Self::Waits(helper) => (helper, Go::On),
        }
    }
}

/// What a thread for jobs does.
fn serve(turns: Receiver<Go>, back: &Sender<Back>) {
    let turns = Rc::new(turns);
    while let Ok(turn) = turns.recv() {
        let Go::Begin(Begin { job, waker, run }) = turn else { continue };
        Here::set(Some(Rc::new(Here { waker, turn: Rc::clone(&turns), back: back.clone() })));
        run(job);
        Here::set(None);
        let _ = back.send(Back::Ended);
    }
}
