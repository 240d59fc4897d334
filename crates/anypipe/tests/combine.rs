//! `merge`, `chain`, `zip` and its kin, `race`: what they mean, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anypipe::prelude::*;
use anypipe::stage::UnequalEnds;
use anypipe::time::{now, sleep};
use anypipe_sim::testing::{Resources, probe_sink, probe_source};
use common::{assert_order, assert_ticks, is_exact, ticks, timed};

#[anypipe::test]
async fn merge_gives_items_as_they_come() {
    let start = now();
    let (one, two) = (timed(&[(1, 0), (3, 2), (5, 4)]), timed(&[(2, 1), (4, 3)]));
    let all: Vec<u32> = one.merge(two).inspect(move |n| assert_ticks(start, n + 1)).collect().await;
    assert_order(all, [0, 1, 2, 3, 4]);
}

#[anypipe::test]
async fn merge_ends_when_both_have_ended() {
    let start = now();
    let all: Vec<u32> = timed(&[(1, 7)]).merge(timed(&[(3, 8)])).collect().await;
    assert_order(all, [7, 8]);
    assert_ticks(start, 3);
}

#[anypipe::test]
async fn merge_is_fair() {
    let parts = (0..3).map(|part| source::iter(std::iter::repeat(part)));
    let some: Vec<u32> = source::merge(parts).take(300).collect().await;
    for part in 0..3 {
        let turns = some.iter().filter(|item| **item == part).count();
        assert_eq!(turns, 100, "source {part} had {turns} turns");
    }
}

#[anypipe::test]
async fn merge_of_many_tasks_loses_nothing() {
    let parts = (0..20).map(|part| source::iter(0..50).then(move |n| async move { part * 50 + n }));
    let mut all: Vec<u32> = source::merge(parts).collect().await;
    all.sort_unstable();
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
}

#[anypipe::test]
async fn over_no_sources_all_are_empty() {
    type None = Pipeline<anypipe::source::Gated<anypipe_stages::source::FromIter<[u8; 0]>>>;
    let none = || std::iter::empty::<None>();
    assert_eq!(source::merge(none()).collect::<Vec<_>>().await, [0; 0]);
    assert_eq!(source::chain(none()).collect::<Vec<_>>().await, [0; 0]);
    assert_eq!(source::zip(none()).collect::<Vec<_>>().await, [[0; 0]; 0]);
    assert_eq!(source::zip_strict(none()).collect::<Vec<_>>().await, []);
    assert_eq!(source::zip_latest(none()).collect::<Vec<_>>().await, [[0; 0]; 0]);
    assert_eq!(source::zip_latest_partial(none()).collect::<Vec<_>>().await, [[]; 0]);
    assert_eq!(source::race(none()).collect::<Vec<_>>().await, [0; 0]);
}

#[anypipe::test]
async fn chain_leaves_the_next_alone_until_the_end() {
    let touched = Arc::new(AtomicBool::new(false));
    let touch = Arc::clone(&touched);
    let next = Pipeline::from_fn(move |sender| async move {
        touch.store(true, Ordering::SeqCst);
        sender.send(9).await.unwrap();
    });
    let sees = Arc::clone(&touched);
    let first = timed(&[(0, 1), (1, 2)]).inspect(move |_| assert!(!sees.load(Ordering::SeqCst)));
    assert_eq!(first.clone().chain(next.clone()).take(2).collect::<Vec<_>>().await, [1, 2]);
    assert!(!touched.load(Ordering::SeqCst));
    assert_eq!(first.chain(next).collect::<Vec<_>>().await, [1, 2, 9]);
}

#[anypipe::test]
async fn chain_waits_for_the_tasks_of_the_one_before() {
    let resources = Resources::new();
    let (held, sees) = (resources.clone(), resources.clone());
    let first = source::iter(0..3).then(move |n| {
        let held = held.hold(());
        async move {
            let _held = held;
            n
        }
    });
    let second = source::iter(0..1).inspect(move |_| sees.assert_none_left());
    assert_eq!(first.workers(3).chain(second).count_items().await, 4);
    let parts = vec![source::iter(0..2), source::iter(0..0), source::iter(5..6)];
    assert_eq!(source::chain(parts).collect::<Vec<_>>().await, [0, 1, 5]);
}

/// Counts the items.
trait CountItems {
    async fn count_items(self) -> usize;
}

impl<S: Source> CountItems for Pipeline<S> {
    async fn count_items(self) -> usize {
        self.fold(0, |count, _| count + 1).await
    }
}

#[anypipe::test]
async fn zip_awaits_its_sources_together() {
    let start = now();
    let pairs = timed(&[(2, 'a'), (4, 'b')]).zip(timed(&[(2, 1), (4, 2)]));
    assert_eq!(pairs.collect::<Vec<_>>().await, [('a', 1), ('b', 2)]);
    assert_ticks(start, 4);
}

#[anypipe::test]
async fn zip_ends_with_the_first_and_closes_the_other() {
    let (mut probe, long) = probe_source();
    let (mut results, sink) = probe_sink();
    let resources = Resources::new();
    let zipped = Pipeline::from_source(long).then(async |n| n).zip(source::iter(['a']));
    let run = zipped.into_sink(sink).start();
    results.request(2);
    probe.send(resources.hold(1));
    let (one, a) = results.next().await.expect("a pair");
    assert_eq!((*one, a), (1, 'a'));
    drop(one);
    assert!(results.next().await.is_none());
    // Not awaited any further, and closed before the end was seen.
    assert!(probe.is_dropped());
    assert!(results.is_ended());
    resources.assert_none_left();
    run.await.unwrap();
}

#[anypipe::test]
async fn zip_drops_the_item_without_a_partner() {
    let resources = Resources::new();
    let held = resources.clone();
    let three = source::iter(0..3).map(move |n| held.hold(n));
    let pairs: Vec<_> = three.zip(source::iter(0..1)).collect().await;
    assert_eq!(pairs.len(), 1);
    drop(pairs);
    resources.assert_none_left();
}

struct Incomparable;

impl PartialEq for Incomparable {
    fn eq(&self, _: &Self) -> bool {
        panic!("items are never compared")
    }
}

#[anypipe::test]
async fn zip_strict_tells_unequal_ends() {
    let items = |n: u64| source::iter((0..n).map(|_| Incomparable));
    let pairs: Vec<Result<_, UnequalEnds>> = items(2).zip_strict(items(1)).collect().await;
    assert_eq!(pairs.len(), 2);
    assert!(pairs[0].is_ok());
    let error = pairs[1].as_ref().err().copied().expect("an error");
    assert_eq!((error.source, error.rows), (1, 1));
    assert_eq!(error.to_string(), "source 1 ended after 1 items, and not all of the others did");
    let equal: Vec<_> = items(2).zip_strict(items(2)).collect().await;
    assert!(equal.len() == 2 && equal.iter().all(Result::is_ok));
    let rows = source::zip_strict([source::iter(0..2), source::iter(0..3), source::iter(0..2)]);
    let rows: Vec<_> = rows.collect().await;
    assert_eq!(rows[..2], [Ok(vec![0, 0, 0]), Ok(vec![1, 1, 1])]);
    assert_eq!(rows[2].as_ref().map_err(|error| error.source), Err(0));
}

#[anypipe::test]
async fn zip_strict_waits_for_the_other_to_end() {
    let start = now();
    let late: Vec<_> = timed(&[(0, 1)]).zip_strict(timed(&[(0, 'a'), (2, 'b')])).collect().await;
    assert_eq!(late[0], Ok((1, 'a')));
    assert!(late[1].is_err());
    assert_ticks(start, 2);
}

#[anypipe::test]
async fn zip_latest_gives_a_pair_on_every_event() {
    let (letters, numbers) = (timed(&[(1, 'a'), (3, 'b')]), timed(&[(2, 1), (4, 2)]));
    let pairs: Vec<_> = letters.clone().zip_latest(numbers.clone()).collect().await;
    // Elsewhere a slow machine may change the order in between; the last pair is always that of the last.
    assert_eq!(pairs.last(), Some(&('b', 2)));
    assert!(!is_exact() || pairs == [('a', 1), ('b', 1), ('b', 2)], "{pairs:?}");
    let pairs: Vec<_> = letters.zip_latest_partial(numbers).collect().await;
    let expected = [(Some('a'), None), (Some('a'), Some(1)), (Some('b'), Some(1)), (Some('b'), Some(2))];
    assert_eq!(pairs.last(), expected.last());
    assert!(!is_exact() || pairs == expected, "{pairs:?}");
}

#[anypipe::test]
async fn zip_latest_of_many() {
    let sources = || [timed(&[(1, 1), (4, 2)]), timed(&[(2, 10)]), timed(&[(3, 100)])];
    let rows: Vec<Vec<u32>> = source::zip_latest(sources()).collect().await;
    assert_eq!(rows.last(), Some(&vec![2, 10, 100]));
    assert!(!is_exact() || rows == [[1, 10, 100], [2, 10, 100]], "{rows:?}");
    let rows: Vec<_> = source::zip_latest_partial(sources()).collect().await;
    let expected = [
        vec![Some(1), None, None],
        vec![Some(1), Some(10), None],
        vec![Some(1), Some(10), Some(100)],
        vec![Some(2), Some(10), Some(100)],
    ];
    assert_eq!(rows.last(), expected.last());
    assert!(!is_exact() || rows == expected, "{rows:?}");
}

#[anypipe::test]
async fn zip_latest_ends_when_no_pair_can_come() {
    let endless = source::iter(0..).then(async |n| n);
    let pairs: Vec<(u64, u8)> = endless.zip_latest(source::iter([])).collect().await;
    assert_eq!(pairs, []);
}

#[anypipe::test]
async fn race_goes_to_the_first_item() {
    let resources = Resources::new();
    let held = resources.clone();
    let slow = source::iter(0..).then(move |n: u32| {
        let held = held.hold(());
        async move {
            // So long that no machine is slow enough for it to win.
            sleep(ticks(5000)).await;
            drop(held);
            n
        }
    });
    let sees = resources.clone();
    let winner: Vec<u32> =
        slow.race(timed(&[(1, 7), (2, 8)])).inspect(move |_| sees.assert_none_left()).collect().await;
    assert_eq!(winner, [7, 8]);
    assert!(resources.made() > 0);
}

#[anypipe::test]
async fn race_is_not_won_by_an_end() {
    let all: Vec<u32> = source::iter([]).race(timed(&[(1, 7)])).collect().await;
    assert_eq!(all, [7]);
    assert_eq!(source::race([source::iter(0..0), source::iter(3..3)]).collect::<Vec<_>>().await, [0; 0]);
}

#[anypipe::test]
async fn segments_combine_too() {
    fn with_a_zero() -> Segment<impl Stage<u32, Out = u32>> {
        map(|n: u32| n + 1).chain(source::iter([0]))
    }
    let all: Vec<_> =
        (source::iter(0..2) | with_a_zero() | zip(source::iter(['a', 'b', 'c']))).collect().await;
    assert_eq!(all, [(1, 'a'), (2, 'b'), (0, 'c')]);
}

#[anypipe::test]
async fn a_combined_pipeline_runs_again() {
    let twice = source::iter(0..3).merge(source::iter(0..3)).zip(source::iter('a'..='f'));
    assert_eq!(twice.clone().count_items().await, 6);
    assert_eq!(twice.count_items().await, 6);
}

#[test]
fn what_they_hold_is_told() {
    let buffered = || source::iter(0..9).buffer(4);
    let holds = |pipeline: &Pipeline<_>| pipeline.max_in_flight().limit();
    assert_eq!(holds(&source::merge([buffered(), buffered()])), Some(10));
    assert_eq!(buffered().chain(source::iter(0..9).buffer(7)).max_in_flight().limit(), Some(8));
    assert_eq!(buffered().zip(buffered()).max_in_flight().limit(), Some(11));
    assert_eq!(buffered().zip_latest(buffered()).max_in_flight().limit(), Some(12));
    assert_eq!(source::iter(0..9).race(buffered()).max_in_flight().limit(), Some(6));
}
