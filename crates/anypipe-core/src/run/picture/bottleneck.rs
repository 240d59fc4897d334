//! Which stage holds everything up, why, and what helps.

// For maintainers. A stage is the bottleneck where it is at work most of its time while what is before it waits for
// room and what is behind it waits for input: both sides say the same. Being blocked is never a reason, since that is
// what a slow stage makes of those before it. A wait that lasts is looked at as it is now and not by its sum, since
// a sum that is made at its end shows nothing meanwhile.

use std::fmt;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use super::{Picture, StageKind, StagePicture, Stuck};
use crate::scope::share;

/// How long a worker may be in user code before its stage counts as stalled, where nothing else is asked for.
pub const STALLED_AFTER: Duration = Duration::from_secs(10);
/// No stage that is at work for less of its time is the bottleneck.
const BUSY: f64 = 0.8;
/// Two whose shares differ by less are told together.
const ALIKE: f64 = 0.1;
/// So many items for one that is taken: the stage multiplies.
const MANY: f64 = 4.0;

/// Which stage holds everything up; made by [`Picture::bottleneck`]. `Display` tells it in a sentence or two.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bottleneck {
    /// The stages, by their names: one, or those that are equally slow. None where the run is balanced.
    pub stages: Vec<String>,
    /// Why.
    pub reason: Reason,
    /// What helps, in a sentence.
    pub advice: String,
}

/// Why a stage holds everything up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A worker has been in user code for long.
    Stalled {
        /// Which worker.
        worker: u32,
        /// For how long.
        lasts: Duration,
    },
    /// It is at work most of its time, and the others wait for it.
    Busy {
        /// The part of its time, from 0 to 1: of the busiest of its workers or of all, whichever is more.
        share: f64,
    },
    /// The source gives less than all else could take.
    Source {
        /// The part of its time in which it was waited for, from 0 to 1.
        share: f64,
    },
    /// The sink takes less than all else could give.
    Sink {
        /// The part of its time in which it was at work, from 0 to 1.
        share: f64,
    },
    /// None is at work for most of its time.
    Balanced {
        /// The largest part of its time in which one is at work, from 0 to 1.
        share: f64,
    },
}

impl Picture {
    /// Which stage holds everything up, why, and what helps; `None` where nothing is known yet, since the run is watched
    /// from this picture on, and where it doesn't run.
    ///
    /// It goes by the times in the picture. Take two, and ask their [difference](Picture::since): what a run did on the
    /// whole hides what it is doing now.
    ///
    /// 1. A stage with a worker that has been in user code for 10 seconds is stalled: without a poll that did anything new, or with
    ///    nothing taken or given by the stage. [`warn_stalls`](crate::run::Run::warn_stalls) goes by the same rule.
    /// 2. Else it is the stage that is at work for the largest part of its time, 80 % at least. What is before it waits
    ///    for room then, and what is behind it for input. Two that differ by less than a tenth are both told.
    /// 3. Else the run is balanced.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_core::run::{Control, Picture};
    ///
    /// /// What to tell an operator, once a second.
    /// fn told(control: &Control, earlier: &mut Picture) -> Option<String> {
    ///     let now = control.picture();
    ///     let between = now.since(earlier);
    ///     *earlier = now;
    ///     between.bottleneck().map(|found| found.to_string())
    /// }
    /// ```
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        self.bottleneck_with(STALLED_AFTER)
    }

    /// As [`bottleneck`](Picture::bottleneck), with another limit after which a stage counts as stalled.
    pub fn bottleneck_with(&self, stalled_after: Duration) -> Option<Bottleneck> {
        if let Some(stalled) = self.stalled(stalled_after) {
            return Some(stalled);
        }
        let shares = self.shares();
        let mut busy: Vec<_> =
            shares.iter().enumerate().filter_map(|(at, share)| share.map(|share| (at, share))).collect();
        busy.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let &(first, share) = busy.first()?;
        if share < BUSY {
            return Some(balanced(share));
        }
        let alike = busy.iter().filter(|(_, other)| *other >= BUSY && share - other < ALIKE);
        let mut alike: Vec<_> = alike.map(|(at, _)| *at).collect();
        alike.sort_unstable();
        // A source is told where no other is as busy: the one behind it may be what makes it slow.
        if alike.len() > 1 {
            alike.retain(|at| self.stages[*at].kind != StageKind::Source);
        }
        let told = if alike.contains(&first) { first } else { *alike.first()? };
        let stage = &self.stages[told];
        let reason = match stage.kind {
            StageKind::Source => Reason::Source { share },
            StageKind::Sink => Reason::Sink { share },
            _ => Reason::Busy { share },
        };
        let names = alike.iter().map(|at| self.stages[*at].name.clone()).collect();
        let advice = self.multiplies(&alike).unwrap_or_else(|| self.advice(&alike, told, &shares));
        Some(Bottleneck { stages: names, reason, advice })
    }

    fn stalled(&self, limit: Duration) -> Option<Bottleneck> {
        let stuck = self.stages.iter().filter_map(|stage| Some((stage, stage.stuck()?)));
        let stuck = stuck.filter(|(_, stuck)| stuck.lasts >= limit);
        let (stage, Stuck { worker, lasts, .. }) = stuck.max_by_key(|(_, stuck)| stuck.lasts)?;
        let advice = "look at what it awaits or does: `control.dump()` tells of each task; limit it by `.timeout_each(..)`";
        Some(Bottleneck {
            stages: vec![stage.name.clone()],
            reason: Reason::Stalled { worker, lasts },
            advice: advice.to_owned(),
        })
    }

    /// Of the slow ones, or before them, one that makes many items of one.
    fn multiplies(&self, slow: &[usize]) -> Option<String> {
        let last = *slow.iter().max()?;
        let first = *slow.iter().min()?;
        let factor = |stage: &StagePicture| {
            let (taken, delivered) = (stage.taken?, stage.delivered?);
            #[expect(clippy::cast_precision_loss, reason = "it is a factor")]
            let factor = delivered as f64 / taken.max(1) as f64;
            (taken > 0 && factor >= MANY).then_some(factor)
        };
        let before = self.stages[..=last].iter().enumerate();
        let found = before.filter_map(|(at, stage)| Some((at, stage, factor(stage)?)));
        let (at, stage, factor) = found.max_by(|(.., one), (.., other)| one.total_cmp(other))?;
        // One behind the slowest has made none of its work.
        (at <= first || slow.contains(&at)).then(|| {
            format!("`{}` makes {factor:.0} items of each: fewer of them there is less work here", stage.name)
        })
    }

    fn advice(&self, slow: &[usize], told: usize, shares: &[Option<f64>]) -> String {
        if slow.len() > 1 {
            return "they are equally slow: give more workers to each, or nothing is gained".to_owned();
        }
        let stage = &self.stages[told];
        // Also of a run that is over, where none is left.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is about so many")]
        let there_were = share(stage.times.total(), self.watched).round() as usize;
        let workers = stage.workers.len().max(there_were).max(1);
        match stage.kind {
            StageKind::Source => {
                return "all else waits for it: more workers anywhere change nothing".to_owned();
            }
            StageKind::Sink if workers == 1 => {
                return "move its work into a stage with workers before it, or take items in chunks"
                    .to_owned();
            }
            _ => {}
        }
        let times = &stage.times;
        if stage.blocks {
            return format!(
                "it blocks {workers} of the threads for blocking work: give it more workers if it waits there"
            );
        }
        if times.awaiting >= times.polling {
            let wanted = wanted(workers, told, shares);
            return format!("it mostly awaits: `.workers({wanted})` would keep up with what comes");
        }
        let cores = available_parallelism().map_or(1, NonZero::get);
        if workers >= cores {
            return format!(
                "it computes, and has as many workers as there are cores ({cores}): more won't help; split it, or \
                 do less for each item, or move it to `.blocking()` where it blocks",
            );
        }
        format!("it computes: `.workers({cores})`, as many as there are cores, would help")
    }

    /// The part of its time that each stage is at work, as far as that is known.
    ///
    /// Where a stage has several workers it is that of all of them, unless one alone does what there is to do: it
    /// computes, and does so quicker than others are woken; or what is before waits for room nevertheless, as where all
    /// items have one key.
    fn shares(&self) -> Vec<Option<f64>> {
        let mut held_up = vec![false; self.stages.len()];
        for edge in &self.edges {
            let before = &self.stages[edge.from];
            let times = &before.times;
            held_up[edge.to] |= before.kind != StageKind::Source && times.room * 2 > times.total();
        }
        let share = |(stage, held_up): (&StagePicture, &bool)| {
            let times = &stage.times;
            if times.total().is_zero() {
                return None;
            }
            let alone = stage.workers.iter().map(|worker| {
                let times = &worker.times;
                share(if *held_up { times.working() } else { times.polling }, times.total())
            });
            Some(alone.fold(times.busy(), f64::max))
        };
        self.stages.iter().zip(&held_up).map(share).collect()
    }
}

fn balanced(share: f64) -> Bottleneck {
    let advice = "no stage holds the others up; to go faster all of them need to";
    Bottleneck { stages: Vec::new(), reason: Reason::Balanced { share }, advice: advice.to_owned() }
}

/// By Little's law: so many workers as would leave the others no more time than they have.
fn wanted(workers: usize, told: usize, shares: &[Option<f64>]) -> usize {
    // How busy the busiest of the others is at the present rate: so much faster they could go.
    let others = shares.iter().enumerate().filter(|(at, _)| *at != told);
    let next = others.filter_map(|(_, share)| *share).fold(0.0, f64::max);
    let factor = (1.0 / next.max(0.01)).clamp(2.0, 8.0);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is about so many"
    )]
    let wanted = (workers as f64 * factor).ceil() as usize;
    wanted
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.stages.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let verb = if self.stages.len() == 1 { "is" } else { "are" };
        match &self.reason {
            Reason::Stalled { worker, lasts } => {
                write!(f, "{names} has been in user code for {lasts:.1?} (worker {worker})")?;
            }
            Reason::Busy { share } => {
                write!(f, "{names} {verb} the bottleneck: at work {:.0} % of the time", share * 100.0)?;
            }
            Reason::Source { share } => {
                write!(
                    f,
                    "the source {names} {verb} the bottleneck: waited for {:.0} % of the time",
                    share * 100.0
                )?;
            }
            Reason::Sink { share } => {
                write!(
                    f,
                    "the sink {names} {verb} the bottleneck: at work {:.0} % of the time",
                    share * 100.0
                )?;
            }
            Reason::Balanced { share } => {
                write!(f, "balanced: no stage is at work more than {:.0} % of the time", share * 100.0)?;
            }
        }
        write!(f, "; {}", self.advice)
    }
}
