//! Groups and windows: what they mean, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::ErrorKind;
use anypipe::prelude::*;
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
