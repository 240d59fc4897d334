//! Stages with a state for each worker, and tasks of the user's own, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use anypipe::prelude::*;

/// Makes states and counts them.
#[derive(Clone, Default)]
struct Maker(Arc<AtomicUsize>);

impl Maker {
    fn make(&self) -> Vec<u32> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Vec::new()
    }

    fn made(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn remember(seen: &mut Vec<u32>, n: u32) -> u32 {
    assert!(seen.last().is_none_or(|last| *last < n), "a worker's items come in order");
    seen.push(n);
    n
}

#[anypipe::test(seeds = 8)]
async fn map_with_makes_a_state_for_each_worker() {
    let all: Vec<u32> = (0..60).collect();
    let maker = Maker::default();
    let init = {
        let maker = maker.clone();
        move || maker.make()
    };
    let fused = Pipeline::range(0..60).map_with(init.clone(), remember);
    assert_eq!(fused.collect::<Vec<_>>().await, all);
    assert_eq!(maker.made(), 1);
    let workers = Pipeline::range(0..60).map_with(init.clone(), remember).workers(3);
    assert_eq!(workers.collect::<Vec<_>>().await, all);
    assert!((2..=4).contains(&maker.made()), "one for each of three workers at most");
    let before = maker.made();
    let blocking = Pipeline::range(0..60).map_with(init, remember).workers(2).blocking();
    assert_eq!(blocking.collect::<Vec<_>>().await, all);
    assert!((1..=2).contains(&(maker.made() - before)), "the state goes from job to job");
    let fails = Pipeline::range(0..9).map_with(|| -> u8 { panic!("no state") }, |_, n| n).workers(1);
    let error = fails.named("parse").count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `parse` panicked: no state");
    let fails = Pipeline::range(0..9).map_with(|| 0u8, |_, n: i32| assert!(n < 4, "four")).blocking();
    let error = fails.count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `map_with` panicked: four");
}

#[anypipe::test(seeds = 8)]
async fn then_with_lends_a_state() {
    let maker = Maker::default();
    let init = {
        let maker = maker.clone();
        move || {
            let maker = maker.clone();
            async move {
                anypipe::task::yield_now().await;
                maker.make()
            }
        }
    };
    let workers = Pipeline::range(0..60)
        .then_with(init.clone(), async |seen, n| {
            let n = remember(seen, n);
            anypipe::task::yield_now().await;
            seen.push(n);
            n
        })
        .workers(3);
    assert_eq!(workers.collect::<Vec<_>>().await, (0..60).collect::<Vec<u32>>());
    assert!((1..=3).contains(&maker.made()));
    // Without items there is no state.
    let none = Maker::default();
    let unused = none.clone();
    let init = move || std::future::ready(unused.make());
    assert_eq!(Pipeline::empty::<u32>().then_with(init, async |_, n| n).workers(3).count().await, 0);
    assert_eq!(none.made(), 0);
    // Beside a pipeline, what the closure takes is said.
    let segment = then_with(
        async || 10u32,
        async |sum: &mut u32, n: u32| {
            *sum += n;
            *sum
        },
    );
    assert_eq!((source::range(0..4) | segment).collect::<Vec<_>>().await, [10, 11, 13, 16]);
}

#[anypipe::test(seeds = 8)]
async fn a_state_that_fails_is_tried_again_and_loses_no_error() {
    let tries = Arc::new(AtomicU32::new(0));
    let connect = move || {
        let tries = Arc::clone(&tries);
        async move {
            match tries.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err("refused"),
                n => Ok(n),
            }
        }
    };
    let pipeline = Pipeline::range(0..5).try_then_with(connect, async |connection, n| match n {
        3 => Err("no answer"),
        n => Ok(*connection * 10 + n),
    });
    let results: Vec<Result<u32, &str>> = pipeline.collect().await;
    assert_eq!(results, [Err("refused"), Err("refused"), Ok(22), Err("no answer"), Ok(24)]);
    let down = Pipeline::range(0..).try_then_with(async || Err::<u8, _>("down"), async |_, n: i32| Ok(n));
    assert_eq!(down.workers(3).try_collect::<Vec<_>>().await, Err("down"));
}

#[anypipe::test(seeds = 8)]
async fn a_task_of_your_own() {
    // It may take and give as many as it likes, when it likes.
    let doubled = Pipeline::range(0..20).stage(|mut input, output| async move {
        let mut last = None;
        while let Some(n) = input.recv().await {
            last = Some(n);
            if n % 2 == 0 && output.send_many([n, n]).await.is_err() {
                return;
            }
        }
        output.send(last.unwrap_or(-1)).await.expect("it is taken");
    });
    let expected: Vec<i32> = (0..20).step_by(2).flat_map(|n| [n, n]).chain([19]).collect();
    assert_eq!(doubled.buffer_size(2).collect::<Vec<_>>().await, expected);

    // It may stop early: what is before it stops too.
    let first = Pipeline::range(0..).then(async |n| n).workers(2).stage(|mut input, output| async move {
        if let Some(n) = input.recv().await {
            output.send(n).await.expect("it is taken");
        }
    });
    assert_eq!(first.rendezvous().collect::<Vec<_>>().await, [0]);

    // It is dropped when nobody takes its output, even while it waits.
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    let waits = Pipeline::never::<u8>().stage(|mut input, output| async move {
        output.send(1).await.expect("it is taken");
        input.recv().await;
        drop(held);
    });
    assert_eq!(waits.first().await, Some(1));
    assert_eq!(Arc::strong_count(&dropped), 1);

    // A panic has its name, and what is before it can't make it look complete.
    let fails = Pipeline::range(0..9).stage(|mut input, _output: anypipe::channel::Sender<u8>| async move {
        while input.recv().await.is_some_and(|n| n < 4) {}
        panic!("four");
    });
    let error = fails.named("mine").count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `mine` panicked: four");
    let before =
        Pipeline::range(0..9).then(async |n| assert!(n < 4, "four")).stage(async |mut input, output| {
            while let Some(item) = input.recv().await {
                output.send(item).await.expect("it is taken");
            }
        });
    let error = before.count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `then` panicked: four");
}

#[cfg(feature = "sim")]
#[anypipe::test(sim, seeds = 8, jitter = 0)]
async fn workers_connect_at_the_same_time() {
    const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
    let start = anypipe::time::now();
    let connect = || anypipe::time::sleep(SECOND);
    let pipeline = Pipeline::range(0..6).then_with(connect, async |(), n| {
        anypipe::time::sleep(SECOND).await;
        n
    });
    assert_eq!(pipeline.workers(3).count().await, 6);
    assert_eq!(anypipe::time::now() - start, 3 * SECOND);
}
