//! A first pipeline on every backend.
#![cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
use anypipe::prelude::*;
use std::time::Duration;

fn parse() -> Segment<impl Stage<String, Out = usize>> {
    then(async |word: String| word.len()).workers(3) | map(|n: usize| n * 2)
}

async fn body() {
    let all: Vec<u64> = Pipeline::from_iter(0..1000u64).then(async |n| n + 1).map(|n| n * 2).collect().await;
    assert_eq!(all, (0..1000).map(|n| (n + 1) * 2).collect::<Vec<_>>());
    let all: Vec<u64> = Pipeline::from_iter(0..1000u64)
        .then(async |n| {
            if n % 100 == 0 {
                anypipe::time::sleep(Duration::from_millis(n % 7)).await;
            }
            n + 1
        })
        .workers(4)
        .buffer_size(3)
        .map(|n| n * 2)
        .collect()
        .await;
    assert_eq!(all, (0..1000).map(|n| (n + 1) * 2).collect::<Vec<_>>());
    let mut all: Vec<u64> = Pipeline::from_iter(0..10000u64)
        .then(async |n| n + 1)
        .workers(4)
        .unordered()
        .filter(|n| n % 2 == 0)
        .collect()
        .await;
    all.sort_unstable();
    assert_eq!(all, (1..=10000).filter(|n| n % 2 == 0).collect::<Vec<_>>());
    let lens: Vec<usize> =
        (Pipeline::from_iter(vec!["a".to_string(), "bb".into()]) | parse()).collect().await;
    assert_eq!(lens, [2, 4]);
    let first: Vec<u64> = Pipeline::from_iter(0..).then(async |n| n).workers(8).take(3).collect().await;
    assert_eq!(first, [0, 1, 2]);
    let blocking: Vec<u64> =
        Pipeline::from_iter(0..50).map(|n| n * 3).workers(4).blocking().workers(3).collect().await;
    assert_eq!(blocking.len(), 50);
    let error = Pipeline::from_iter(0..100)
        .then(async |n| {
            assert!(n != 50, "fifty");
            n
        })
        .workers(4)
        .named("risky")
        .collect::<Vec<_>>()
        .checked()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "stage `risky` panicked: fifty");
    let r: Result<Vec<u32>, String> = Pipeline::from_iter(["1", "x", "y"])
        .map(|t| t.parse::<u32>().map_err(|_| t.to_string()))
        .and_then(async |n| Ok(n))
        .try_collect()
        .await;
    assert_eq!(r.unwrap_err(), "x");
    let r: Result<Vec<u32>, Vec<String>> = Pipeline::from_iter(["1", "x", "y"])
        .map(|t| t.parse::<u32>().map_err(|_| t.to_string()))
        .and_then(async |n| Ok(n))
        .try_collect()
        .all_errors()
        .await;
    assert_eq!(r.unwrap_err(), ["x", "y"]);
    let running = Pipeline::from_fn(|s| async move {
        for i in 0..10 {
            s.send(i).await.unwrap();
        }
    })
    .flat_map(|n| vec![n; 2])
    .collect::<Vec<i32>>()
    .start();
    assert_eq!(running.await.unwrap().len(), 20);
}

#[cfg(feature = "tokio")]
#[test]
fn tokio() {
    anypipe::run_on(anypipe::runtime::Tokio::multi_thread(2), body());
    anypipe::run_on(anypipe::runtime::Tokio::current_thread(), body());
}
#[cfg(feature = "smol")]
#[test]
fn smol() {
    anypipe::run_on(anypipe::runtime::Smol::new(), body());
}
#[cfg(feature = "async-std")]
#[test]
fn async_std() {
    anypipe::run_on(anypipe::runtime::AsyncStd::new(), body());
}
