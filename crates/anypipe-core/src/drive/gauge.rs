//! How the time of a stage's workers goes, and the task that has as many of them as are worth having.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::climb::{Climb, Sample};
use crate::runtime::RuntimeHandle;
use crate::scope::task::BoxFuture;
use crate::scope::{Measured, Resize, replace_waker, share};

/// What is measured of the workers of one stage, under the lock of its hop.
pub(super) struct Gauge {
    /// Up to when it is added up.
    at: Instant,
    /// How many wait for input or for room.
    waiting: u32,
    /// How long they did so, all together.
    waited: Duration,
    /// How long they were polled, in nanoseconds, all together: added to where they are.
    polled: Arc<AtomicU64>,
    /// Who is told of the end.
    watcher: Option<Waker>,
    /// Set where somebody has said how many there are to be.
    by_hand: bool,
}

impl Gauge {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            at: now,
            waiting: 0,
            waited: Duration::ZERO,
            polled: Arc::default(),
            watcher: None,
            by_hand: false,
        }
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

    /// How their time went until now, of so many items that were taken; the waker is called at the end. Gives the waker that
    /// was there before.
    pub(super) fn measure(
        &mut self,
        taken: u64,
        now: Instant,
        waker: &Waker,
    ) -> Option<(Measured, Option<Waker>)> {
        self.add_up(now);
        let polled = Duration::from_nanos(self.polled.load(Ordering::Relaxed));
        let measured = Measured { taken, waited: self.waited, polled };
        (!self.by_hand).then(|| (measured, replace_waker(&mut self.watcher, waker)))
    }

    /// What the length of their polls is added to.
    pub(super) fn polled(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.polled)
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

/// A worker's task, the length of whose polls is added up.
pub(super) fn add_polls(
    mut task: BoxFuture<()>,
    runtime: RuntimeHandle,
    polled: Arc<AtomicU64>,
) -> impl Future<Output = ()> + Send {
    poll_fn(move |cx| {
        let began = runtime.now_in_task();
        let is_done = task.as_mut().poll(cx);
        let took = runtime.now_in_task().saturating_duration_since(began).as_nanos();
        polled.fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
        is_done
    })
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
        let (now, took) = loop {
            let Some(now) = pause(&stage, &runtime, length).await else { return };
            let (items, took) = (now.taken - before.taken, runtime.now() - began);
            if items >= enough || took >= LONGEST.max(service * ITEMS_LONG) {
                break (now, took);
            }
            length = EPOCH / 4;
        };
        let waited = now.waited.saturating_sub(before.waited);
        let lived = took * u32::try_from(climb.workers()).unwrap_or(u32::MAX);
        let (items, worked) = (now.taken - before.taken, lived.saturating_sub(waited));
        let (spare, polled) = (share(waited, lived), share(now.polled.saturating_sub(before.polled), worked));
        #[expect(clippy::cast_precision_loss, reason = "of so few items none is lost")]
        let sample = Sample { items, rate: items as f64 / took.as_secs_f64(), spare, polled };
        if let Ok(items @ 1..) = u32::try_from(items) {
            service = (worked / items).min(LONGEST);
        }
        if let Some(why) = climb.see(sample) {
            let Some(()) = stage.upgrade().and_then(|stage| stage.steer(climb.workers(), why)) else {
                return;
            };
            settles = true;
        }
    }
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
