//! `concat_map`, `flat_map_stream`, `switch_map`: what they mean, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::prelude::*;
use anypipe::time::{now, sleep};
use anypipe_sim::testing::{Resources, probe_source};
use common::{assert_order, assert_ticks, is_exact, settle, ticks, timed};

/// Three items of `n`, a tick apart, that hold a resource.
fn three(n: u32, resources: &Resources) -> Pipeline<impl Source<Item = u32> + use<>> {
    let resources = resources.clone();
    source::iter(0..3).then(move |part| {
        let held = resources.hold(());
        async move {
            let _held = held;
            sleep(ticks(1)).await;
            n * 10 + part
        }
    })
}

#[anypipe::test]
async fn concat_map_keeps_the_order_and_runs_ahead() {
    for (limit, length) in [(1, 9), (2, 6), (3, 3)] {
        let (start, resources) = (now(), Resources::new());
        let held = resources.clone();
        let all = source::iter(0..3).concat_map(move |n| three(n, &held), limit);
        assert_eq!(all.collect::<Vec<_>>().await, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
        assert_ticks(start, length);
        resources.assert_none_left();
    }
}

#[anypipe::test]
async fn no_more_than_the_limit_run_at_once() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = move || {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        (Arc::clone(&running), Arc::clone(&most))
    };
    let start = Arc::new(start);
    let inner = move |n: u64| {
        let start = Arc::clone(&start);
        Pipeline::from_fn(move |sender| async move {
            let (running, most) = start();
            for part in 0..3 {
                anypipe::task::yield_now().await;
                sender.send(n * 3 + part).await.unwrap();
            }
            assert!(most.load(Ordering::SeqCst) <= 4);
            running.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let all: Vec<u64> = source::iter(0..30).concat_map(inner.clone(), 4).collect().await;
    assert_eq!(all, (0..90).collect::<Vec<_>>());
    let mut all: Vec<u64> = source::iter(0..30).flat_map_stream(inner, 4).collect().await;
    all.sort_unstable();
    assert_eq!(all, (0..90).collect::<Vec<_>>());
}

#[anypipe::test]
async fn flat_map_stream_gives_items_as_they_come() {
    let start = now();
    let all = source::iter([0, 1]).flat_map_stream(|n| timed(&[(n + 1, n), (n + 3, n + 10)]), 2);
    let all: Vec<u32> = all.inspect(move |n| assert_ticks(start, n % 10 + 1 + n / 10 * 2)).collect().await;
    assert_order(all, [0, 1, 10, 11]);
}

#[anypipe::test]
async fn what_is_left_early_is_closed() {
    let resources = Resources::new();
    let held = resources.clone();
    let endless = move |n: u32| {
        let held = held.clone();
        source::iter(0..).map(move |_| held.hold(n)).then(async |item| item)
    };
    let some = source::iter(0..).flat_map_stream(endless.clone(), 5).take(20).count().await;
    assert_eq!(some, 20);
    resources.assert_none_left();
    assert_eq!(source::iter(0..).concat_map(endless, 3).take(20).count().await, 20);
    resources.assert_none_left();
}

#[anypipe::test]
async fn empty_ones_make_an_empty_one() {
    let none = |_: u32| source::iter(Vec::<u32>::new());
    assert_eq!(source::iter(0..1000).concat_map(none, 1).count().await, 0);
    assert_eq!(source::iter(0..1000).flat_map_stream(none, 3).count().await, 0);
    assert_eq!(source::iter(0..1000).switch_map(none).count().await, 0);
    assert_eq!(source::iter([]).concat_map(none, 2).count().await, 0);
}

#[anypipe::test]
async fn switch_map_gives_the_newest() {
    let (mut queries, input) = probe_source();
    let (mut first, second) = (probe_source(), probe_source());
    let resources = Resources::new();
    let held = resources.clone();
    let inner = std::sync::Mutex::new(vec![second.1, first.1]);
    let run = Pipeline::from_source(input)
        .switch_map(move |()| {
            let held = held.clone();
            let source = inner.lock().unwrap().pop().expect("two queries");
            Pipeline::from_source(source).then(move |n: u32| {
                let held = held.hold(());
                async move {
                    let _held = held;
                    n
                }
            })
        })
        .collect::<Vec<_>>()
        .start();
    queries.send(());
    first.0.wanted().await;
    first.0.send(1);
    settle().await;
    queries.send(());
    // Closed before the next starts.
    first.0.dropped().await;
    let mut second = second.0;
    second.wanted().await;
    second.send(2);
    queries.end();
    settle().await;
    second.send(3);
    second.end();
    let all = run.await.unwrap();
    if is_exact() {
        assert_eq!(all, [1, 2, 3]);
    }
    assert!(all.ends_with(&[2, 3]), "{all:?}");
    resources.assert_none_left();
}

#[anypipe::test]
async fn switch_map_joins_the_one_before() {
    let resources = Resources::new();
    let (held, sees) = (resources.clone(), resources.clone());
    let all = timed(&[(0, 0), (2, 1), (4, 2)]).switch_map(move |n| {
        sees.assert_none_left();
        three(n, &held)
    });
    let all: Vec<_> = all.collect().await;
    assert_eq!(all.last(), Some(&22));
    assert!(!is_exact() || all.len() <= 7, "{all:?}");
    resources.assert_none_left();
}

#[anypipe::test]
async fn a_panic_of_the_closure_names_the_stage() {
    let boom = |_: u32| -> Pipeline<anypipe::source::Gated<anypipe_stages::source::FromIter<[u32; 1]>>> {
        panic!("boom")
    };
    let error = source::iter(0..3).concat_map(boom, 2).drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `concat_map` panicked: boom");
    let error = source::iter(0..3).flat_map_stream(boom, 2).drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `flat_map_stream` panicked: boom");
    let error = source::iter(0..3).switch_map(boom).named("newest").drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `newest` panicked: boom");
}

#[anypipe::test]
async fn a_panic_inside_fails_the_run() {
    let inner = |n: u32| source::iter(0..5).map(move |m| if n + m == 6 { panic!("six") } else { m });
    let error = source::iter(0..3).concat_map(inner, 2).drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `map` panicked: six");
}

#[test]
fn no_place_is_refused() {
    let inner = |n: u32| source::iter([n]);
    let refused = |build: &dyn Fn()| catch_unwind(AssertUnwindSafe(build)).is_err();
    assert!(refused(&|| drop(source::iter(0..3).concat_map(inner, 0))));
    assert!(refused(&|| drop(source::iter(0..3).flat_map_stream(inner, 0))));
}
