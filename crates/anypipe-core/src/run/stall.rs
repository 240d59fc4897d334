//! A warning where a stage is stuck in the user's code.

// For maintainers. A worker that waits for input or for room is held up by another, and is never told: so what is told
// is the stage that holds all others up, and that one alone. Of a worker in the user's code it isn't known when its item
// began, only for how long it was not polled. So a stage is stuck since one of its workers was polled last; or for longer,
// where it was there at the look before, too, and has counted nothing since: as what is polled again and again and gets
// nowhere.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::picture::{Picture, RunState, StagePicture};
use super::{Control, Run};

/// A stage that is stuck, or is no longer; told to who asked by [`Run::warn_stalls`]. `Display` tells it with the tasks of
/// the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stall {
    /// The stage's name.
    pub stage: String,
    /// For how long it has been stuck; of one that is over, for how long it was, as far as was looked.
    pub lasts: Duration,
    /// True where it is over: the stage goes on, or the run has ended.
    pub is_over: bool,
    /// What the tasks of the stage wait for, one in a line, as of [`Control::dump`]; empty of one that is over.
    pub tasks: String,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, lasts, is_over, tasks } = self;
        if *is_over {
            return write!(f, "stage `{stage}` is stuck no more, after {lasts:.1?}");
        }
        write!(
            f,
            "stage `{stage}` is stuck: in its own code for {lasts:.1?}, with nothing to show for it\n{tasks}"
        )
    }
}

impl<T: Send + 'static> Run<T> {
    /// Calls `tell` where a stage is stuck: a worker of it has been in the user's code for `after` without being polled, or
    /// for as long with nothing taken or given by the stage. It is called once where that begins, and once where it is
    /// over, also by the end of the run.
    ///
    /// A stage that waits, for input or for room, is held up by another and isn't told; nor is a source that awaits, which
    /// may have nothing to give, nor anything of a run that is paused. What waits by its meaning, such as `throttle`, is
    /// told where that is longer: choose an `after` that is longer than any of them.
    ///
    /// It is looked four times in `after`, by the runtime's clock, as [`watch`](Run::watch) does, which also says where
    /// `tell` is called. Where work blocks the only thread of a runtime nobody looks either, until it is over.
    ///
    /// # Panics
    ///
    /// Where `after` is zero, and where the run was polled already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe_core::Run;
    ///
    /// fn warned<T: Send + 'static>(run: Run<T>) -> Run<T> {
    ///     run.warn_stalls(Duration::from_secs(30), |stall| eprintln!("{stall}"))
    /// }
    /// ```
    pub fn warn_stalls(self, after: Duration, mut tell: impl FnMut(Stall) + Send + 'static) -> Self {
        assert!(
            !after.is_zero(),
            "`.warn_stalls(after, ..)` wants to know after how long a stage is stuck: 0 is no time"
        );
        let (control, mut stalls) = (self.control(), Stalls::new(after));
        self.watch((after / 4).max(Duration::from_millis(1)), move |picture| {
            for stall in stalls.look(&picture, &control) {
                tell(stall);
            }
        })
    }
}

/// What is known of each stage from look to look, by its place.
struct Stalls {
    after: Duration,
    stages: BTreeMap<usize, Suspect>,
}

/// A stage in the user's code.
#[derive(Default)]
struct Suspect {
    /// Since when it is there with nothing done, by the run's own time.
    since: Option<Duration>,
    /// The same, where it was told that it is stuck.
    told: Option<Duration>,
}

impl Stalls {
    fn new(after: Duration) -> Self {
        Self { after, stages: BTreeMap::new() }
    }

    /// What is to be told, by what lies between the last look and this one.
    fn look(&mut self, picture: &Picture, control: &Control) -> Vec<Stall> {
        let mut told = Vec::new();
        for (at, stage) in picture.stages.iter().enumerate() {
            let suspect = self.stages.entry(at).or_default();
            suspect.look(stage, picture);
            let lasts = |since: Duration| picture.at.saturating_sub(since);
            let stuck = suspect.since.filter(|since| lasts(*since) >= self.after);
            let name = || stage.name.clone();
            match (suspect.told, stuck) {
                (None, Some(since)) if picture.state != RunState::Paused => {
                    suspect.told = Some(since);
                    let tasks = tasks_of(stage, &control.dump());
                    told.push(Stall { stage: name(), lasts: lasts(since), is_over: false, tasks });
                }
                (Some(since), None) => {
                    suspect.told = None;
                    told.push(Stall {
                        stage: name(),
                        lasts: lasts(since),
                        is_over: true,
                        tasks: String::new(),
                    });
                }
                _ => {}
            }
        }
        told
    }
}

impl Suspect {
    /// Looks at what lies between the last look and this one.
    fn look(&mut self, stage: &StagePicture, picture: &Picture) {
        // A run that is over has none.
        self.since = stage.stuck().map(|stuck| {
            let since = picture.at.saturating_sub(stuck.lasts);
            self.since.filter(|_| stuck.throughout).map_or(since, |before| before.min(since))
        });
    }
}

/// The lines of a dump that are of the stage's tasks; of one that has none, what its workers are doing.
fn tasks_of(stage: &StagePicture, dump: &str) -> String {
    let name = &stage.name;
    let begins = format!("`{name}` ");
    let lines = dump.lines().filter(|line| line.trim_start().starts_with(&begins)).map(str::to_owned);
    let lines: Vec<_> = lines.collect();
    let workers =
        || stage.workers.iter().map(|worker| format!("  `{name}` {}, for {:?}", worker.state, worker.lasts));
    if lines.is_empty() { workers().collect::<Vec<_>>().join("\n") } else { lines.join("\n") }
}
