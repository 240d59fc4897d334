//! What a simulation shares with its wakers and handles: all work, what can run, and the schedule.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::thread::ThreadId;
use std::time::Duration;

use anypipe_core::runtime::{Task, TaskWatch};

use crate::clock::{TimerKey, Timers};
use crate::idle::Idle;
use crate::report::Failure;
use crate::schedule::{Candidate, Event, Plan, Schedule};
use crate::turn::{Doing, Helper};

pub(crate) struct State {
    pub(crate) timers: Timers,
    /// Those who wait until nothing else can run.
    pub(crate) idle: Idle,
    /// The choices of the simulation that runs, or ran last.
    pub(crate) schedule: Schedule,
    /// All work that has not ended, by its number.
    pub(crate) entries: BTreeMap<u64, Entry>,
    /// What can run, with the step since when.
    pub(crate) queue: VecDeque<(u64, u64)>,
    /// The number of the next work. Numbers are never used again, so a late wake hits nothing.
    next_id: u64,
    /// The number of this simulation's first work.
    pub(crate) first_id: u64,
    /// The clock when this simulation started.
    pub(crate) from: u64,
    /// The thread that runs the simulation, while it runs.
    pub(crate) thread: Option<ThreadId>,
    /// Jobs that waited when their simulation ended.
    pub(crate) left: Vec<Helper>,
    /// False between a simulation's end and the next one's start.
    pub(crate) open: bool,
    /// The first thing another thread did.
    pub(crate) foreign: Option<String>,
}

/// One piece of work that has not ended.
pub(crate) struct Entry {
    pub(crate) work: Work,
    pub(crate) waker: Waker,
    /// True while it is in the queue.
    pub(crate) queued: bool,
    /// How often it was polled.
    pub(crate) polls: u64,
    /// The timer that it waits for before it begins.
    late: Option<TimerKey>,
}

/// What is scheduled.
pub(crate) enum Work {
    /// The future that `block_on` was given.
    Root,
    /// A task; it is out while it is being polled.
    Task { task: Option<Task>, watch: TaskWatch },
    /// A blocking job; it is out while it has the turn.
    Job { doing: Option<Doing>, name: String },
}

/// Work that is out to be polled or done.
pub(crate) enum Out {
    Task(Task),
    Job(Doing),
}

impl Work {
    /// Takes a task or a job out.
    pub(crate) fn take(&mut self) -> Option<Out> {
        match self {
            Self::Root => None,
            Self::Task { task, .. } => task.take().map(Out::Task),
            Self::Job { doing, .. } => doing.take().map(Out::Job),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Task { watch, .. } => watch.name(),
            Self::Job { name, .. } => name,
        }
    }
}

impl State {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            timers: Timers::default(),
            idle: Idle::default(),
            schedule: Schedule::new(plan),
            entries: BTreeMap::new(),
            queue: VecDeque::new(),
            next_id: 0,
            first_id: 0,
            from: 0,
            thread: None,
            left: Vec::new(),
            open: true,
            foreign: None,
        }
    }

    /// Starts a simulation on this thread; gives the root's number.
    pub(crate) fn start(&mut self, plan: &Plan, now: u64, waker: impl FnOnce(u64) -> Waker) -> u64 {
        self.from = now;
        self.schedule = Schedule::new(plan);
        self.foreign = None;
        self.thread = Some(std::thread::current().id());
        self.open = true;
        self.first_id = self.queue.front().map_or(self.next_id, |(id, _)| *id);
        self.queue.iter_mut().for_each(|(_, since)| *since = 0);
        self.insert(Work::Root, waker)
    }

    /// Ends the simulation; gives what is left to be dropped.
    pub(crate) fn end(&mut self) -> BTreeMap<u64, Entry> {
        self.open = false;
        self.call_jobs();
        self.queue.clear();
        std::mem::take(&mut self.entries)
    }

    pub(crate) fn wake(&mut self, id: u64) {
        let foreign = self.is_foreign();
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if !std::mem::replace(&mut entry.queued, true) {
            self.queue.push_back((id, self.schedule.steps));
        }
        if foreign {
            let name = entry.work.name().to_owned();
            self.meddled(&name, "woken");
        }
    }

    /// True on a thread that isn't the running simulation's.
    pub(crate) fn is_foreign(&self) -> bool {
        self.thread.is_some_and(|thread| thread != std::thread::current().id())
    }

    /// Notes what another thread did.
    pub(crate) fn meddled(&mut self, name: &str, what: &str) {
        let here = std::thread::current();
        let place = here.name().map_or_else(|| format!("{:?}", here.id()), |name| format!("`{name}`"));
        self.foreign.get_or_insert_with(|| format!("`{name}` was {what} from thread {place}"));
    }

    /// Puts a task back that gave way.
    pub(crate) fn put_back(&mut self, id: u64, task: Task) {
        if let Some(Entry { work: Work::Task { task: slot, .. }, .. }) = self.entries.get_mut(&id) {
            *slot = Some(task);
        }
    }

    /// Puts a job back that waits.
    pub(crate) fn put_back_job(&mut self, id: u64, doing: Doing) {
        if let Some(Entry { work: Work::Job { doing: slot, .. }, .. }) = self.entries.get_mut(&id) {
            *slot = Some(doing);
        }
    }

    /// Takes the jobs out that wait.
    pub(crate) fn take_waiting_jobs(left: &mut BTreeMap<u64, Entry>) -> Vec<Helper> {
        let jobs = left.values_mut().filter_map(|entry| match entry.work.take() {
            Some(Out::Job(Doing::Waits(helper))) => Some(helper),
            // A task, or a job that has not begun: it goes here.
            _ => None,
        });
        jobs.collect()
    }

    /// Removes work that has ended.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Entry> {
        self.queue.retain(|(queued, _)| *queued != id);
        self.schedule.note(Event::End, id - self.first_id);
        self.entries.remove(&id)
    }

    /// Takes work in; `waker` makes the one of its number.
    pub(crate) fn insert(&mut self, work: Work, waker: impl FnOnce(u64) -> Waker) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.entries.insert(id, Entry { work, waker: waker(id), queued: true, polls: 0, late: None });
        self.queue.push_back((id, self.schedule.steps));
        id
    }

    /// How late a sleep of this length ends; only the simulation's own thread draws.
    pub(crate) fn late(&mut self, length: Duration) -> Duration {
        let runs_here = self.thread == Some(std::thread::current().id());
        if runs_here { self.schedule.late(length) } else { Duration::ZERO }
    }

    /// Has work that was just started begin only at this moment.
    pub(crate) fn put_off(&mut self, id: u64, at: u64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let key = self.timers.key(at);
        self.timers.set(key, entry.waker.clone(), false);
        entry.late = Some(key);
        entry.queued = false;
        self.queue.retain(|(queued, _)| *queued != id);
    }

    /// Has all work begin that was put off.
    pub(crate) fn call_jobs(&mut self) {
        let steps = self.schedule.steps;
        for (id, entry) in &mut self.entries {
            let Some(key) = entry.late.take() else { continue };
            // It is our own, and may be dropped under the lock.
            drop(self.timers.remove(key));
            if !std::mem::replace(&mut entry.queued, true) {
                self.queue.push_back((*id, steps));
            }
        }
    }

    /// Takes the next one to poll out of the queue, or one that needs no poll.
    pub(crate) fn pick(&mut self) -> Result<u64, Failure> {
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
}
