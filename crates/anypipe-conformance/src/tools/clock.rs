//! Time, as the runtime of the case tells it.

use std::time::{Duration, Instant};

use anypipe_core::runtime::RuntimeHandle;
use anypipe_core::scope::current_runtime;

/// The runtime that the case runs on.
pub(crate) fn runtime() -> RuntimeHandle {
    current_runtime().expect("a case runs in a scope")
}

/// True where time stands still while anything can run.
pub(crate) fn is_virtual() -> bool {
    runtime().name() == "sim"
}

/// How many make a crowd: fewer where the case is run under many seeds.
pub(crate) fn crowd() -> usize {
    if is_virtual() { 2000 } else { 100_000 }
}

/// How many steps are drawn against a model: few where there are many seeds.
pub(crate) fn steps() -> usize {
    if is_virtual() { 150 } else { 500 }
}

/// True where no sleep is late, so that moments are exact.
pub(crate) fn is_exact() -> bool {
    runtime().is_exact()
}

pub(crate) async fn sleep(length: Duration) {
    runtime().sleep(length).await;
}

/// What a timing case counts in: a second where time is virtual, short elsewhere.
pub(crate) fn unit() -> Duration {
    if is_virtual() { Duration::from_secs(1) } else { Duration::from_millis(10) }
}

/// Looks now and then until something is so. Where it never is, the watchdog fails the test.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Lets the other tasks go on: in virtual time until none of them can, elsewhere for a while.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Measures from a moment on.
pub(crate) struct Clock {
    runtime: RuntimeHandle,
    start: Instant,
    /// What it counts in.
    unit: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let runtime = runtime();
        let start = runtime.now();
        Self { runtime, start, unit: unit() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.runtime.now() - self.start
    }

    /// Checks that it is this late: exactly where no sleep is late, elsewhere not earlier.
    #[track_caller]
    pub(crate) fn assert_at(&self, units: u32) {
        let elapsed = self.elapsed();
        self.assert_moment(elapsed, units);
    }

    /// Checks a moment that was measured before, as [`assert_at`](Clock::assert_at) does.
    #[track_caller]
    pub(crate) fn assert_moment(&self, moment: Duration, units: u32) {
        let expected = self.unit * units;
        if self.runtime.is_exact() {
            assert_eq!(moment, expected);
        } else {
            assert!(moment >= expected, "{moment:?} is too early: it can't be before {expected:?}");
        }
    }
}
