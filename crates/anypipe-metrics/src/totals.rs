//! What all runs of a pipeline have counted together.

// For maintainers. A recorder is somebody else's code: it is asked under no lock. Who finds another at it for the same
// pipeline leaves the rest to that one, which goes on until nothing has changed, so that what is told later is never
// the older.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anypipe_core::run::picture::{RunState, StagePicture};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

const ITEMS: &str = "anypipe_stage_items_total";
const SECONDS: &str = "anypipe_stage_seconds_total";
const WORKERS: &str = "anypipe_stage_workers";
const HELD: &str = "anypipe_stage_held";
const STATE: &str = "anypipe_run_state";

/// The ways of an item, as labels.
const ENDS: [&str; 7] = ["taken", "delivered", "filtered", "errored", "panicked", "cancelled", "left"];
/// What a worker does, as labels.
const DOES: [&str; 3] = ["input", "working", "room"];
/// What a run does, as labels.
pub(crate) const STATES: [&str; 5] = ["running", "paused", "stopping", "ended", "failed"];
/// The place of `ended` among them.
pub(crate) const ENDED: usize = 3;

/// The place of a run's state among the labels; `None` for one that has not begun.
pub(crate) fn place_of(state: RunState) -> Option<usize> {
    match state {
        RunState::Running => Some(0),
        RunState::Paused => Some(1),
        RunState::Stopping => Some(2),
        RunState::Ended => Some(ENDED),
        RunState::Failed => Some(4),
        _ => None,
    }
}

pub(crate) fn is_over(state: usize) -> bool {
    state >= ENDED
}

/// What is known of the stages of one name.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// The items that went each way; `None` where that isn't known.
    items: [Option<u64>; ENDS.len()],
    /// How long its workers did each.
    times: [Duration; DOES.len()],
    workers: u64,
    held: u64,
}

impl Sums {
    /// Adds a stage of this name.
    pub(crate) fn add_stage(&mut self, stage: &StagePicture, is_over: bool) {
        let StagePicture { taken, delivered, filtered, failed, panicked, cancelled, left, times, .. } = stage;
        let rest = [filtered, failed, panicked, cancelled, left].map(|count| Some(*count));
        let items = [*taken, *delivered].into_iter().chain(rest);
        for (sum, count) in self.items.iter_mut().zip(items) {
            *sum = more(*sum, count, u64::saturating_add);
        }
        for (sum, time) in self.times.iter_mut().zip([times.input, times.working(), times.room]) {
            *sum = sum.saturating_add(time);
        }
        if !is_over {
            self.workers += stage.workers.len() as u64;
            self.held = self.held.saturating_add(stage.held);
        }
    }

    /// The same, where what only grows is no less than it was.
    pub(crate) fn not_less_than(mut self, before: &Self) -> Self {
        for (now, before) in self.items.iter_mut().zip(before.items) {
            *now = more(*now, before, u64::max);
        }
        for (now, before) in self.times.iter_mut().zip(before.times) {
            *now = before.max(*now);
        }
        self
    }

    /// Nothing is in it any more.
    pub(crate) fn end(&mut self) {
        (self.workers, self.held) = (0, 0);
    }

    /// A run's part becomes another.
    fn change(&mut self, before: &Self, now: &Self) {
        for (sum, (before, now)) in self.items.iter_mut().zip(before.items.iter().zip(now.items)) {
            let grown = now.map(|now| now - before.unwrap_or_default());
            *sum = more(*sum, grown, u64::saturating_add);
        }
        for (sum, (before, now)) in self.times.iter_mut().zip(before.times.iter().zip(now.times)) {
            *sum = sum.saturating_add(now.saturating_sub(*before));
        }
        self.workers = (self.workers + now.workers).saturating_sub(before.workers);
        self.held = (self.held + now.held).saturating_sub(before.held);
    }

    fn record(&self, pipeline: &Arc<str>, stage: &Arc<str>) {
        for (end, count) in ENDS.iter().zip(self.items) {
            if let Some(count) = count {
                counter!(ITEMS, "pipeline" => Arc::clone(pipeline), "stage" => Arc::clone(stage), "end" => *end)
                    .absolute(count);
            }
        }
        for (does, time) in DOES.iter().zip(self.times) {
            gauge!(SECONDS, "pipeline" => Arc::clone(pipeline), "stage" => Arc::clone(stage), "state" => *does)
                .set(time.as_secs_f64());
        }
        for (name, now) in [(WORKERS, self.workers), (HELD, self.held)] {
            gauge!(name, "pipeline" => Arc::clone(pipeline), "stage" => Arc::clone(stage)).set(number(now));
        }
    }
}

fn more(one: Option<u64>, other: Option<u64>, both: impl FnOnce(u64, u64) -> u64) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn number(count: u64) -> f64 {
    count as f64
}

/// All runs of one pipeline.
#[derive(Default)]
struct Pipeline {
    stages: BTreeMap<Arc<str>, Sums>,
    /// How many runs are in each state.
    states: [u64; STATES.len()],
    /// The stages that have changed since they were recorded.
    changed: BTreeSet<Arc<str>>,
    /// True where anything has.
    is_changed: bool,
    /// True while somebody records it.
    is_recorded: bool,
}

/// All pipelines, by their names.
static ALL: Mutex<BTreeMap<Arc<str>, Pipeline>> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, BTreeMap<Arc<str>, Pipeline>> {
    // Nothing of others runs under it.
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a run has added becomes another, and so does its state; then all that has changed is recorded.
pub(crate) fn change(
    pipeline: &Arc<str>,
    changes: &[(Arc<str>, Sums, Sums)],
    before: Option<usize>,
    now: Option<usize>,
) {
    let mut all = lock();
    let of_all = all.entry(Arc::clone(pipeline)).or_default();
    for (stage, before, now) in changes {
        of_all.stages.entry(Arc::clone(stage)).or_default().change(before, now);
        of_all.changed.insert(Arc::clone(stage));
    }
    for (state, count) in of_all.states.iter_mut().enumerate() {
        *count = (*count + u64::from(now == Some(state))).saturating_sub(u64::from(before == Some(state)));
    }
    of_all.is_changed = true;
    if std::mem::replace(&mut of_all.is_recorded, true) {
        return;
    }
    drop(all);
    record(pipeline);
}

/// Records what has changed of a pipeline, until nothing has.
fn record(pipeline: &Arc<str>) {
    /// Lets others at it where the recorder panics.
    struct Recording<'a>(Option<&'a Arc<str>>);
    impl Drop for Recording<'_> {
        fn drop(&mut self) {
            let Some(pipeline) = self.0 else { return };
            if let Some(of_all) = lock().get_mut(pipeline) {
                of_all.is_recorded = false;
            }
        }
    }
    let mut recording = Recording(Some(pipeline));
    describe();
    while let Some((stages, states)) = take_changed(pipeline) {
        for (stage, sums) in stages {
            sums.record(pipeline, &stage);
        }
        for (state, count) in STATES.iter().zip(states) {
            gauge!(STATE, "pipeline" => Arc::clone(pipeline), "state" => *state).set(number(count));
        }
    }
    // Under the lock that nothing was found changed in, it was noted that nobody records it.
    recording.0 = None;
}

type Changed = (Vec<(Arc<str>, Sums)>, [u64; STATES.len()]);

fn take_changed(pipeline: &Arc<str>) -> Option<Changed> {
    let mut all = lock();
    let of_all = all.get_mut(pipeline)?;
    if !std::mem::take(&mut of_all.is_changed) {
        of_all.is_recorded = false;
        return None;
    }
    let changed = std::mem::take(&mut of_all.changed).into_iter();
    let changed =
        changed.filter_map(|stage| of_all.stages.get(&stage).map(|sums| (Arc::clone(&stage), *sums)));
    Some((changed.collect(), of_all.states))
}

fn describe() {
    describe_counter!(ITEMS, Unit::Count, "items of a stage, by the way they went");
    describe_gauge!(SECONDS, Unit::Seconds, "time of a stage's workers, by what they did; only grows");
    describe_gauge!(WORKERS, Unit::Count, "workers of a stage that live");
    describe_gauge!(HELD, Unit::Count, "items inside a stage");
    describe_gauge!(STATE, Unit::Count, "runs of a pipeline, by what they do");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_grows_stays_where_it_was_further() {
        let earlier = Sums { items: [Some(5); 7], times: [Duration::from_secs(2); 3], workers: 3, held: 4 };
        let later = Sums { items: [None, Some(7), Some(2), None, Some(5), None, None], ..Sums::default() };
        let now = later.not_less_than(&earlier);
        assert_eq!(now.items, [Some(5), Some(7), Some(5), Some(5), Some(5), Some(5), Some(5)]);
        assert_eq!((now.times, now.workers, now.held), (earlier.times, 0, 0));
    }

    #[test]
    fn the_parts_of_two_runs_add_up() {
        let (none, part) =
            (Sums::default(), Sums { items: [Some(5); 7], workers: 3, held: 4, ..Sums::default() });
        let mut all = Sums::default();
        all.change(&none, &part);
        all.change(&none, &part);
        let mut ended = part;
        ended.end();
        all.change(&part, &ended);
        assert_eq!((all.items, all.workers, all.held), ([Some(10); 7], 3, 4));
    }
}
