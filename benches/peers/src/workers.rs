//! Eight workers on one input.

use anypipe::prelude::*;
use futures_util::{StreamExt, stream};

use crate::ITEMS;

const WORKERS: usize = 8;
const CAPACITY: usize = 64;

pub async fn anypipe() -> u64 {
    Pipeline::from_iter(0..ITEMS)
        .then(async |n| n)
        .workers(WORKERS)
        .buffer_size(CAPACITY)
        .fold(0, |sum, n| sum + n)
        .await
}

pub async fn buffered() -> u64 {
    let futures = stream::iter(0..ITEMS).map(|n| async move { n }).buffered(WORKERS);
    futures.fold(0, |sum, n| async move { sum + n }).await
}

pub async fn async_channel() -> u64 {
    let (jobs, queue) = async_channel::bounded(CAPACITY);
    let (results, done) = async_channel::bounded(CAPACITY);
    tokio::spawn(async move {
        for n in 0..ITEMS {
            if jobs.send(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 0..WORKERS {
        let (queue, results) = (queue.clone(), results.clone());
        tokio::spawn(async move {
            while let Ok(n) = queue.recv().await {
                if results.send(std::future::ready(n).await).await.is_err() {
                    return;
                }
            }
        });
    }
    drop((queue, results));
    let mut sum = 0;
    while let Ok(n) = done.recv().await {
        sum += n;
    }
    sum
}
