//! Four tasks in a row, each with a channel behind it, and a consumer that sums.

use std::future::Future;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::task::{TaskGroup, task_group};

use crate::bare::Bare;

pub async fn anypipe(_: &Bare, capacity: usize, items: u64) -> u64 {
    Pipeline::from_iter(0..items)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .fold(0, |sum, n| sum + n)
        .await
}

/// As [`anypipe`], with a future for each item, as most users' stages have.
pub async fn anypipe_then(_: &Bare, capacity: usize, items: u64) -> u64 {
    Pipeline::from_iter(0..items)
        .then(async |n| n)
        .buffer_size(capacity)
        .then(async |n| n)
        .buffer_size(capacity)
        .then(async |n| n)
        .buffer_size(capacity)
        .then(async |n| n)
        .buffer_size(capacity)
        .fold(0, |sum, n| sum + n)
        .await
}

/// As [`anypipe`], watched from its beginning.
pub async fn watched(_: &Bare, capacity: usize, items: u64) -> u64 {
    Pipeline::from_iter(0..items)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .fold(0, |sum, n| sum + n)
        .watch(Duration::from_secs(1), drop)
        .await
}

/// The four with nothing behind them: each item waits in its task until it is taken.
pub async fn rendezvous(_: &Bare, _: usize, items: u64) -> u64 {
    Pipeline::from_iter(0..items)
        .boundary()
        .rendezvous()
        .boundary()
        .rendezvous()
        .boundary()
        .rendezvous()
        .boundary()
        .rendezvous()
        .fold(0, |sum, n| sum + n)
        .await
}

/// What spawns the tasks of those that are wired by hand.
pub trait Spawns {
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static);
}

impl Spawns for Bare {
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        Self::spawn(self, future);
    }
}

impl<R: Send + 'static> Spawns for TaskGroup<R> {
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(Self::spawn(self, future));
    }
}

/// As [`tokio`], in tasks of a group, which has what a pipeline's have: they are joined, cancelled, and their panics told.
pub async fn tokio_in_group(_: &Bare, capacity: usize, items: u64) -> u64 {
    task_group(async move |group| tokio(&group, capacity, items).await).await
}

/// The four by hand: how a channel is made, and what sends to it and receives from it until it is closed.
macro_rules! by_hand {
    ($name:ident, $channel:path, |$sender:ident, $n:ident| $send:expr, |$receiver:ident| $receive:expr) => {
        pub async fn $name(on: &impl Spawns, capacity: usize, items: u64) -> u64 {
            let ($sender, mut last) = $channel(capacity);
            on.spawn(async move {
                for $n in 0..items {
                    if $send.await.is_err() {
                        return;
                    }
                }
            });
            for _ in 1..4 {
                let ($sender, next) = $channel(capacity);
                #[allow(unused_mut, reason = "tokio's alone receives with `&mut`")]
                let mut $receiver = std::mem::replace(&mut last, next);
                on.spawn(async move {
                    while let Some($n) = $receive {
                        if $send.await.is_err() {
                            return;
                        }
                    }
                });
            }
            let mut sum = 0;
            #[allow(unused_mut, reason = "tokio's alone receives with `&mut`")]
            let mut $receiver = last;
            while let Some(n) = $receive {
                sum += n;
            }
            sum
        }
    };
}

by_hand!(tokio, tokio::sync::mpsc::channel, |sender, n| sender.send(n), |receiver| receiver.recv().await);
by_hand!(flume, flume::bounded, |sender, n| sender.send_async(n), |receiver| {
    receiver.recv_async().await.ok()
});
by_hand!(crossfire, crossfire::spsc::bounded_async, |sender, n| sender.send(n), |receiver| {
    receiver.recv().await.ok()
});
by_hand!(kanal, kanal::bounded_async, |sender, n| sender.send(n), |receiver| receiver.recv().await.ok());
by_hand!(async_channel, async_channel::bounded, |sender, n| sender.send(n), |receiver| {
    receiver.recv().await.ok()
});
by_hand!(rendezvous_channel, rendezvous_of, |sender, n| sender.send(n), |receiver| receiver
    .recv()
    .await
    .ok());

/// The channel that users send through, without a buffer.
fn rendezvous_of<T>(_: usize) -> (anypipe::channel::Sender<T>, anypipe::channel::Receiver<T>) {
    anypipe::channel::rendezvous()
}

/// tokio's, where each task takes all there is in one go, and sends one by one.
pub async fn tokio_many(on: &Bare, capacity: usize, items: u64) -> u64 {
    let (sender, mut last) = tokio::sync::mpsc::channel(capacity);
    on.spawn(async move {
        for n in 0..items {
            if sender.send(n).await.is_err() {
                return;
            }
        }
    });
    for _ in 1..4 {
        let (sender, next) = tokio::sync::mpsc::channel(capacity);
        let mut receiver = std::mem::replace(&mut last, next);
        on.spawn(async move {
            let mut taken = Vec::with_capacity(capacity);
            while receiver.recv_many(&mut taken, capacity).await > 0 {
                for n in taken.drain(..) {
                    if sender.send(n).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
    let mut sum = 0;
    let mut taken = Vec::with_capacity(capacity);
    while last.recv_many(&mut taken, capacity).await > 0 {
        sum += taken.drain(..).sum::<u64>();
    }
    sum
}
