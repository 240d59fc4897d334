//! Stages with a sink behind them, what sinks tell as branches, and sinks that can fail, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::sync::{Arc, Mutex};

use anypipe::prelude::*;
use common::settle;

/// What a sink has kept, batch by batch.
type Kept = Arc<Mutex<Vec<Vec<i64>>>>;

/// A sink that keeps batches of three, and what it has kept.
fn batches() -> (Kept, impl Sink<i64, Output = Result<(), String>> + Clone) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&kept);
    let keep = move |batch| {
        keeps.lock().unwrap().push(batch);
        Ok(())
    };
    (kept, chunks(3) | sink::try_each(keep))
}

#[anypipe::test]
async fn stages_before_a_sink_are_part_of_it() {
    let in_threes = |all: &[i64]| all.chunks(3).map(<[i64]>::to_vec).collect::<Vec<_>>();
    let (kept, sink) = batches();
    assert_eq!(source::iter(0..8).into_sink(sink).await, Ok(()));
    assert_eq!(*kept.lock().unwrap(), in_threes(&[0, 1, 2, 3, 4, 5, 6, 7]));

    let (kept, sink) = batches();
    assert_eq!(source::iter(0..8).tee(sink).count().await, 8);
    assert_eq!(*kept.lock().unwrap(), in_threes(&[0, 1, 2, 3, 4, 5, 6, 7]));

    let (kept, sink) = batches();
    let odd = |n: i64| if n % 2 == 1 { Err(n) } else { Ok(n) };
    assert_eq!(source::iter(0..8).map(odd).dead_letter(sink).count().await, 4);
    assert_eq!(*kept.lock().unwrap(), in_threes(&[1, 3, 5, 7]));

    let (kept, sink) = batches();
    let branches = (map(|n: i64| n), sink.into_silent_stage());
    assert_eq!(source::iter(0..8).broadcast(branches).count().await, 8);
    assert_eq!(kept.lock().unwrap().concat(), [0, 1, 2, 3, 4, 5, 6, 7]);

    let (kept, sink) = batches();
    let branches = (map(|n: i64| n), sink.into_silent_stage());
    assert_eq!(source::iter(0..8).route(|n| usize::from(*n > 3), branches).count().await, 4);
    assert_eq!(kept.lock().unwrap().concat(), [4, 5, 6, 7]);
}

#[anypipe::test]
async fn stages_before_a_sink_may_have_tasks() {
    let squares = then(async |n: i64| n * n).workers(3).buffer_size(2).into_sink(sink::sum::<i64>());
    assert_eq!(source::iter(0..5).into_sink(squares).await, 30);
    let nested = map(|n: i64| n + 1) | (filter(|n: &i64| n % 2 == 0) | sink::count());
    assert_eq!(source::iter(0..5).into_sink(nested).await, 2);
}

#[anypipe::test]
async fn what_a_sink_holds_is_counted() {
    let held = |sink| source::iter(0..9).tee(sink).max_in_flight();
    let batches = chunks(10).into_sink(sink::for_each(|batch: Vec<i32>| drop(batch)));
    assert_eq!(held(batches), Holds::at_most(64 + 10));
    let stage = (chunks(10) | sink::count()).into_stage();
    assert_eq!(Stage::<i32>::holds(&stage), Holds::at_most(10 + 1));
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Count(usize),
    Sum(Result<i64, String>),
    Item(i64),
}

#[anypipe::test]
async fn branches_tell_their_aggregates() {
    let add = |sum: i64, n: i64| if n == 7 { Err("seven".to_owned()) } else { Ok(sum + n) };
    for (all, sum) in [(5, Ok(10)), (9, Err("seven".to_owned()))] {
        let branches = (
            sink::count().into_stage().map(Told::Count),
            (map(Ok::<_, String>) | sink::try_fold(0, add)).into_stage().map(Told::Sum),
            filter(|n: &i64| *n == 3).map(Told::Item),
        );
        let mut told: Vec<_> = source::iter(0..all).broadcast(branches).collect().await;
        told.sort();
        assert_eq!(told, [Told::Count(usize::try_from(all).unwrap()), Told::Sum(sum), Told::Item(3)]);
    }
}

#[anypipe::test]
async fn a_stop_lets_a_branch_tell_what_it_has() {
    let endless = source::iter(0..5).chain(source::never());
    let running = endless.broadcast((sink::count().into_stage(),)).collect::<Vec<usize>>().start();
    settle().await;
    running.control().stop();
    assert_eq!(running.await.unwrap(), [5]);
}

fn small(n: i64) -> Result<(), i64> {
    if n < 3 { Ok(()) } else { Err(n) }
}

#[anypipe::test]
async fn the_first_error_of_a_closure_ends_the_run() {
    assert_eq!(source::iter(0..9).try_each(small).await, Err(3));
    assert_eq!(source::iter(0..9).try_each_async(async |n| small(n)).await, Err(3));
    assert_eq!(source::iter(0..3).try_each(small).await, Ok(()));
    assert_eq!(source::iter(0..3).try_each_async(async |n| small(n)).await, Ok(()));
    let all = (3..6).collect::<Vec<_>>();
    assert_eq!(source::iter(0..6).try_each(small).all_errors().await, Err(all.clone()));
    assert_eq!(source::iter(0..6).try_each_async(async |n| small(n)).all_errors().await, Err(all));
}

#[anypipe::test]
async fn an_error_of_a_sink_beside_the_way_fails_the_run() {
    let full = chunks(4) | sink::try_each(|_: Vec<i64>| Err("the disk is full"));
    let error = source::iter(0..9).tee(full).drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), r#"stage `tee` panicked: the sink failed: "the disk is full""#);
}

#[anypipe::test]
async fn forms_of_a_log_that_lose_nothing() {
    // What ends early stands before the log.
    let (log, sink) = batches();
    assert_eq!(source::iter(0..).take(10).tee(sink).count().await, 10);
    assert_eq!(log.lock().unwrap().concat(), (0..10).collect::<Vec<_>>());

    // Or an item is written before it goes on, here in batches.
    let log = Arc::new(Mutex::new(Vec::new()));
    let write = using(Arc::clone(&log), async |log: &Arc<Mutex<Vec<i64>>>, batch: Vec<i64>| {
        anypipe::task::yield_now().await;
        log.lock().unwrap().extend(&batch);
        batch
    });
    let written = Arc::clone(&log);
    let seen = move |n: &i64| written.lock().unwrap().contains(n);
    let some: Vec<bool> =
        source::iter(0..).chunks(3).then(write).flatten().map(move |n| seen(&n)).take(10).collect().await;
    assert_eq!(some, [true; 10]);
}
