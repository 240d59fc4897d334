//! What the tests of the operators share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::time::{now, sleep};

/// A length that a slow machine keeps apart from its neighbours; on the simulator it costs nothing.
pub(crate) fn ticks(n: u32) -> Duration {
    Duration::from_millis(40) * n
}

/// True on the simulator, where time stands still while anything can run.
pub(crate) fn is_virtual() -> bool {
    anypipe::runtime::current().name() == "sim"
}

/// True on the simulator, under the seeds with which no sleep is late.
pub(crate) fn is_exact() -> bool {
    anypipe::runtime::current().is_exact()
}

/// Checks that it is `n` ticks since `start`: exactly on the simulator, at least elsewhere.
#[track_caller]
pub(crate) fn assert_ticks(start: Instant, n: u32) {
    let passed = now() - start;
    if is_exact() {
        assert_eq!(passed, ticks(n));
    } else {
        assert!(passed >= ticks(n), "{passed:?} passed, not {:?}", ticks(n));
    }
}

/// Checks items whose order comes of time: in this order on the simulator, in any elsewhere, since a slow
/// machine keeps no time.
#[track_caller]
pub(crate) fn assert_order<T: Ord + std::fmt::Debug>(mut items: Vec<T>, expected: impl Into<Vec<T>>) {
    let mut expected = expected.into();
    if !is_exact() {
        items.sort();
        expected.sort();
    }
    assert_eq!(items, expected);
}

/// Items that come at these ticks after the start of the run, then the end.
pub(crate) fn timed<T: Clone + Send + 'static>(
    items: &[(u32, T)],
) -> Pipeline<impl Source<Item = T> + Clone + use<T>> {
    let items = items.to_vec();
    Pipeline::from_fn(move |sender| async move {
        let mut before = 0;
        for (at, item) in items {
            if at > before {
                sleep(ticks(at - before)).await;
            }
            before = at;
            if sender.send(item).await.is_err() {
                return;
            }
        }
    })
}

/// Lets all other tasks do what they can: on the simulator until they are all blocked, elsewhere for a
/// while.
pub(crate) async fn settle() {
    if is_virtual() {
        anypipe_sim::testing::wait_all_blocked().await;
    } else {
        sleep(ticks(1)).await;
    }
}
