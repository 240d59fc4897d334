//! Eight workers with futures that complete at once, on one input.

use std::future::ready;

use anypipe::prelude::*;
use futures_util::{StreamExt, stream};

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

pub async fn flume(on: &Bare, capacity: usize, items: u64) -> u64 {
    let (jobs, queue) = flume::bounded(capacity);
    let (results, done) = flume::bounded(capacity);
    on.spawn(async move {
        for n in 0..items {
            if jobs.send_async(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 0..WORKERS {
        let (queue, results) = (queue.clone(), results.clone());
        on.spawn(async move {
            while let Ok(n) = queue.recv_async().await {
                if results.send_async(ready(n).await).await.is_err() {
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
