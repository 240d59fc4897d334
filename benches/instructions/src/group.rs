//! Futures in tasks of their own, and gathered: ready at once, or after a turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe::task;
use futures_util::future;
use tokio::sync::oneshot;

use crate::bare::Bare;

/// A future that gives a number.
struct Step {
    n: u64,
    /// True where it is woken once before.
    waits: bool,
}

impl Future for Step {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        if std::mem::take(&mut self.waits) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.n)
    }
}

fn steps(items: u64, waits: bool) -> impl Iterator<Item = Step> + Send {
    (0..items).map(move |n| Step { n, waits })
}

async fn group(items: u64, waits: bool) -> u64 {
    let all = task::task_group(move |group| async move {
        let handles: Vec<_> = steps(items, waits).map(|step| group.spawn(step)).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.expect("it doesn't panic");
        }
        sum
    });
    all.await
}

/// Tasks of the executor, each with a channel for what it gives.
async fn tasks(on: &Bare, items: u64, waits: bool) -> u64 {
    let spawned = steps(items, waits).map(|step| {
        let (sender, receiver) = oneshot::channel();
        on.spawn(async move { sender.send(step.await).expect("its receiver is there") });
        receiver
    });
    let handles: Vec<_> = spawned.collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("it doesn't panic");
    }
    sum
}

pub async fn anypipe(_: &Bare, _: usize, items: u64) -> u64 {
    group(items, false).await
}

pub async fn anypipe_turn(_: &Bare, _: usize, items: u64) -> u64 {
    group(items, true).await
}

pub async fn by_hand(on: &Bare, _: usize, items: u64) -> u64 {
    tasks(on, items, false).await
}

pub async fn by_hand_turn(on: &Bare, _: usize, items: u64) -> u64 {
    tasks(on, items, true).await
}

pub async fn gather(_: &Bare, _: usize, items: u64) -> u64 {
    task::gather(None, steps(items, false)).await.into_iter().sum()
}

pub async fn gather_turn(_: &Bare, _: usize, items: u64) -> u64 {
    task::gather(None, steps(items, true)).await.into_iter().sum()
}

pub async fn join_all(_: &Bare, _: usize, items: u64) -> u64 {
    future::join_all(steps(items, false)).await.into_iter().sum()
}

pub async fn join_all_turn(_: &Bare, _: usize, items: u64) -> u64 {
    future::join_all(steps(items, true)).await.into_iter().sum()
}
