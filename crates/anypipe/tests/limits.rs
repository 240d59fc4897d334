//! Limits that depend on items, and a run in hand, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::sleep;

#[anypipe::test]
async fn keyed_items_keep_their_order_and_never_overlap() {
    let working = Arc::new(Mutex::new(HashMap::<u64, usize>::new()));
    let items: Vec<(u64, u64)> = Pipeline::from_iter(0..60u64)
        .map(|n| (n % 5, n))
        .then(move |(key, n)| {
            let working = Arc::clone(&working);
            async move {
                let now = {
                    let mut working = working.lock().unwrap();
                    let count = working.entry(key).or_default();
                    *count += 1;
                    *count
                };
                assert_eq!(now, 1, "two items of key {key} at once");
                sleep(Duration::from_millis((n * 7) % 4)).await;
                *working.lock().unwrap().get_mut(&key).unwrap() -= 1;
                (key, n)
            }
        })
        .workers(4)
        .keyed(|(key, _)| *key)
        .collect()
        .await;
    assert_eq!(items.len(), 60);
    for key in 0..5 {
        let of_key: Vec<_> = items.iter().filter(|(other, _)| *other == key).map(|(_, n)| *n).collect();
        assert!(of_key.is_sorted(), "key {key} came as {of_key:?}");
    }
}

#[anypipe::test]
async fn a_weight_is_passed_by_one_item_at_the_most() {
    let waiting = Arc::new(AtomicUsize::new(0));
    let (made, taken) = (Arc::clone(&waiting), Arc::clone(&waiting));
    Pipeline::from_iter(0..200usize)
        .then(move |n| {
            let made = Arc::clone(&made);
            async move {
                let weight = n % 10 + 1;
                let before = made.fetch_add(weight, Ordering::SeqCst);
                assert!(before < 30 + 10, "{before} waited already");
                vec![0u8; weight]
            }
        })
        .buffer_weight(30, Vec::len)
        .for_each(move |item| {
            taken.fetch_sub(item.len(), Ordering::SeqCst);
        })
        .await;
    assert_eq!(waiting.load(Ordering::SeqCst), 0);
}

#[anypipe::test]
async fn a_stop_ends_the_source_and_loses_nothing() {
    let (seen, counted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (source, sink) = (Arc::clone(&seen), Arc::clone(&counted));
    let running = Pipeline::from_iter(0..)
        .inspect(move |_: &u64| {
            source.fetch_add(1, Ordering::SeqCst);
        })
        .then(async |n| {
            sleep(Duration::from_millis(1)).await;
            n
        })
        .workers(3)
        .for_each(move |_| {
            sink.fetch_add(1, Ordering::SeqCst);
        })
        .start();
    let control = running.control();
    sleep(Duration::from_millis(20)).await;
    control.stop();
    running.await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), counted.load(Ordering::SeqCst));
    let stats = control.stats();
    let stage = stats.stage("then").unwrap();
    assert_eq!((stage.taken, stage.held()), (stage.delivered, 0));
    assert_eq!(stage.taken, seen.load(Ordering::SeqCst) as u64);
}

#[anypipe::test]
async fn a_pause_holds_the_source_and_not_the_items_on_their_way() {
    let counted = Arc::new(AtomicUsize::new(0));
    let sink = Arc::clone(&counted);
    let running = Pipeline::from_iter(0..)
        .then(async |n: u64| {
            sleep(Duration::from_millis(1)).await;
            n
        })
        .for_each(move |_| {
            sink.fetch_add(1, Ordering::SeqCst);
        })
        .start();
    let control = running.control();
    control.pause();
    // What was on its way when the pause began comes out; then nothing more does.
    sleep(Duration::from_millis(200)).await;
    while control.stats().stages.iter().any(|stage| stage.held() > 0) {
        sleep(Duration::from_millis(1)).await;
    }
    let before = counted.load(Ordering::SeqCst);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(counted.load(Ordering::SeqCst), before);
    control.resume();
    while counted.load(Ordering::SeqCst) < before + 10 {
        sleep(Duration::from_millis(1)).await;
    }
    control.cancel();
    assert!(running.await.unwrap_err().is_cancelled());
    let stats = control.stats();
    assert!(stats.stages.iter().all(|stage| stage.held() == 0), "{stats:?}");
}

#[anypipe::test]
async fn a_stop_with_a_grace_becomes_a_cancel() {
    let running = Pipeline::from_iter(0..2)
        .then(async |n: u64| {
            if n > 0 {
                std::future::pending::<()>().await;
            }
            n
        })
        .for_each(drop)
        .start();
    let control = running.control();
    control.stop_within(Duration::from_millis(50));
    assert!(running.await.map_or_else(|error| error.is_cancelled(), |()| true));
    assert!(control.stats().stages.iter().all(|stage| stage.held() == 0));
}

/// What a generator has sent is on its way, and comes out after a stop.
#[anypipe::test]
async fn a_stop_loses_nothing_that_a_generator_has_sent() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let generator = Pipeline::from_fn(move |sender| async move {
        while sender.send(1).await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
            if count.load(Ordering::SeqCst) % 7 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let slow = async |n: usize| {
        sleep(Duration::from_millis(1)).await;
        n
    };
    let other = Pipeline::from_iter(0..3).map(|_| 0);
    let running = generator.then(slow).buffer_size(2).merge(other).fold(0, |sum, n| sum + n).start();
    let control = running.control();
    sleep(Duration::from_millis(30)).await;
    control.stop();
    assert_eq!(running.await.unwrap(), sent.load(Ordering::SeqCst));
}
