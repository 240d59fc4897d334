//! What drops where it is full, what comes in between, what is sorted and what comes first, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use anypipe::ErrorKind;
use anypipe::prelude::*;
use anypipe::stage::Overflow;
use anypipe_sim::testing::{Resources, probe_source};
use common::{is_exact, settle, ticks, timed};
use futures_core::Stream;

#[anypipe::test]
async fn a_full_buffer_drops_what_it_is_told_to() {
    for (overflow, kept) in [(Overflow::DropOldest, [7, 8, 9]), (Overflow::DropNewest, [1, 2, 3])] {
        let (mut probe, source) = probe_source();
        let stream = Pipeline::from_source(source).buffer_lossy(3, overflow).into_stream();
        let control = stream.control();
        let mut items = pin!(stream);
        probe.send(0);
        let next = poll_fn(|cx| items.as_mut().poll_next(cx)).await;
        assert_eq!(next, Some(0));
        for n in 1..10 {
            probe.send(n);
        }
        probe.end();
        // It takes them all, though nobody asks for any.
        while probe.taken() < 10 {
            settle().await;
        }
        settle().await;
        for n in kept {
            assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(n));
        }
        assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, None);
        let stats = control.stats();
        let stage = stats.stage("buffer_lossy").expect("it counts");
        assert_eq!((stage.taken, stage.delivered, stage.filtered, stage.left), (10, 4, 6, 0));
    }
}

#[anypipe::test]
async fn what_is_quick_enough_loses_nothing() {
    let all: Vec<u32> = timed(&[(0, 1), (1, 2), (2, 3)]).latest().collect().await;
    if is_exact() {
        assert_eq!(all, [1, 2, 3]);
    }
    assert_eq!(source::iter(Vec::<u32>::new()).latest().count().await, 0);
}

#[anypipe::test]
async fn the_latest_is_never_lost() {
    let slow = async |n: u32| {
        anypipe::time::sleep(ticks(2)).await;
        n
    };
    let all: Vec<u32> = timed(&[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]).latest().then(slow).collect().await;
    assert_eq!(all.last(), Some(&4));
    assert!(all.is_sorted());
    // An endless source that never waits.
    let gives_way = async |n: u32| {
        anypipe::task::yield_now().await;
        n
    };
    let some: Vec<u32> = source::iter(0..).latest().then(gives_way).rendezvous().take(3).collect().await;
    assert!(some.is_sorted() && some.len() == 3, "{some:?}");
}

#[anypipe::test]
async fn a_source_that_panics_is_no_end_of_a_buffer() {
    let resources = Resources::new();
    let held = resources.clone();
    let items = source::iter(0..9).map(move |n| {
        assert!(n != 5, "no more");
        held.hold(n)
    });
    let error =
        items.named("before").buffer_lossy(2, Overflow::DropOldest).count().checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("before")), "{error}");
    resources.assert_none_left();
    assert!(catch_unwind(|| drop(source::iter([1]).buffer_lossy(0, Overflow::DropNewest))).is_err());
}

#[anypipe::test]
async fn a_separator_is_between_two() {
    let of = async |n| source::iter(1..=n).intersperse(0).collect::<Vec<_>>().await;
    assert_eq!(of(0).await, [0; 0]);
    assert_eq!(of(1).await, [1]);
    assert_eq!(of(3).await, [1, 0, 2, 0, 3]);
    // It doesn't wait for the item behind.
    let (mut probe, source) = probe_source();
    let mut items = pin!(Pipeline::from_source(source).intersperse(0).into_stream());
    probe.send(1);
    assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(1));
}

#[anypipe::test]
async fn sorted_sources_are_one_sorted_source() {
    let by = |one: &(u32, u32), other: &(u32, u32)| one.0.cmp(&other.0);
    let mut expected: Vec<Vec<_>> =
        (0..5).map(|n| (0..40).map(|i| (i * 5 + n * i % 7, n)).collect()).collect();
    for part in &mut expected {
        part.sort_unstable();
    }
    let sources = expected.clone().into_iter().map(|part| source::iter(part).buffer(2));
    let all: Vec<_> = source::merge_sorted_by(sources, by).collect().await;
    let mut expected = expected.concat();
    // By the first alone, and of equal ones the first source: that is by both.
    expected.sort_unstable();
    assert_eq!(all, expected);
    let both = source::iter([1, 4, 9]).merge_sorted_by(source::iter([2, 4]), u32::cmp);
    assert_eq!(both.collect::<Vec<_>>().await, [1, 2, 4, 4, 9]);
    let none: [Vec<u32>; 0] = [];
    assert_eq!(source::merge_sorted_by(none.map(source::iter), u32::cmp).count().await, 0);
}

#[anypipe::test]
async fn one_that_waits_holds_back_what_is_sorted() {
    let (mut probe, source) = probe_source();
    let sorted = source::iter([1, 5]).merge_sorted_by(Pipeline::from_source(source), u32::cmp);
    let mut items = pin!(sorted.into_stream());
    poll_fn(|cx| {
        assert!(items.as_mut().poll_next(cx).is_pending(), "a smaller one may come");
        std::task::Poll::Ready(())
    })
    .await;
    probe.send(0);
    probe.end();
    for n in [0, 1, 5] {
        assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(n));
    }
}

#[anypipe::test]
async fn what_is_urgent_comes_first_and_starves_nobody() {
    let all = |most| source::iter(0..6).merge_first(source::iter(10..13), most).collect::<Vec<_>>();
    assert_eq!(all(2).await, [0, 1, 10, 2, 3, 11, 4, 5, 12]);
    assert_eq!(all(4).await, [0, 1, 2, 3, 10, 4, 5, 11, 12]);
    assert_eq!(all(usize::MAX).await, [0, 1, 2, 3, 4, 5, 10, 11, 12]);
    // Three classes.
    let low = source::iter(10..12).merge_first(source::iter(20..22), 1);
    let all: Vec<u32> = source::iter(0..4).merge_first(low, 2).collect().await;
    assert_eq!(all, [0, 1, 10, 2, 3, 20, 11, 21]);
    // The same as a list, where what is behind is counted from the first on.
    let classes = [source::iter(0..4), source::iter(10..13), source::iter(20..22)];
    let all: Vec<u32> = source::merge_first(classes, 2).collect().await;
    assert_eq!(all, [0, 1, 10, 2, 20, 3, 11, 12, 21]);
    assert_eq!(source::merge_first(Vec::<BoxPipeline<u32>>::new(), 1).count().await, 0);
    // Where the first has none the other goes on at once.
    let (mut probe, source) = probe_source();
    let mut items = pin!(Pipeline::from_source(source).merge_first(source::iter(1..4), 9).into_stream());
    assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(1));
    probe.send(7);
    assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(7));
    assert!(
        catch_unwind(AssertUnwindSafe(|| drop(source::iter([1]).merge_first(source::iter([2]), 0)))).is_err()
    );
    assert!(catch_unwind(AssertUnwindSafe(|| drop(source::merge_first([source::iter([1])], 0)))).is_err());
}

#[anypipe::test]
async fn two_collections_of_one_pipeline() {
    let (even, odd) = source::iter(1..=5).partition::<Vec<_>, _>(|n| n % 2 == 0).await;
    assert_eq!((even, odd), (vec![2, 4], vec![1, 3, 5]));
    let (numbers, words): (Vec<u32>, String) = source::iter([(1, "a"), (2, "b")]).unzip().await;
    assert_eq!((numbers, words), (vec![1, 2], "ab".to_owned()));
}
