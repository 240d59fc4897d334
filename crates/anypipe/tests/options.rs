//! Every option behind every kind of stage that can take it, in any order: one carrier, so no combination is
//! missing, and the results stay right.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::time::Duration;

use anypipe::prelude::*;
use anypipe::stage::RetryPolicy;
use anypipe::time::TimedOut;

fn numbers() -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_iter(0..40)
}

/// The numbers, whatever order they come in.
async fn all<S: Source<Item = u64>>(pipeline: Pipeline<S>) {
    let mut came: Vec<u64> = pipeline.collect().await;
    came.sort_unstable();
    assert_eq!(came, (0..40).collect::<Vec<_>>());
}

/// The options that leave items as they are.
macro_rules! leave {
    ($stage:expr) => {
        all($stage.workers(3)).await;
        all($stage.workers(3).unordered()).await;
        all($stage.workers(3).ordered().buffer_size(1)).await;
        all($stage.rendezvous().workers(2)).await;
        all($stage.named("same").workers(2)).await;
        all($stage.keyed(|n: &u64| n % 3).workers(3)).await;
        all($stage.workers(3).keyed(|n: &u64| n % 3).named("keyed").buffer_size(2)).await;
        all($stage.buffer_weight(9, |n: &u64| usize::try_from(*n).unwrap()).workers(3)).await;
        all($stage
            .workers(2)
            .buffer_weight(9, |n: &u64| usize::try_from(*n).unwrap())
            .keyed(|n: &u64| n % 3))
        .await;
        all($stage.keyed(|n: &u64| n % 3).buffer_weight(9, |_: &u64| 1).unordered().workers(3)).await;
    };
}

/// Those that wrap the work on each item.
macro_rules! wrap {
    ($stage:expr) => {
        let limit = Duration::from_secs(3600);
        all($stage.timeout_each(limit).workers(3).ok_only()).await;
        all($stage.workers(3).catch_panics().ok_only()).await;
        all($stage.keyed(|n: &u64| n % 3).timeout_each(limit).workers(3).ok_only()).await;
        all($stage.timeout_each(limit).keyed(|n: &u64| n % 3).workers(3).ok_only()).await;
        all($stage.timeout_each(limit).retry(RetryPolicy::new(2)).workers(3).ok_only()).await;
        all($stage.timeout_each(limit).located().workers(3).ok_only()).await;
        all($stage.timeout_each(limit).with_input().workers(3).ok_only()).await;
        all($stage.timeout_each(limit).buffer_weight(3, |_: &Result<u64, TimedOut>| 1).workers(3).ok_only())
            .await;
    };
}

/// Those of a synchronous closure.
macro_rules! block {
    ($stage:expr) => {
        let limit = Duration::from_secs(3600);
        leave!($stage.blocking());
        wrap!($stage.blocking());
        all($stage.workers(3).blocking().unordered()).await;
        all($stage.keyed(|n: &u64| n % 3).blocking().workers(3)).await;
        all($stage.buffer_weight(9, |_: &u64| 1).blocking().workers(3)).await;
        all($stage.timeout_each(limit).blocking().workers(3).ok_only()).await;
    };
}

#[anypipe::test(seeds = 3)]
async fn behind_closures() {
    leave!(numbers().map(|n| n));
    wrap!(numbers().map(|n| n));
    block!(numbers().map(|n| n));
    block!(numbers().filter(|_| true));
    block!(numbers().filter_map(Some));
    block!(numbers().inspect(|_| {}));
}

#[anypipe::test(seeds = 3)]
async fn behind_closures_with_a_state() {
    let same = |seen: &mut u64, n: u64| {
        *seen += 1;
        n
    };
    leave!(numbers().map_with(|| 0, same));
    wrap!(numbers().map_with(|| 0, same));
    block!(numbers().map_with(|| 0, same));
    leave!(numbers().then_with(async || 0_u64, async |_: &mut u64, n: u64| n));
    wrap!(numbers().then_with(async || 0_u64, async |_: &mut u64, n: u64| n));
}

#[anypipe::test(seeds = 3)]
async fn behind_asynchronous_closures() {
    leave!(numbers().then(async |n| n));
    wrap!(numbers().then(async |n| n));
    leave!(numbers().filter_async(async |_: &u64| true));
    leave!(numbers().filter_map_async(async |n| Some(n)));
}

#[anypipe::test(seeds = 3)]
async fn behind_rows() {
    all(numbers().flat_map(|n| [n]).keyed(|n: &u64| n % 3).blocking().workers(3)).await;
    all(numbers().flat_map(|n| [n]).blocking().keyed(|n: &u64| n % 3).unordered().workers(2)).await;
    all(numbers().flat_map_async(async |n| [n]).workers(3).buffer_size(1)).await;
}

#[anypipe::test(seeds = 3)]
async fn behind_what_works_on_results() {
    let results = || numbers().map(Ok::<u64, String>);
    let double = || results().and_then(async |n| Ok(n));
    all(double().keyed(|n: &Result<u64, String>| n.clone().unwrap_or(0) % 3).workers(3).ok_only()).await;
    all(double().buffer_weight(4, |_: &Result<u64, String>| 1).workers(2).unordered().ok_only()).await;
    all(double().retry(RetryPolicy::new(2)).keyed(|_: &Result<u64, String>| 0).ok_only()).await;
    all(results()
        .or_else(async |_| Ok::<u64, String>(0))
        .buffer_weight(4, |_: &Result<u64, String>| 1)
        .ok_only())
    .await;
}

#[anypipe::test(seeds = 3)]
async fn behind_what_has_only_a_buffer() {
    // What can be asked for a buffer alone, sources with a task among them.
    let count = |n: u64| async move { (n < 40).then_some((n, n + 1)) };
    assert_eq!(Pipeline::unfold(0, count).buffer_size(1).max_in_flight(), Holds::at_most(1));
    assert_eq!(Pipeline::unfold(0, count).rendezvous().max_in_flight(), Holds::at_most(1));
    all(Pipeline::unfold(0, count).buffer_size(1).named("count")).await;
    all(Pipeline::unfold(0, count).rendezvous()).await;
    let send = |sender: anypipe::channel::Sender<u64>| async move {
        sender.send_many(0..40).await.expect("they are received");
    };
    assert_eq!(Pipeline::from_fn(send).buffer_size(3).max_in_flight(), Holds::at_most(4));
    all(Pipeline::from_fn(send).buffer_size(3)).await;
    all(Pipeline::from_fn(send).rendezvous()).await;
    let pass = |mut input: anypipe::stage::Input<u64>, output: anypipe::channel::Sender<u64>| async move {
        while let Some(item) = input.recv().await {
            output.send(item).await.expect("it is received");
        }
    };
    all(numbers().stage(pass).buffer_size(2).named("pass")).await;
    all(numbers().stage(pass).rendezvous()).await;
}

#[anypipe::test(seeds = 3)]
async fn behind_what_has_one_task() {
    let sums = || numbers().scan((), |(), n: u64| Some(n));
    all(sums().buffer_size(2).named("sums")).await;
    all(sums().buffer_weight(9, |n: &u64| usize::try_from(*n).unwrap()).buffer_size(3)).await;
    all(numbers().take(99).buffer_size(1)).await;
    all(numbers().merge(Pipeline::empty()).buffer_weight(2, |_: &u64| 1)).await;
}

/// A closure keeps the name of its stage, whenever that is given.
#[anypipe::test(seeds = 3)]
async fn a_name_reaches_the_closure_and_the_task() {
    let bad = |(): &mut (), n: u64| {
        assert!(n < 3, "too many");
        Some(n)
    };
    let named = [
        numbers().scan((), bad).named("sums").buffer_size(2).drain(),
        numbers().scan((), bad).buffer_size(2).named("sums").drain(),
        numbers().scan((), bad).rendezvous().buffer_weight(2, |_: &u64| 1).named("sums").drain(),
    ];
    for run in named {
        assert_eq!(run.checked().await.unwrap_err().stage(), Some("sums"));
    }
}
