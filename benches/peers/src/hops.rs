//! Four tasks in a row, each with a channel behind it, and a consumer.

use anypipe::prelude::*;

use crate::ITEMS;

pub async fn anypipe(capacity: usize) -> u64 {
    Pipeline::from_iter(0..ITEMS)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .fold(0, |sum, n| sum + n)
        .await
}

pub async fn tokio(capacity: usize) -> u64 {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(capacity);
    tokio::spawn(async move {
        for n in 0..ITEMS {
            if sender.send(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 1..4 {
        let (sender, next) = tokio::sync::mpsc::channel(capacity);
        let mut input = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Some(n) = input.recv().await {
                if sender.send(n).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut sum = 0;
    while let Some(n) = receiver.recv().await {
        sum += n;
    }
    sum
}

pub async fn flume(capacity: usize) -> u64 {
    let (sender, mut receiver) = flume::bounded(capacity);
    tokio::spawn(async move {
        for n in 0..ITEMS {
            if sender.send_async(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 1..4 {
        let (sender, next) = flume::bounded(capacity);
        let input = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Ok(n) = input.recv_async().await {
                if sender.send_async(n).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut sum = 0;
    while let Ok(n) = receiver.recv_async().await {
        sum += n;
    }
    sum
}

pub async fn async_channel(capacity: usize) -> u64 {
    let (sender, mut receiver) = async_channel::bounded(capacity);
    tokio::spawn(async move {
        for n in 0..ITEMS {
            if sender.send(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 1..4 {
        let (sender, next) = async_channel::bounded(capacity);
        let input = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Ok(n) = input.recv().await {
                if sender.send(n).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut sum = 0;
    while let Ok(n) = receiver.recv().await {
        sum += n;
    }
    sum
}
