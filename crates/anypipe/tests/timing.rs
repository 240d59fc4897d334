//! The operators that go by the clock, on every backend: exact on the simulator, lenient elsewhere.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::stage::Rate;
use anypipe::time::{TimedOut, now, sleep};
use common::{assert_ticks, is_exact, is_virtual, ticks, timed};

/// Collects items with the ticks, rounded down, at which they came.
async fn told<T: Send + 'static>(start: Instant, items: Pipeline<impl Source<Item = T>>) -> Vec<(u128, T)> {
    let tick = ticks(1).as_nanos();
    items.map(move |item| ((now() - start).as_nanos() / tick, item)).collect().await
}

/// Checks items and, on the simulator, their ticks.
#[track_caller]
fn assert_told<T: PartialEq + std::fmt::Debug>(told: Vec<(u128, T)>, expected: Vec<(u128, T)>) {
    if is_exact() {
        assert_eq!(told, expected);
    } else {
        let items = |told: Vec<(u128, T)>| told.into_iter().map(|(_, item)| item).collect::<Vec<_>>();
        assert_eq!(items(told), items(expected));
    }
}

#[anypipe::test]
async fn a_list_goes_by_size_or_time() {
    let start = now();
    let items = timed(&[(0, 'a'), (1, 'b'), (2, 'c'), (4, 'd'), (12, 'e'), (14, 'f')]);
    let lists = told(start, items.chunks_timeout(3, ticks(5))).await;
    let expected = [(2, vec!['a', 'b', 'c']), (9, vec!['d']), (14, vec!['e', 'f'])];
    assert!(!is_exact() || lists == expected, "{lists:?}");
    let items: Vec<_> = lists.into_iter().flat_map(|(_, list)| list).collect();
    assert_eq!(items, ['a', 'b', 'c', 'd', 'e', 'f']);
}

#[anypipe::test]
async fn lists_of_what_is_there_are_full() {
    let lists: Vec<_> = source::iter(0..10).chunks_timeout(4, ticks(100)).collect().await;
    assert_eq!(lists, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]]);
    assert_eq!(source::iter(0..0).chunks_timeout(4, ticks(1)).count().await, 0);
    assert_eq!(source::iter(0..10_000).chunks_timeout(5000, Duration::MAX).count().await, 2);
}

#[anypipe::test]
async fn throttle_holds_in_any_window() {
    let start = now();
    let times = told(start, source::iter(0..7).throttle(3, ticks(4))).await;
    if is_exact() {
        let times: Vec<_> = times.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, 0, 0, 4, 4, 4, 8]);
    }
    assert_ticks(start, 8);
    let start = now();
    // Late items don't add up to a burst that breaks the rate.
    let times = told(start, timed(&[(0, 0), (3, 1), (5, 2), (5, 3), (5, 4)]).throttle(2, ticks(4))).await;
    assert_told(times, vec![(0, 0), (3, 1), (5, 2), (7, 3), (9, 4)]);
}

#[anypipe::test]
async fn a_rate_can_be_changed_while_it_is_waited_for() {
    let start = now();
    let rate = Rate::new(1, ticks(1000));
    let run = source::iter(0..4).throttle_by(rate.clone()).count().start();
    sleep(ticks(2)).await;
    rate.set(2, ticks(3));
    assert_eq!(run.await.unwrap(), 4);
    // One at 0, one at 2, one at 3 (when the first no longer counts), one at 5.
    assert_ticks(start, 5);
}

#[anypipe::test]
async fn items_are_spaced_out() {
    let start = now();
    let items = timed(&[(0, 'a'), (1, 'b'), (2, 'c'), (9, 'd'), (12, 'e')]);
    let times = told(start, items.space_out(ticks(3))).await;
    assert_told(times, vec![(0, 'a'), (3, 'b'), (6, 'c'), (9, 'd'), (12, 'e')]);
}

#[anypipe::test]
async fn debounce_gives_the_last_before_a_silence() {
    let start = now();
    let items = timed(&[(0, 'a'), (2, 'b'), (4, 'c'), (20, 'd'), (40, 'e'), (42, 'f')]);
    let times = told(start, items.debounce(ticks(8))).await;
    assert!(!is_exact() || times == [(12, 'c'), (28, 'd'), (42, 'f')], "{times:?}");
    assert_eq!(times.last().map(|(_, item)| *item), Some('f'));
}

#[anypipe::test]
async fn sample_gives_the_latest_at_each_tick() {
    let start = now();
    let items = timed(&[(1, 'a'), (4, 'b'), (6, 'c'), (33, 'd'), (34, 'e')]);
    let times = told(start, items.sample(ticks(10))).await;
    assert!(!is_exact() || times == [(10, 'c'), (40, 'e')], "{times:?}");
    assert_eq!(times.last().map(|(_, item)| *item), Some('e'));
}

#[anypipe::test]
async fn sample_of_a_source_that_is_always_ready() {
    let endless = source::iter(0u64..).sample(ticks(1)).take(3);
    if is_virtual() {
        // Virtual time stands still while something is ready, so this never comes to a tick.
        return;
    }
    let some: Vec<_> = endless.collect().await;
    assert!(some[0] < some[1] && some[1] < some[2]);
}

#[anypipe::test]
async fn delay_waits_once() {
    let start = now();
    let times = told(start, source::iter('a'..='c').delay(ticks(5))).await;
    assert_told(times, vec![(5, 'a'), (5, 'b'), (5, 'c')]);
}

#[anypipe::test]
async fn timeout_tells_a_long_wait_once() {
    let start = now();
    let items = timed(&[(1, 'a'), (20, 'b'), (22, 'c')]);
    let times = told(start, items.timeout(ticks(8))).await;
    let expected = [(1, Ok('a')), (9, Err(TimedOut)), (20, Ok('b')), (22, Ok('c'))];
    assert!(!is_exact() || times == expected, "{times:?}");
    let items: Vec<_> = times.into_iter().filter_map(|(_, item)| item.ok()).collect();
    assert_eq!(items, ['a', 'b', 'c']);
}

#[anypipe::test]
async fn the_consumers_time_is_no_wait() {
    let items = source::iter(0..3).timeout(ticks(2));
    let slow = |count, item: Result<_, _>| async move {
        sleep(ticks(5)).await;
        assert!(item.is_ok());
        count + 1
    };
    assert_eq!(items.fold_async(0, slow).await, 3);
}

#[anypipe::test]
async fn a_timeout_ends_a_fallible_run() {
    let start = now();
    let run = timed(&[(0, 1), (1000, 2)]).timeout(ticks(3)).try_collect::<Vec<_>>();
    assert_eq!(run.await, Err(TimedOut));
    if is_exact() {
        assert_ticks(start, 3);
    }
}

#[test]
fn nothing_is_refused() {
    let refused = |build: &dyn Fn()| catch_unwind(AssertUnwindSafe(build)).is_err();
    assert!(refused(&|| drop(source::iter(0..3).chunks_timeout(0, ticks(1)))));
    assert!(refused(&|| drop(source::iter(0..3).throttle(0, ticks(1)))));
    assert!(refused(&|| drop(source::iter(0..3).sample(Duration::ZERO))));
    assert!(refused(&|| Rate::new(1, ticks(1)).set(0, ticks(1))));
}

#[test]
fn what_they_hold_is_told() {
    let pipeline = || source::iter(0..3);
    assert_eq!(pipeline().chunks_timeout(5, ticks(1)).max_in_flight().limit(), Some(5));
    assert_eq!(pipeline().throttle(5, ticks(1)).max_in_flight().limit(), Some(1));
    assert_eq!(pipeline().delay(ticks(1)).timeout(ticks(1)).max_in_flight().limit(), Some(0));
}
