//! A library on anypipe: it names no runtime, and turns on no feature.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::current;
use anypipe::sync::{Barrier, Lock};
use anypipe::task::{blocking, task_group};
use anypipe::time::{move_on_after, sleep};

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
    let (names, square) = (group().await, run(pause).await);
    told(names, square)
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
    let names = group().checked().await?;
    run(pause).checked().await.map(|square| told(names, square))
}

/// Where each child of a group was that waits for the others, under a limit of time and with blocking work beside it.
fn group() -> Run<BTreeSet<&'static str>> {
    task_group(|group| async move {
        let shared = Arc::new((Barrier::new(3), Lock::new(0)));
        let child = || {
            let shared = Arc::clone(&shared);
            group.spawn(async move {
                let (barrier, count) = &*shared;
                *count.lock().await += 1;
                move_on_after(Duration::from_secs(3600), barrier.wait()).await.expect("all of them come");
                sleep(Duration::from_micros(200)).await;
                current().name()
            })
        };
        let children = [child(), child(), child()];
        let mut names = BTreeSet::from([blocking(|| current().name()).await]);
        for child in children {
            names.insert(child.await.expect("it is not cancelled"));
        }
        assert_eq!(*shared.1.lock().await, 3);
        names
    })
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

fn told(of_group: BTreeSet<&'static str>, (names, sum): Square) -> String {
    let names: Vec<_> = names.union(&of_group).copied().collect();
    format!("{} {sum}", names.join(" and "))
}
