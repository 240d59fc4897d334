//! The task that has a stage have as many workers as are worth having, and what it goes by.

use std::future::poll_fn;
use std::num::NonZero;
use std::pin::pin;
use std::sync::Weak;
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::Tally;
use super::climb::{Climb, Sample};
use crate::scope::{Resize, Scope, Times, share};

/// What is measured of the workers of one stage.
pub(super) struct Gauge {
    scope: Scope,
    tally: Tally,
    /// True where they block threads: how long they are polled says nothing of the cores.
    blocks: bool,
}

/// How it was at one moment.
struct Measured {
    at: Instant,
    /// Items that were taken.
    taken: u64,
    /// How long its workers were in each state, all together.
    times: Times,
}

impl Gauge {
    /// Of the workers of this stage, which are in this scope, and watched.
    pub(super) fn new(scope: &Scope, tally: &Tally, blocks: bool) -> Self {
        Self { scope: scope.clone(), tally: tally.clone(), blocks }
    }

    fn measure(&self) -> Measured {
        let at = self.scope.runtime().now();
        Measured { at, taken: self.tally.taken.get(), times: self.scope.times_of(&self.tally, at) }
    }

    /// What was seen between two moments, and how long an item was worked on, on the mean.
    fn sample(&self, before: &Measured, now: &Measured) -> (Sample, Option<Duration>) {
        let (items, took, times) =
            (now.taken - before.taken, now.at - before.at, now.times.since(&before.times));
        let (waited, worked) = (times.input + times.room, times.working());
        let polled = if self.blocks { 0.0 } else { share(times.polling, worked) };
        #[expect(clippy::cast_precision_loss, reason = "of so few items none is lost")]
        let rate = items as f64 / took.as_secs_f64();
        let service = u32::try_from(items).ok().filter(|items| *items > 0).map(|items| worked / items);
        (Sample { items, rate, spare: share(waited, times.total()), polled }, service)
    }
}

/// What is looked at takes this long at the least, and so many times what is worked on an item;
const EPOCH: Duration = Duration::from_millis(100);
const ITEMS_LONG: u32 = 3;
const ITEMS_LONG_IN_SEARCH: u32 = 2;
/// and until so many items came, or it took so long.
const ITEMS: usize = 20;
const LONGEST: Duration = Duration::from_secs(1);
/// What was begun before a change is done after this long.
const SETTLES: Duration = Duration::from_millis(20);

/// Spawns the task that has this stage have as many workers as are worth having, between these. Apart from the stage, so that it
/// is built once and not again for each type of item.
pub(super) fn steer(name: &str, stage: Weak<dyn Resize>, gauge: Gauge, (least, most): (usize, usize)) {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let scope = gauge.scope.clone();
    // It goes by the times of the workers, as pictures do.
    scope.begin_watching();
    scope.spawn(format!("auto of `{name}`"), climb(stage, gauge, Climb::new(least, most, cores)));
}

/// Has a stage as many workers as are worth having, until it ends.
async fn climb(stage: Weak<dyn Resize>, gauge: Gauge, mut climb: Climb) {
    // How long is worked on an item, on the mean.
    let (mut service, mut settles) = (Duration::ZERO, true);
    loop {
        if std::mem::take(&mut settles) {
            let Some(()) = pause(&stage, &gauge, SETTLES.max(service * 3 / 2)).await else { return };
        }
        let before = gauge.measure();
        let items_long = if climb.searches() { ITEMS_LONG_IN_SEARCH } else { ITEMS_LONG };
        let mut length = EPOCH.max(service * items_long);
        let enough = (climb.workers() * 2).clamp(3, ITEMS) as u64;
        let now = loop {
            let Some(()) = pause(&stage, &gauge, length).await else { return };
            let now = gauge.measure();
            let (items, took) = (now.taken - before.taken, now.at - before.at);
            if items >= enough || took >= LONGEST.max(service * ITEMS_LONG) {
                break now;
            }
            length = EPOCH / 4;
        };
        let (sample, seen) = gauge.sample(&before, &now);
        service = seen.map_or(service, |seen| seen.min(LONGEST));
        if let Some(why) = climb.see(sample) {
            let Some(()) = stage.upgrade().and_then(|stage| stage.steer(climb.workers(), why)) else {
                return;
            };
            settles = true;
        }
    }
}

/// Waits so long; `None` once the stage has ended, or somebody else says how many workers it has.
async fn pause(stage: &Weak<dyn Resize>, gauge: &Gauge, length: Duration) -> Option<()> {
    let mut sleep = pin!(gauge.scope.runtime().sleep(length));
    poll_fn(|cx| {
        if !stage.upgrade().is_some_and(|stage| stage.is_steered(cx.waker())) {
            return Poll::Ready(None);
        }
        sleep.as_mut().poll(cx).map(Some)
    })
    .await
}
