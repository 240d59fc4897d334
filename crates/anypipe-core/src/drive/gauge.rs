//! How the time of a stage's workers goes, and the task that has as many of them as are worth having.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Weak;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::climb::{Climb, Sample};
use crate::runtime::RuntimeHandle;
use crate::scope::{Measured, Resize, replace_waker};

/// What is measured of the workers of one stage, under the lock of its hop.
pub(super) struct Gauge {
    /// Up to when it is added up.
    at: Instant,
    /// How many wait for input or for room.
    waiting: u32,
    /// How long they did so, all together.
    waited: Duration,
    /// Who is told of the end.
    watcher: Option<Waker>,
    /// Set where somebody has said how many there are to be.
    by_hand: bool,
}

impl Gauge {
    pub(super) fn new(now: Instant) -> Self {
        Self { at: now, waiting: 0, waited: Duration::ZERO, watcher: None, by_hand: false }
    }

    fn add_up(&mut self, now: Instant) {
        self.waited += now.saturating_duration_since(self.at) * self.waiting;
        self.at = self.at.max(now);
    }

    /// One more waits.
    pub(super) fn wait(&mut self, now: Instant) {
        self.add_up(now);
        self.waiting += 1;
    }

    /// One less; also one that has gone, where nobody knows when.
    pub(super) fn work(&mut self, now: Option<Instant>) {
        self.add_up(now.unwrap_or(self.at));
        self.waiting -= 1;
    }

    /// How long they have waited until now; the waker is called at the end. Gives the waker that was there before.
    pub(super) fn measure(&mut self, now: Instant, waker: &Waker) -> Option<(Duration, Option<Waker>)> {
        self.add_up(now);
        (!self.by_hand).then(|| (self.waited, replace_waker(&mut self.watcher, waker)))
    }

    /// Somebody has said how many there are to be.
    pub(super) fn let_go(&mut self) {
        self.by_hand = true;
    }

    /// False where somebody has.
    pub(super) fn steers(&self) -> bool {
        !self.by_hand
    }

    /// Who is to be told of the end.
    pub(super) fn end(&mut self) -> Option<Waker> {
        self.watcher.take()
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

/// Has a stage as many workers as are worth having, until it ends.
pub(super) async fn steer(stage: Weak<dyn Resize>, runtime: RuntimeHandle, mut climb: Climb) {
    // How long is worked on an item, on the mean.
    let (mut service, mut settles) = (Duration::ZERO, true);
    loop {
        if std::mem::take(&mut settles) {
            let length = SETTLES.max(service * 3 / 2);
            let Some(_) = pause(&stage, &runtime, length).await else { return };
        }
        let began = runtime.now();
        let Some(before) = pause(&stage, &runtime, Duration::ZERO).await else { return };
        let items_long = if climb.searches() { ITEMS_LONG_IN_SEARCH } else { ITEMS_LONG };
        let mut length = EPOCH.max(service * items_long);
        let enough = (climb.workers() * 2).clamp(3, ITEMS) as u64;
        let (items, waited, took) = loop {
            let Some(now) = pause(&stage, &runtime, length).await else { return };
            let (items, took) = (now.taken - before.taken, runtime.now() - began);
            if items >= enough || took >= LONGEST.max(service * ITEMS_LONG) {
                break (items, now.waited.saturating_sub(before.waited), took);
            }
            length = EPOCH / 4;
        };
        let sample = sample(items, waited, took, climb.workers());
        if let Ok(items @ 1..) = u32::try_from(items) {
            let lived = took * u32::try_from(climb.workers()).unwrap_or(u32::MAX);
            service = (lived.saturating_sub(waited) / items).min(LONGEST);
        }
        if let Some(why) = climb.see(sample) {
            let Some(()) = stage.upgrade().and_then(|stage| stage.steer(climb.workers(), why)) else {
                return;
            };
            settles = true;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "of so few items and workers none is lost")]
fn sample(items: u64, waited: Duration, took: Duration, workers: usize) -> Sample {
    let took = took.as_secs_f64();
    let spare = (waited.as_secs_f64() / (took * workers as f64)).min(1.0);
    Sample { items, rate: items as f64 / took, spare }
}

/// Waits so long, and gives what is measured then; `None` once the stage has ended.
async fn pause(stage: &Weak<dyn Resize>, runtime: &RuntimeHandle, length: Duration) -> Option<Measured> {
    let mut sleep = pin!(runtime.sleep(length));
    poll_fn(|cx| {
        let measured = stage.upgrade().and_then(|stage| stage.measure(runtime.now(), cx.waker()));
        if measured.is_some() && sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(measured)
    })
    .await
}
