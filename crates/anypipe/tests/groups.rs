//! Groups and windows: what they mean, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::prelude::*;
use anypipe::time::now;
use anypipe_sim::testing::{Resources, probe_source};
use common::{is_exact, settle, ticks, timed};

/// Lists of two for each remainder by ten, with that.
fn pairs(key: u32) -> Segment<impl Stage<u32, Out = (u32, Vec<u32>)>> {
    chunks(2).map(move |list: Vec<u32>| (key, list))
}

#[anypipe::test]
async fn each_key_has_stages_of_its_own() {
    let lists = source::iter([1, 2, 11, 3, 12, 21]).group_by(|n| n % 10, pairs, 9);
    let mut lists: Vec<_> = lists.collect().await;
    lists.sort();
    assert_eq!(lists, [(1, vec![1, 11]), (1, vec![21]), (2, vec![2, 12]), (3, vec![3])]);
    assert_eq!(source::iter(Vec::new()).group_by(|n| n % 10, pairs, 1).count().await, 0);
}

#[anypipe::test]
async fn the_group_idle_longest_makes_way() {
    // 1 is used again before 3 comes, and so 2 is closed: its list is short.
    let lists = source::iter([1, 2, 11, 3, 12, 21]).group_by(|n| n % 10, pairs, 2);
    let mut lists: Vec<_> = lists.collect().await;
    lists.sort();
    assert_eq!(lists, [(1, vec![1, 11]), (1, vec![21]), (2, vec![2]), (2, vec![12]), (3, vec![3])]);
    // One at a time: runs of equal keys.
    let lists = source::iter([1, 11, 21, 2, 1]).group_by(|n| n % 10, pairs, 1);
    let lists: Vec<_> = lists.collect().await;
    assert_eq!(lists, [(1, vec![1, 11]), (1, vec![21]), (2, vec![2]), (1, vec![1])]);
}

#[anypipe::test]
async fn no_more_groups_than_the_limit_are_open() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&open), Arc::clone(&most));
    let stages = move |_| {
        let (open, most) = counts.clone();
        most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let leaves = Leaves(open);
        then(async |n: u32| {
            anypipe::task::yield_now().await;
            n
        })
        .workers(2)
        .inspect(move |_: &u32| {
            let _held = &leaves;
        })
    };
    let mut all: Vec<u32> =
        source::iter((0..200).map(|n| n * 7 % 31)).group_by(|n| *n, stages, 5).collect().await;
    all.sort_unstable();
    let mut expected: Vec<u32> = (0..200).map(|n| n * 7 % 31).collect();
    expected.sort_unstable();
    assert_eq!(all, expected);
    assert_eq!((open.load(Ordering::SeqCst), most.load(Ordering::SeqCst)), (0, 5));
}

/// Counts down when it goes.
struct Leaves(Arc<AtomicUsize>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[anypipe::test]
async fn items_of_a_key_keep_their_order_from_group_to_group() {
    let slow = |key: u32| {
        then(using(key, async |key: &u32, n: u32| {
            for _ in 0..*key {
                anypipe::task::yield_now().await;
            }
            (*key, n)
        }))
        .workers(3)
    };
    let all = source::iter(0..300).group_by(|n| n % 7, slow, 3).collect::<Vec<_>>().await;
    for key in 0..7 {
        let came: Vec<u32> = all.iter().filter(|(of, _)| *of == key).map(|(_, n)| *n).collect();
        assert_eq!(came, (0..300).filter(|n| n % 7 == key).collect::<Vec<_>>());
    }
}

#[anypipe::test]
async fn a_group_that_nothing_comes_for_is_closed() {
    let items = timed(&[(0, 1), (1, 2), (3, 12), (9, 11)]);
    let lists = items.group_by(|n| n % 10, pairs, 9).idle_timeout(ticks(4));
    let lists: Vec<_> = lists.collect().await;
    if is_exact() {
        // 1 is closed after 4 ticks, and 11 begins anew.
        assert_eq!(lists, [(2, vec![2, 12]), (1, vec![1]), (1, vec![11])]);
    }
    assert_eq!(lists.iter().map(|(_, list)| list.len()).sum::<usize>(), 4);
}

#[anypipe::test]
async fn stages_that_end_take_no_more_of_their_key() {
    let first = |_| take(2);
    let mut all: Vec<u32> = source::iter(0..30).group_by(|n| n % 3, first, 3).collect().await;
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4, 5]);
}

#[anypipe::test]
async fn a_sink_tells_what_came_of_its_group() {
    let sum = |key: u32| sink::sum::<u32>().into_stage().map(move |sum: u32| (key, sum));
    let mut sums: Vec<_> = source::iter(1..=10).group_by(|n| n % 2, sum, 2).collect().await;
    sums.sort_unstable();
    assert_eq!(sums, [(0, 30), (1, 25)]);
}

#[anypipe::test]
async fn what_panics_in_a_group_names_its_stage() {
    let resources = Resources::new();
    let held = resources.clone();
    let bad = |_| map(|n: u32| if n == 7 { panic!("not this") } else { n }).named("inner");
    let run = source::iter(0..20).group_by(|n| n % 3, bad, 2).map(move |n| held.hold(n)).count();
    let error = run.checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("inner")), "{error}");
    resources.assert_none_left();
    let key = source::iter(0..3).group_by(|_| -> u32 { panic!("a bad key") }, pairs, 2);
    let error = key.count().checked().await.unwrap_err();
    assert_eq!(error.stage(), Some("group_by"), "{error}");
}

#[anypipe::test]
async fn a_group_that_is_held_back_holds_back_the_rest() {
    let (mut probe, source) = probe_source();
    let run = Pipeline::from_source(source).group_by(
        |n: &u32| n % 2,
        |_| then(async |_: u32| std::future::pending::<u32>().await),
        2,
    );
    let running = run.count().start();
    for n in 0..400 {
        probe.send(n);
    }
    settle().await;
    settle().await;
    // Each has 64 before it and one in work; one is in hand.
    assert!(probe.taken() <= 2 * 65 + 2, "{} were taken", probe.taken());
    drop(running);
}

#[test]
fn a_limit_of_none_is_refused() {
    let refused = catch_unwind(AssertUnwindSafe(|| source::iter([1]).group_by(|n| *n, pairs, 0)));
    assert!(refused.is_err());
}

#[anypipe::test]
async fn windows_are_whole() {
    let of = async |n, step| source::iter(1..=5).windows(n, step).collect::<Vec<_>>().await;
    assert_eq!(of(2, 1).await, [[1, 2], [2, 3], [3, 4], [4, 5]]);
    assert_eq!(of(3, 2).await, [[1, 2, 3], [3, 4, 5]]);
    assert_eq!(of(2, 2).await, [[1, 2], [3, 4]]);
    assert_eq!(of(1, 3).await, [[1], [4]]);
    assert_eq!(of(2, 4).await, [[1, 2]]);
    assert_eq!(of(9, 1).await, Vec::<Vec<u32>>::new());
    assert_eq!(source::iter(1..=5).windows(4, 1).max_in_flight(), Holds::at_most(4 + 3));
}

#[anypipe::test]
async fn windows_of_the_clock_end_by_it() {
    let items = timed(&[(0, 1), (1, 2), (3, 3), (9, 4)]);
    let windows = items.clone().window_time(ticks(2), ticks(2)).map(|window| (window.start, window.items));
    let windows: Vec<_> = windows.collect().await;
    if is_exact() {
        assert_eq!(windows, [(ticks(0), vec![1, 2]), (ticks(2), vec![3]), (ticks(8), vec![4])]);
    }
    assert_eq!(windows.iter().map(|(_, items)| items.len()).sum::<usize>(), 4);
    // They overlap: each item is in two.
    let windows: Vec<_> = items.clone().window_time(ticks(4), ticks(2)).collect().await;
    if is_exact() {
        let lists: Vec<_> = windows.iter().map(|window| window.items.clone()).collect();
        assert_eq!(lists, [vec![1, 2, 3], vec![3], vec![4], vec![4]]);
        assert_eq!((windows[1].start, windows[1].end), (ticks(2), ticks(6)));
    }
    // With gaps: what comes in between is in none.
    let windows: Vec<_> = items.window_time(ticks(1), ticks(3)).collect().await;
    if is_exact() {
        let lists: Vec<_> = windows.into_iter().map(|window| window.items).collect();
        assert_eq!(lists, [vec![1], vec![3], vec![4]]);
    }
}

#[anypipe::test]
async fn a_window_is_given_when_it_ends_and_not_later() {
    let start = now();
    let given = timed(&[(0, 1), (9, 2)]).window_time(ticks(2), ticks(2)).map(move |_| now() - start);
    let given: Vec<_> = given.collect().await;
    assert!(given[0] >= ticks(2));
    if is_exact() {
        assert_eq!(given, [ticks(2), ticks(9)]);
    }
}

#[anypipe::test]
async fn windows_of_events_take_what_is_not_too_late() {
    // 12 ends the window to 10 where nothing may be late; 11 is in time, 9 is not.
    let windows = |late| {
        let at = |n: &u32| Duration::from_secs(u64::from(*n));
        let ten = Duration::from_secs(10);
        let items = source::iter([1, 4, 12, 9, 11, 25, 3]);
        items.window_event_time(at, ten, ten, Duration::from_secs(late)).map(|window| match window {
            Ok(window) => (window.start.as_secs(), window.items),
            Err(late) => (999, vec![late.item]),
        })
    };
    let given: Vec<_> = windows(0).collect().await;
    let late = |n| (999, vec![n]);
    assert_eq!(given, [(0, vec![1, 4]), late(9), (10, vec![12, 11]), late(3), (20, vec![25])]);
    let given: Vec<_> = windows(5).collect().await;
    assert_eq!(given, [(0, vec![1, 4, 9]), (10, vec![12, 11]), late(3), (20, vec![25])]);
    let given: Vec<_> = windows(60).collect().await;
    assert_eq!(given, [(0, vec![1, 4, 9, 3]), (10, vec![12, 11]), (20, vec![25])]);
}

#[test]
fn windows_of_nothing_are_refused() {
    let (none, some) = (Duration::ZERO, Duration::from_secs(1));
    let refused = |f: fn()| assert!(catch_unwind(f).is_err());
    refused(|| drop(source::iter([1]).windows(0, 1)));
    refused(|| drop(source::iter([1]).windows(1, 0)));
    assert!(catch_unwind(|| drop(source::iter([1]).window_time(none, some))).is_err());
    assert!(catch_unwind(|| drop(source::iter([1]).window_time(some, none))).is_err());
}
