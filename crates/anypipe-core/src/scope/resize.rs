use std::fmt;
use std::task::Waker;
use std::time::Instant;

/// A stage of a run, whose workers and buffer can be changed while it goes on.
pub(crate) trait Resize: Send + Sync {
    /// From now on it is to have so many workers, and a buffer for so many items; what is `None` stays.
    fn resize(&self, workers: Option<usize>, buffer: Option<usize>) -> Result<(), Refused>;

    /// What it has now.
    fn size(&self) -> Size;

    /// As [`resize`](Resize::resize), by who watches it; `None` where somebody has said how many there are to be, or it has ended.
    fn steer(&self, workers: usize, why: ChangeReason) -> Option<()>;

    /// How many workers it was given lately.
    fn changes(&self) -> Vec<WorkerChange>;

    /// True as long as [`steer`](Resize::steer) does anything. The waker is called where that is over.
    fn is_steered(&self, waker: &Waker) -> bool;
}

/// Why a stage can't be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It has ended.
    Ended,
    /// It has one task for good.
    OneTask,
    /// Its buffer has a bound by weight.
    Weighed,
}

/// How much a stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Workers that have not ended.
    pub(crate) workers: usize,
    /// Finished items that may wait; none where they are weighed.
    pub(crate) buffer: Option<usize>,
    /// The most items that it holds; none where they are weighed.
    pub(crate) bound: Option<usize>,
}

/// What of a stage has changed while it went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Changed {
    /// How many workers it is to have.
    Workers,
    /// How many finished items may wait behind it.
    Buffer,
}

/// A change of how many workers a stage has; told by [`StageControl::changes`](crate::run::StageControl::changes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerChange {
    /// When it was made, by the runtime's clock.
    pub at: Instant,
    /// How many there were to be before.
    pub from: usize,
    /// How many there were to be from then on.
    pub to: usize,
    /// What it was made for.
    pub why: ChangeReason,
}

/// Why a stage has got more workers, or fewer: somebody asked for them, or it has [`auto(..)`](crate::drive::auto).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeReason {
    /// Somebody asked for so many, by [`set_workers`](crate::run::StageControl::set_workers).
    Asked,
    /// To see whether twice as many do more.
    Doubling,
    /// To see whether half of them do as much.
    Halving,
    /// To see whether a few more do more, or a few less as much.
    Probe,
    /// It was seen how many are needed.
    Needed,
    /// Others were of no use.
    Back,
    /// They waited for others much of their time.
    Spare,
}

impl fmt::Display for ChangeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "somebody asked for so many",
            Self::Doubling => "to see whether twice as many do more",
            Self::Halving => "to see whether half of them do as much",
            Self::Probe => "to see what a few more or less do",
            Self::Needed => "so many are needed",
            Self::Back => "others were of no use",
            Self::Spare => "they waited for others much of their time",
        })
    }
}
