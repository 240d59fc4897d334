use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::drive::{MOST_BUFFER, check_buffer, check_workers};
use crate::holds::Holds;
use crate::scope::{Controls, Named, Refused, Resize, WorkerChange};

/// One stage of a run, whose workers and buffer can be changed while it goes on; given by
/// [`Control::stage`](super::Control::stage). All clones are of the same stage, and none keeps the run alive.
///
/// What is asked for is noted at once, and done by the stage's own workers, whichever is polled next; the call waits for
/// nothing. No item is lost or comes twice, and the order stays.
///
/// - **More workers** are spawned into the stage's scope, also while the ones it has wait in their futures. Where items have
///   keys, and the stage had one worker until then, they are spawned once that is done with its item.
/// - **Fewer**: as many as are too many finish their items, and end; what each kept for itself (`then_with`) is dropped then.
/// - **The bound** is at any time what [`max_in_flight`](StageControl::max_in_flight) tells: with more room the new one, and
///   with less the old one until what is held has gone below.
/// - In a pause it is done as at any other time.
///
/// Work that blocks its thread (`.blocking()`) hears of nothing before its item is done.
#[derive(Clone)]
pub struct StageControl {
    name: String,
    stage: Weak<dyn Resize>,
}

impl StageControl {
    pub(super) fn find(controls: &Controls, name: &str) -> Result<Self, ResizeError> {
        let stage = || name.to_owned();
        match controls.resizable(name) {
            Named::One(found) => Ok(Self { name: stage(), stage: found }),
            Named::Fixed => Err(ResizeError::OneTask { stage: stage() }),
            Named::None(known) => Err(ResizeError::NoStage { stage: stage(), known }),
            Named::Several(count) => Err(ResizeError::SeveralStages { stage: stage(), count }),
            Named::Repeated => Err(ResizeError::RepeatedStage { stage: stage() }),
        }
    }

    /// The stage's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From now on the stage has `n` workers: it works on `n` items at the same time. One that has
    /// [`auto(..)`](crate::drive::auto) is left alone by that from then on.
    ///
    /// Where the input is over there is nothing to do for others, and none come.
    ///
    /// # Errors
    ///
    /// Where `n` is 0 or over 1 048 576, with the message that `.workers(n)` panics with; where the stage has one task for
    /// good, as its items depend on each other; where it has ended.
    pub fn set_workers(&self, n: usize) -> Result<(), ResizeError> {
        check_workers("set_workers", &self.name, n).map_err(|message| ResizeError::BadSize { message })?;
        self.resize(Some(n), None)
    }

    /// From now on `n` finished items may wait, besides those being worked on; also in a stage that was made with
    /// `.rendezvous()`.
    ///
    /// # Errors
    ///
    /// Where `n` is 0, with the message that `.buffer_size(n)` panics with; where the buffer has a bound by weight
    /// (`.buffer_weight(max, weigh)`); where the stage has ended.
    pub fn set_buffer_size(&self, n: usize) -> Result<(), ResizeError> {
        check_buffer("set_buffer_size", &self.name, n).map_err(|message| ResizeError::BadSize { message })?;
        self.resize(None, Some(n.min(MOST_BUFFER)))
    }

    /// How many workers it has: those that have not ended, one that was let go among them until it has. 0 once the stage has
    /// ended.
    pub fn workers(&self) -> usize {
        self.stage().map_or(0, |stage| stage.size().workers)
    }

    /// How many finished items may wait; `None` where they have a bound by weight. 0 with `.rendezvous()`, and once the stage
    /// has ended.
    pub fn buffer_size(&self) -> Option<usize> {
        self.stage().map_or(Some(0), |stage| stage.size().buffer)
    }

    /// The most items that the stage holds now: those being worked on and those that wait. Nothing once it has ended.
    pub fn max_in_flight(&self) -> Holds {
        self.stage().map_or(Holds::NONE, |stage| stage.size().bound.map_or(Holds::UNBOUNDED, Holds::at_most))
    }

    /// How many workers it was given lately, and why, the oldest first: 16 changes at the most. Nothing once it has ended;
    /// a [`Picture`](super::Picture) tells them then, too.
    pub fn changes(&self) -> Vec<WorkerChange> {
        self.stage().map_or_else(Vec::new, |stage| stage.changes())
    }

    fn stage(&self) -> Option<Arc<dyn Resize>> {
        self.stage.upgrade()
    }

    fn resize(&self, workers: Option<usize>, buffer: Option<usize>) -> Result<(), ResizeError> {
        let stage = || self.name.clone();
        let Some(resize) = self.stage() else { return Err(ResizeError::Ended { stage: stage() }) };
        resize.resize(workers, buffer).map_err(|refused| match refused {
            Refused::Ended => ResizeError::Ended { stage: stage() },
            Refused::OneTask => ResizeError::OneTask { stage: stage() },
            Refused::Weighed => ResizeError::Weighed { stage: stage() },
        })
    }
}

impl fmt::Debug for StageControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageControl")
            .field("name", &self.name)
            .field("workers", &self.workers())
            .field("buffer_size", &self.buffer_size())
            .finish_non_exhaustive()
    }
}

/// Why a stage of a run can't be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResizeError {
    /// There is no stage of this name with tasks of its own: not yet, or none at all. A fused stage has none.
    NoStage {
        /// The name.
        stage: String,
        /// The names of those that there are.
        known: Vec<String>,
    },
    /// Several have the name.
    SeveralStages {
        /// The name.
        stage: String,
        /// How many.
        count: usize,
    },
    /// The stage is part of a pipeline that an operator starts in any number, as `flat_map_stream` does.
    RepeatedStage {
        /// The name.
        stage: String,
    },
    /// The stage has one task for good: its items depend on each other, or it only passes them on.
    OneTask {
        /// The name.
        stage: String,
    },
    /// The stage's buffer has a bound by weight.
    Weighed {
        /// The name.
        stage: String,
    },
    /// The number makes no sense.
    BadSize {
        /// What is wrong with it.
        message: String,
    },
    /// The stage has ended.
    Ended {
        /// The name.
        stage: String,
    },
}

impl fmt::Display for ResizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStage { stage, known } => {
                write!(
                    f,
                    "no stage `{stage}` with tasks of its own runs here: one that is fused gets them by an option, \
                     such as `.workers(n)`, and its name by `.named(..)`"
                )?;
                match known.split_last() {
                    None => f.write_str("; there is none now"),
                    Some((last, [])) => write!(f, "; there is `{last}`"),
                    Some((last, more)) => write!(f, "; there are `{}` and `{last}`", more.join("`, `")),
                }
            }
            Self::SeveralStages { stage, count } => {
                write!(f, "{count} stages are called `{stage}`: tell them apart with `.named(..)`")
            }
            Self::RepeatedStage { stage } => write!(
                f,
                "stage `{stage}` is started any number of times, once for each inner pipeline: its size is told \
                 where it is made"
            ),
            Self::OneTask { stage } => write!(
                f,
                "stage `{stage}` has one task for good: its items depend on each other, or it only passes them on"
            ),
            Self::Weighed { stage } => {
                write!(f, "the buffer of stage `{stage}` has a bound by weight, not by a number of items")
            }
            Self::BadSize { message } => f.write_str(message),
            Self::Ended { stage } => write!(f, "stage `{stage}` has ended"),
        }
    }
}

impl Error for ResizeError {}
