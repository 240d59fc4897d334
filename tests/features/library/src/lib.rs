//! A library on anypipe: it names no runtime, and turns on no feature.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::current;
use anypipe::time::sleep;

/// The runtime that every stage ran on, and the sum of the first hundred squares: "tokio 338350".
///
/// `pause` is awaited for each item, by a stage: the application's own timer.
///
/// # Panics
///
/// Where the run fails.
pub async fn squares<F, Fut>(pause: F) -> String
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    told(run(pause).await)
}

/// As [`squares`], and the error where the run fails.
///
/// # Errors
///
/// Where the run fails.
pub async fn try_squares<F, Fut>(pause: F) -> Result<String, RunError>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    run(pause).checked().await.map(told)
}

/// Where each square was made, and the square.
type Square = (BTreeSet<&'static str>, u64);

/// A task that awaits the application's timer, workers that await anypipe's, and workers that block.
fn run<F, Fut>(pause: F) -> Run<Square>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Pipeline::from_iter(1..=100_u64)
        .then(move |n| {
            let pause = pause();
            async move {
                pause.await;
                (BTreeSet::from([current().name()]), n)
            }
        })
        .then(async |(mut names, n): Square| {
            sleep(Duration::from_micros(200)).await;
            names.insert(current().name());
            (names, n)
        })
        .workers(4)
        .map(|(names, n)| (names, n * n))
        .blocking()
        .workers(2)
        .fold((BTreeSet::new(), 0), |(mut all, sum), (names, square)| {
            all.extend(names);
            (all, sum + square)
        })
}

fn told((names, sum): Square) -> String {
    let names: Vec<_> = names.into_iter().collect();
    format!("{} {sum}", names.join(" and "))
}
