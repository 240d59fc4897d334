//! The loop that runs one simulation, and the state it shares with wakers and handles.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::thread::ThreadId;
use std::time::Duration;

use anypipe_core::runtime::{Job, RuntimeHandle, Task, TaskWatch};
use anypipe_core::scope::enter;

use crate::report::{Failure, FailureKind, Outcome, trailer};
use crate::schedule::{Candidate, Event, Plan, Schedule};
use crate::spawn::{SimRuntime, TaskWaker};
use crate::time::{Clock, Timers};

thread_local! {
    /// The simulation that runs on this thread.
    static CURRENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Everything of one simulator. Handles and wakers hold it weakly.
///
/// No waker is called or dropped, and no task, under its lock.
pub(crate) struct World {
    pub(crate) clock: Arc<Clock>,
    me: Weak<World>,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) timers: Timers,
    /// Those who wait until nothing else can run, the oldest first.
    pub(crate) idle: BTreeMap<u64, Waker>,
    /// The choices of the simulation that runs, or ran last.
    schedule: Schedule,
    /// All work that has not ended, by its number.
    entries: BTreeMap<u64, Entry>,
    /// What can run, with the step since when.
    queue: VecDeque<(u64, u64)>,
    /// The number of the next work. Numbers are never used again, so a late wake hits nothing.
    next_id: u64,
    /// The number of this simulation's first work.
    first_id: u64,
    /// The thread that runs the simulation, while it runs.
    thread: Option<ThreadId>,
    /// False between a simulation's end and the next one's start.
    open: bool,
    /// The first thing another thread did.
    foreign: Option<String>,
}

/// One piece of work that has not ended.
struct Entry {
    work: Work,
    waker: Waker,
    /// True while it is in the queue.
    queued: bool,
    /// How often it was polled.
    polls: u64,
}

/// What is scheduled.
pub(crate) enum Work {
    /// The future that `block_on` was given.
    Root,
    /// A task; it is out while it is being polled.
    Task { task: Option<Task>, watch: TaskWatch },
    /// A blocking job; it is out while it runs.
    Job { job: Option<Job>, name: String },
}

impl Work {
    fn name(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Task { watch, .. } => watch.name(),
            Self::Job { name, .. } => name,
        }
    }
}

/// What the loop does next.
enum Step {
    Poll(u64),
    Wake(Waker),
    Look,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Arc<Self> {
        let state = State {
            timers: Timers::default(),
            idle: BTreeMap::new(),
            schedule: Schedule::new(plan),
            entries: BTreeMap::new(),
            queue: VecDeque::new(),
            next_id: 0,
            first_id: 0,
            thread: None,
            open: true,
            foreign: None,
        };
        Arc::new_cyclic(|me| Self { clock: Arc::default(), me: me.clone(), state: Mutex::new(state) })
    }

    pub(crate) fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(SimRuntime { world: self.me.clone(), clock: Arc::clone(&self.clock) })
    }

    /// The simulation that runs on this thread.
    pub(crate) fn current() -> Option<Arc<World>> {
        CURRENT.with_borrow(Option::clone)
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
        state.watch_thread(|| format!("`{}` was started", work.name()));
        state.insert(&self.me, work);
        Ok(())
    }

    pub(crate) fn wake(&self, id: u64) {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(entry) = state.entries.get_mut(&id) else { return };
        if !std::mem::replace(&mut entry.queued, true) {
            state.queue.push_back((id, state.schedule.steps));
        }
        let name = entry.work.name().to_owned();
        state.watch_thread(|| format!("`{name}` was woken"));
    }

    /// Draws whether the task that asks has to give way.
    pub(crate) fn budget_ends(&self) -> bool {
        let mut state = self.lock();
        state.thread == Some(std::thread::current().id()) && state.schedule.budget_ends()
    }

    /// Runs `root` to its end.
    pub(crate) fn run(
        &self,
        plan: &Plan,
        root: Pin<&mut dyn Future<Output = ()>>,
    ) -> Result<Outcome<()>, Failure> {
        let from = self.clock.nanos();
        let session = Session::open(self, plan);
        let entered = enter(self.handle());
        let driven = self.drive(session.root, root);
        drop(entered);
        driven?;
        let state = self.lock();
        let Schedule { hash, steps, .. } = state.schedule;
        let elapsed = Duration::from_nanos(self.clock.nanos() - from);
        Ok(Outcome { value: (), hash, steps, elapsed })
    }

    fn drive(&self, root_id: u64, mut root: Pin<&mut dyn Future<Output = ()>>) -> Result<(), Failure> {
        loop {
            self.fire_due();
            match self.next_step()? {
                Step::Poll(id) if id == root_id => {
                    let waker = self.lock().entries[&id].waker.clone();
                    if root.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                        break;
                    }
                }
                Step::Poll(id) => self.poll(id),
                Step::Wake(waker) => waker.wake(),
                Step::Look => {}
            }
        }
        self.lock().entries.remove(&root_id);
        self.settle()
    }

    /// Wakes the sleepers whose time has come.
    fn fire_due(&self) {
        let due = self.lock().timers.take_due(self.clock.nanos());
        due.into_iter().for_each(Waker::wake);
    }

    fn next_step(&self) -> Result<Step, Failure> {
        let mut state = self.lock();
        state.check_thread()?;
        if !state.queue.is_empty() {
            return state.pick().map(Step::Poll);
        }
        if let Some((_, waker)) = state.idle.pop_first() {
            return Ok(Step::Wake(waker));
        }
        if let Some(at) = state.timers.next(state.schedule.manual_clock) {
            self.clock.set(at);
            state.schedule.note(Event::Clock, at);
            return Ok(Step::Look);
        }
        Err(state.deadlock(self.clock.nanos()))
    }

    /// Polls a task, or does a job.
    fn poll(&self, id: u64) {
        enum Out {
            Task(Task),
            Job(Job),
        }
        let (out, waker) = {
            let mut state = self.lock();
            let Some(entry) = state.entries.get_mut(&id) else { return };
            let out = match &mut entry.work {
                Work::Task { task, .. } => task.take().map(Out::Task),
                Work::Job { job, .. } => job.take().map(Out::Job),
                Work::Root => None,
            };
            (out, entry.waker.clone())
        };
        match out {
            Some(Out::Task(mut task)) => {
                if Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending() {
                    if let Some(Entry { work: Work::Task { task: slot, .. }, .. }) =
                        self.lock().entries.get_mut(&id)
                    {
                        *slot = Some(task);
                    }
                    return;
                }
                drop(task);
            }
            Some(Out::Job(job)) => job.run(),
            None => return,
        }
        let ended = self.remove(id);
        drop(ended);
    }

    fn remove(&self, id: u64) -> Option<Entry> {
        let mut state = self.lock();
        state.queue.retain(|(queued, _)| *queued != id);
        let nth = id - state.first_id;
        state.schedule.note(Event::End, nth);
        state.entries.remove(&id)
    }

    /// After the root: a task that was cancelled takes one more poll to go, and jobs that nobody
    /// waits for are done. What is left then is a leak.
    fn settle(&self) -> Result<(), Failure> {
        let mut polled = BTreeSet::new();
        loop {
            let id = {
                let mut state = self.lock();
                state.check_thread()?;
                let Some((id, _)) = state.queue.pop_front() else { break };
                if let Some(entry) = state.entries.get_mut(&id) {
                    entry.queued = false;
                }
                id
            };
            if polled.insert(id) {
                self.poll(id);
            }
        }
        let state = self.lock();
        if state.entries.is_empty() { Ok(()) } else { Err(state.leak()) }
    }
}

impl State {
    fn insert(&mut self, world: &Weak<World>, work: Work) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let waker = Waker::from(Arc::new(TaskWaker { world: world.clone(), id }));
        self.entries.insert(id, Entry { work, waker, queued: true, polls: 0 });
        self.queue.push_back((id, self.schedule.steps));
        id
    }

    /// Takes the next one to poll out of the queue, or one that needs no poll.
    fn pick(&mut self) -> Result<u64, Failure> {
        if !self.schedule.step() {
            return Err(self.live_lock());
        }
        let entries = &self.entries;
        let extra = self.schedule.extra_poll(|| {
            let parked = |entry: &Entry| !entry.queued && !matches!(entry.work, Work::Job { .. });
            entries.iter().filter(|(_, entry)| parked(entry)).map(|(id, _)| *id).collect()
        });
        let (id, event) = match extra {
            Some(id) => (id, Event::ExtraPoll),
            None => (self.choose(), Event::Poll),
        };
        self.schedule.note(event, id - self.first_id);
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.polls += 1;
            entry.queued = entry.queued && matches!(event, Event::ExtraPoll);
        }
        Ok(id)
    }

    fn choose(&mut self) -> u64 {
        let (entries, first_id) = (&self.entries, self.first_id);
        let oldest = self.queue[0].1;
        let candidates = self.queue.iter().map(|(id, _)| Candidate {
            nth: id - first_id,
            name: entries.get(id).map_or("", |entry| entry.work.name()),
        });
        let index = self.schedule.choose(oldest, candidates);
        self.queue.remove(index).map_or(0, |(id, _)| id)
    }

    /// Notes what was done where another thread did it.
    fn watch_thread(&mut self, what: impl FnOnce() -> String) {
        let Some(thread) = self.thread else { return };
        let here = std::thread::current();
        if here.id() != thread && self.foreign.is_none() {
            let place = here.name().map_or_else(|| format!("{:?}", here.id()), |name| format!("`{name}`"));
            self.foreign = Some(format!("{} from thread {place}", what()));
        }
    }

    fn check_thread(&self) -> Result<(), Failure> {
        let Some(foreign) = &self.foreign else { return Ok(()) };
        let message = format!(
            "{foreign}, which isn't the simulator's: such a schedule can't be replayed; in a simulation \
             use its own clock and tasks"
        );
        Err(Failure::new(FailureKind::Foreign, message, &self.schedule))
    }

    fn deadlock(&self, now: u64) -> Failure {
        let time = Duration::from_nanos(now);
        let mut message = format!("deadlock at {time:?} of virtual time: nothing can run");
        match self.timers.len() {
            0 => message.push_str(" and no timer is pending"),
            n => message.push_str(&format!(
                "; {n} timers are pending, but the clock is moved by hand, with `advance`"
            )),
        }
        Failure::new(FailureKind::Deadlock, self.list(message), &self.schedule)
    }

    fn live_lock(&self) -> Failure {
        let most = self.schedule.max_steps();
        let message = format!(
            "live-lock: not done after {most} steps (`Sim::max_steps` allows more); can run: {}",
            self.queue.len()
        );
        Failure::new(FailureKind::LiveLock, self.list(message), &self.schedule)
    }

    fn leak(&self) -> Failure {
        let message = "leak: the root is done, and these tasks are not".to_owned();
        Failure::new(FailureKind::Leak, self.list(message), &self.schedule)
    }

    /// Adds a line for everything that has not ended.
    fn list(&self, mut message: String) -> String {
        for (id, Entry { work, queued, polls, .. }) in &self.entries {
            let nth = id - self.first_id;
            let what = match work {
                _ if *queued => format!("`{}` can run", work.name()),
                Work::Root => "the root waits for its own future".to_owned(),
                Work::Task { watch, .. } => format!("`{}` waits for {}", watch.name(), watch.waits_for()),
                Work::Job { name, .. } => format!("job `{name}` is running"),
            };
            message.push_str(&format!("\n  {nth}: {what} ({polls} polls)"));
        }
        message
    }
}

/// A simulation while it runs; ends it however it is left.
struct Session<'a> {
    world: &'a World,
    root: u64,
    /// The simulation this one runs in.
    outer: Option<Arc<World>>,
}

impl<'a> Session<'a> {
    fn open(world: &'a World, plan: &Plan) -> Self {
        let mut state = world.lock();
        assert!(state.thread.is_none(), "this simulation is running already: it can't be entered twice");
        state.schedule = Schedule::new(plan);
        state.foreign = None;
        state.thread = Some(std::thread::current().id());
        state.open = true;
        let queued = state.queue.iter().map(|(id, _)| *id).next();
        state.first_id = queued.unwrap_or(state.next_id);
        state.queue.iter_mut().for_each(|(_, since)| *since = 0);
        let root = state.insert(&world.me, Work::Root);
        drop(state);
        let outer = CURRENT.replace(world.me.upgrade());
        Self { world, root, outer }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The panic goes on as it was; this tells how to have it again.
            eprintln!("{}", self.world.trailer());
        }
        loop {
            let mut state = self.world.lock();
            state.open = false;
            state.queue.clear();
            let left = std::mem::take(&mut state.entries);
            if left.is_empty() {
                state.thread = None;
                break;
            }
            drop(state);
            drop(left);
        }
        CURRENT.set(self.outer.take());
    }
}
