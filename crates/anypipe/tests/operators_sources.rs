//! What the plain sources give, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::Arc;
use std::time::Duration;

use anypipe::prelude::*;

#[anypipe::test(seeds = 4)]
async fn plain_ones() {
    assert_eq!(Pipeline::once(7).collect::<Vec<_>>().await, [7]);
    assert_eq!(Pipeline::empty::<u8>().collect::<Vec<_>>().await, [0; 0]);
    assert_eq!(Pipeline::repeat('a').take(3).collect::<String>().await, "aaa");
    assert_eq!(Pipeline::range(2..5).collect::<Vec<_>>().await, [2, 3, 4]);
    assert_eq!(Pipeline::range(2..=5).count().await, 4);
    assert_eq!(Pipeline::range(2..).take(2).collect::<Vec<_>>().await, [2, 3]);
    assert_eq!(Pipeline::count_from(5, -2).take(3).collect::<Vec<_>>().await, [5, 3, 1]);
    // The largest number is given before the sum goes wrong.
    assert_eq!(Pipeline::count_from(254u8, 1).take(2).collect::<Vec<_>>().await, [254, 255]);
    let thrown: Vec<Result<u8, &str>> = Pipeline::throw("no").collect().await;
    assert_eq!(thrown, [Err("no")]);
    let sent = source::from_fn(async |sender: anypipe::channel::Sender<u8>| {
        sender.send(1).await.expect("it is taken");
    });
    assert_eq!(sent.collect::<Vec<_>>().await, [1]);
}

#[anypipe::test(seeds = 4)]
async fn repeat_n_gives_the_item_itself_last() {
    let item = Arc::new(());
    let watched = Arc::downgrade(&item);
    let items: Vec<Arc<()>> = Pipeline::repeat_n(item, 3).collect().await;
    assert_eq!((items.len(), watched.strong_count()), (3, 3));
    assert_eq!(Pipeline::repeat_n(Arc::new(()), 0).count().await, 0);
}

#[anypipe::test(seeds = 4)]
async fn never_waits_for_a_stop() {
    let running = Pipeline::never::<u8>().then(async |n| n).collect::<Vec<_>>().start();
    anypipe::task::yield_now().await;
    running.control().stop();
    assert_eq!(running.await.expect("a stop is no failure"), [0; 0]);
}

#[anypipe::test(seeds = 4)]
async fn unfold_ends_at_none() {
    let halve = async |n: u32| {
        anypipe::task::yield_now().await;
        (n > 0).then_some((n, n / 2))
    };
    assert_eq!(Pipeline::unfold(20, halve).collect::<Vec<_>>().await, [20, 10, 5, 2, 1]);
    // Its task ends when nobody takes its items any more.
    let endless = Pipeline::unfold(0, async |n| Some((n, n + 1)));
    assert_eq!(endless.max_in_flight(), Holds::at_most(64));
    assert_eq!(endless.clone().take(3).collect::<Vec<_>>().await, [0, 1, 2]);
    let hangs = Pipeline::unfold(0, async |n| {
        if n == 2 {
            std::future::pending::<()>().await;
        }
        Some((n, n + 1))
    });
    assert_eq!(hangs.take(2).collect::<Vec<_>>().await, [0, 1]);
    let fails = Pipeline::unfold(0, async |n| (n < 2).then_some((n, n + 1)).or_else(|| panic!("two")));
    let error = fails.count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `unfold` panicked: two");
}

#[cfg(feature = "sim")]
#[anypipe::test(sim, seeds = 8, jitter = 0)]
async fn interval_keeps_its_rhythm() {
    let start = anypipe::time::now();
    let ms = Duration::from_millis;
    // A consumer that takes 25 ms for its second item is late for the tick at 20, misses the one at 30,
    // and is in time again.
    let ticks: Vec<(u64, Duration)> = Pipeline::interval(ms(10))
        .take(5)
        .fold_async(Vec::new(), move |mut ticks, tick| async move {
            ticks.push((tick, anypipe::time::now() - start));
            if tick == 1 {
                anypipe::time::sleep(ms(25)).await;
            }
            ticks
        })
        .await;
    assert_eq!(ticks, [(0, ms(0)), (1, ms(10)), (2, ms(35)), (3, ms(40)), (4, ms(50))]);
}

#[anypipe::test(seeds = 2)]
async fn interval_on_every_clock() {
    let start = anypipe::time::now();
    let ticks: Vec<u64> = Pipeline::interval(Duration::from_millis(5)).take(3).collect().await;
    assert_eq!(ticks, [0, 1, 2]);
    assert!(anypipe::time::now() - start >= Duration::from_millis(10));
}

#[test]
#[should_panic(expected = "`interval(0)`")]
fn an_interval_of_zero_is_refused_when_it_is_built() {
    let _ = Pipeline::interval(Duration::ZERO);
}
