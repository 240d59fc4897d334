//! Boundaries with odd limits, and faults in the middle of their chunks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::prelude::*;
use anypipe::task::yield_now;

/// A panic without the hook's report.
fn quiet(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

fn bad(n: u64) -> u64 {
    if n == 700 { quiet("bad") } else { n }
}

/// The run panics, and every item its stage has taken is accounted for.
async fn balances<T: Send + 'static>(run: Run<T>) {
    let running = run.start();
    let control = running.control();
    let Err(error) = running.await else { panic!("the panic was lost") };
    assert!(error.is_panic(), "{error}");
    let stats = control.stats();
    let stage = &stats.stages[0];
    assert!(stage.taken > 0 && stage.held() == 0, "{stage:?}");
}

#[anypipe::test(seeds = 8)]
async fn a_panic_of_the_input_loses_no_count() {
    let numbers = || Pipeline::from_iter(0..9999);
    for workers in [1, 4] {
        balances(numbers().map(bad).then(async |n| n).workers(workers).count()).await;
        let held = numbers().map(bad).then(async |n| n).workers(workers).rendezvous();
        balances(held.count()).await;
        balances(numbers().then(async |n| bad(n)).workers(workers).count()).await;
        balances(
            numbers()
                .then(async |n| n)
                .workers(workers)
                .buffer_weight(9, |n| usize::from(bad(*n) > 0))
                .count(),
        )
        .await;
        balances(numbers().then(async |n| n).workers(workers).map(bad).count()).await;
    }
    balances(numbers().then(async |n| n).workers(4).keyed(|n| bad(*n) % 7).count()).await;
}

#[anypipe::test]
async fn a_panic_while_the_consumer_weighs_loses_no_count() {
    let weighed = Arc::new(AtomicUsize::new(0));
    let run = Pipeline::from_iter(0..99_u64).then(async |n| n).buffer_weight(9, move |_| {
        if weighed.fetch_add(1, Ordering::SeqCst) == 21 { quiet("too heavy") } else { 1 }
    });
    balances(run.count()).await;
}

#[anypipe::test]
async fn odd_weights_hold_nothing_up() {
    for workers in [1, 3] {
        let numbers = || Pipeline::from_iter(0..50_u64).then(async |n| n).workers(workers);
        let all: Vec<u64> = (0..50).collect();
        for max in [1, 9, usize::MAX] {
            assert_eq!(numbers().buffer_weight(max, |_| 0).collect::<Vec<_>>().await, all);
            assert_eq!(numbers().buffer_weight(max, |_| usize::MAX).collect::<Vec<_>>().await, all);
            // One that weighs the same item differently each time.
            let turn = AtomicUsize::new(0);
            let weigh = move |_: &u64| turn.fetch_add(3, Ordering::SeqCst) % 11;
            assert_eq!(numbers().buffer_weight(max, weigh).collect::<Vec<_>>().await, all);
        }
    }
}

#[anypipe::test]
async fn buffers_without_end_and_without_room() {
    let all: Vec<u64> = (0..200).collect();
    let numbers = || Pipeline::from_iter(0..200_u64);
    let slow = async |n: u64| {
        if n % 3 == 0 {
            yield_now().await;
        }
        n
    };
    for workers in [1, 2, 300] {
        let endless = numbers().then(slow).workers(workers).buffer_size(usize::MAX);
        assert_eq!(endless.collect::<Vec<_>>().await, all);
        let tight = numbers().then(slow).workers(workers).rendezvous().boundary().rendezvous();
        assert_eq!(tight.collect::<Vec<_>>().await, all);
        let one_key = numbers().then(slow).workers(workers).keyed(|_| ()).rendezvous();
        assert_eq!(one_key.collect::<Vec<_>>().await, all);
        let filtered = numbers().then(slow).workers(workers).rendezvous().filter_async(async |n| n % 2 == 0);
        let filtered = filtered.workers(workers).rendezvous().collect::<Vec<_>>().await;
        assert_eq!(filtered, (0..200).step_by(2).collect::<Vec<_>>());
    }
}
