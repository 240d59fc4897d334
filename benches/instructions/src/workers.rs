//! Eight workers with futures that complete at once, on one input.

use std::future::{Future, poll_fn, ready};
use std::task::Poll;

use anypipe::prelude::*;
use futures_util::{StreamExt, stream};

use crate::CAPACITY;
use crate::bare::Bare;

const WORKERS: usize = 8;

pub async fn ordered(_: &Bare, capacity: usize, items: u64) -> u64 {
    let worked = Pipeline::from_iter(0..items).then(async |n| n).workers(WORKERS);
    worked.buffer_size(capacity).fold(0, |sum, n| sum + n).await
}

pub async fn unordered(_: &Bare, capacity: usize, items: u64) -> u64 {
    let worked = Pipeline::from_iter(0..items).then(async |n| n).workers(WORKERS);
    worked.buffer_size(capacity).unordered().fold(0, |sum, n| sum + n).await
}

pub async fn buffered(_: &Bare, _: usize, items: u64) -> u64 {
    let worked = stream::iter(0..items).map(|n| async move { n }).buffered(WORKERS);
    worked.fold(0, |sum, n| ready(sum + n)).await
}

pub async fn buffer_unordered(_: &Bare, _: usize, items: u64) -> u64 {
    let worked = stream::iter(0..items).map(|n| async move { n }).buffer_unordered(WORKERS);
    worked.fold(0, |sum, n| ready(sum + n)).await
}

/// So many workers, with futures that wait a turn.
pub async fn crowd(_: &Bare, workers: usize, items: u64) -> u64 {
    crowd_with(workers, CAPACITY, items).await
}

/// As [`crowd`], where there is room for what they make in one turn: none waits for it.
pub async fn crowd_roomy(_: &Bare, workers: usize, items: u64) -> u64 {
    crowd_with(workers, workers, items).await
}

async fn crowd_with(workers: usize, buffer: usize, items: u64) -> u64 {
    let worked = Pipeline::from_iter(0..items).then(turn).workers(workers);
    worked.buffer_size(buffer).unordered().fold(0, |sum, n| sum + n).await
}

/// Gives an item after a turn of the executor.
async fn turn(n: u64) -> u64 {
    let mut is_next = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_next, true) {
            return Poll::Ready(n);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

pub async fn flume(on: &Bare, capacity: usize, items: u64) -> u64 {
    by_hand(on, capacity, items, WORKERS, ready).await
}

pub async fn crowd_flume(on: &Bare, workers: usize, items: u64) -> u64 {
    by_hand(on, CAPACITY, items, workers, turn).await
}

pub async fn crowd_flume_roomy(on: &Bare, workers: usize, items: u64) -> u64 {
    by_hand(on, workers, items, workers, turn).await
}

async fn by_hand<F: Future<Output = u64> + Send + 'static>(
    on: &Bare,
    capacity: usize,
    items: u64,
    workers: usize,
    work: fn(u64) -> F,
) -> u64 {
    let (jobs, queue) = flume::bounded(capacity);
    let (results, done) = flume::bounded(capacity);
    on.spawn(async move {
        for n in 0..items {
            if jobs.send_async(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 0..workers {
        let (queue, results) = (queue.clone(), results.clone());
        on.spawn(async move {
            while let Ok(n) = queue.recv_async().await {
                if results.send_async(work(n).await).await.is_err() {
                    return;
                }
            }
        });
    }
    drop((queue, results));
    let mut sum = 0;
    while let Ok(n) = done.recv_async().await {
        sum += n;
    }
    sum
}
