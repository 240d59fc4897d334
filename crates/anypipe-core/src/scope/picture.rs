//! What a picture of a run is made of: plain data.

use std::fmt;
use std::time::Duration;

use super::{ChangeReason, Changed};
use crate::runtime::WaitsFor;

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunState {
    /// It has not started.
    #[default]
    Planned,
    /// It runs.
    Running,
    /// Its sources give nothing until it is resumed.
    Paused,
    /// It was stopped: what is on its way is finished.
    Stopping,
    /// It is over, and has given its value; or nobody awaits it any more.
    Ended,
    /// It is over, and has failed.
    Failed,
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Ended => "ended",
            Self::Failed => "failed",
        })
    }
}

/// What a stage is in the graph of its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StageKind {
    /// Where items come from, with the fused stages behind it.
    Source,
    /// A stage with tasks of its own.
    #[default]
    Stage,
    /// Where the way divides: a fan-out, or a sink beside the way with what deals to it.
    Branch,
    /// The end of the way: the run's own sink.
    Sink,
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Source => "source",
            Self::Stage => "stage",
            Self::Branch => "branch",
            Self::Sink => "sink",
        })
    }
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// It waits for an item of its input, or for its turn at the input that several share.
    Input,
    /// It is being polled, or waits for a thread and nothing else.
    #[default]
    Polling,
    /// It waits for its own future: the user's, or anything else that isn't a stage's.
    Awaiting,
    /// It waits for room in its output.
    Room,
}

impl WorkerState {
    /// What it waits for, as far as that is known.
    pub(crate) fn waits_for(self) -> Option<WaitsFor> {
        match self {
            Self::Input => Some(WaitsFor::Input),
            Self::Room => Some(WaitsFor::Room),
            Self::Awaiting => Some(WaitsFor::Future),
            Self::Polling => None,
        }
    }
}

impl From<WaitsFor> for WorkerState {
    fn from(waits_for: WaitsFor) -> Self {
        match waits_for {
            WaitsFor::Input | WaitsFor::Turn => Self::Input,
            WaitsFor::Room => Self::Room,
            WaitsFor::Thread => Self::Polling,
            WaitsFor::Future => Self::Awaiting,
        }
    }
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Input => "waits for input",
            Self::Polling => "is at work",
            Self::Awaiting => "awaits its future",
            Self::Room => "waits for room",
        })
    }
}

/// How long something was in each state. Together they are its life, since it is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Times {
    /// It waited for input.
    pub input: Duration,
    /// It was being polled, or waited for a thread: half of its work.
    pub polling: Duration,
    /// It awaited its own future: the other half.
    pub awaiting: Duration,
    /// It waited for room.
    pub room: Duration,
}

impl Times {
    /// How long it was at work: polling and awaiting.
    pub fn working(&self) -> Duration {
        self.polling.saturating_add(self.awaiting)
    }

    /// All of its life since it is watched.
    pub fn total(&self) -> Duration {
        self.input.saturating_add(self.working()).saturating_add(self.room)
    }

    /// The part of its life in which it was at work, from 0 to 1; 0 where it was not watched yet.
    pub fn busy(&self) -> f64 {
        share(self.working(), self.total())
    }

    /// Adds a time in one state.
    pub(crate) fn add(&mut self, state: WorkerState, time: Duration) {
        let sum = match state {
            WorkerState::Input => &mut self.input,
            WorkerState::Polling => &mut self.polling,
            WorkerState::Awaiting => &mut self.awaiting,
            WorkerState::Room => &mut self.room,
        };
        *sum = sum.saturating_add(time);
    }

    /// Adds all of another's.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.input = self.input.saturating_add(other.input);
        self.polling = self.polling.saturating_add(other.polling);
        self.awaiting = self.awaiting.saturating_add(other.awaiting);
        self.room = self.room.saturating_add(other.room);
    }

    /// What came after an earlier look.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            input: self.input.saturating_sub(earlier.input),
            polling: self.polling.saturating_sub(earlier.polling),
            awaiting: self.awaiting.saturating_sub(earlier.awaiting),
            room: self.room.saturating_sub(earlier.room),
        }
    }
}

/// A part of a whole, from 0 to 1.
pub(crate) fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// One worker of a stage, while it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerPicture {
    /// Which of the stage's workers it is, counted from 0 in the order in which they were first seen.
    pub number: u32,
    /// What it is doing.
    pub state: WorkerState,
    /// What it waits for; `None` while it is being polled, and before its first poll.
    pub waits_for: Option<WaitsFor>,
    /// How long it has been doing so; where that began before it was watched, since it is watched.
    pub lasts: Duration,
    /// How long it was in each state, since it is watched.
    pub times: Times,
}

/// A change of how many workers a stage is to have, or of how many finished items may wait behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangePicture {
    /// What it was made of.
    pub of: Changed,
    /// When it was made, from when the run began.
    pub at: Duration,
    /// How many there were to be before.
    pub from: usize,
    /// How many there were to be from then on.
    pub to: usize,
    /// What it was made for.
    pub why: ChangeReason,
}

impl fmt::Display for ChangePicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, from, to, .. } = self;
        match of {
            Changed::Workers => write!(f, "got {to} workers instead of {from}"),
            Changed::Buffer => write!(f, "got a buffer of {to} instead of {from}"),
        }
    }
}

/// One stage of a run.
///
/// A count is `None` where it isn't known: what is fused in between two stages counts with neither.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StagePicture {
    /// Tells it from the other stages of the run, in all pictures of that.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: StageKind,
    /// Items it has taken in.
    pub taken: Option<u64>,
    /// Items that what comes after it has taken. Of a source: what the stage behind it has taken, where it takes from
    /// that source alone.
    pub delivered: Option<u64>,
    /// As in [`StageStats`](super::StageStats).
    pub filtered: u64,
    /// As in [`StageStats`](super::StageStats).
    pub failed: u64,
    /// As in [`StageStats`](super::StageStats).
    pub panicked: u64,
    /// As in [`StageStats`](super::StageStats).
    pub cancelled: u64,
    /// As in [`StageStats`](super::StageStats).
    pub left: u64,
    /// Items inside it at that moment: worked on, or waiting to be taken. Of the difference of two pictures: at the
    /// later moment.
    pub held: u64,
    /// How many finished items may wait behind it at that moment; `None` where that has no limit, or isn't known.
    pub buffer: Option<usize>,
    /// The workers that live. A source has none: it is polled by the stage behind it, and its times are what that
    /// one waited for input.
    pub workers: Vec<WorkerPicture>,
    /// How it got other workers, or another buffer, while it went on, the oldest first: 16 changes at the most. Of the
    /// difference of two pictures: those in between.
    pub changes: Vec<ChangePicture>,
    /// How long its workers were in each state, since it is watched: all of them together, also those that have ended.
    pub times: Times,
    /// True where its workers are polled on the threads for blocking work.
    pub blocks: bool,
}

impl StagePicture {
    /// The worker that has been longest in what it is doing.
    pub fn longest(&self) -> Option<&WorkerPicture> {
        self.workers.iter().max_by_key(|worker| worker.lasts)
    }
}

/// A way that items go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Edge {
    /// Where they come from, as its place in [`Picture::stages`].
    pub from: usize,
    /// And where they go.
    pub to: usize,
}

/// A run at one moment: its stages, what they are doing, and how they hang together.
///
/// Made by [`Control::picture`](crate::run::Control::picture); told as a table by `Display`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// The run's name: that of its terminal.
    pub run: String,
    /// What the run is doing.
    pub state: RunState,
    /// When it was taken, from when the run began.
    pub at: Duration,
    /// How long the run has been watched by then: the times are sums of that. Of the difference of two pictures: what
    /// lies between them.
    pub watched: Duration,
    /// The stages: the sources, then those behind them in the order in which they were attached, then the sink. A source is
    /// known once it has been asked for an item.
    pub stages: Vec<StagePicture>,
    /// The ways between them, sorted. A way is known once the stage behind it has asked for items.
    pub edges: Vec<Edge>,
}

impl Picture {
    /// The first stage of this name.
    pub fn stage(&self, name: &str) -> Option<&StagePicture> {
        self.stages.iter().find(|stage| stage.name == name)
    }
}
