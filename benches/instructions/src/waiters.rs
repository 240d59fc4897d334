//! Very many who wait for one thing: each waits, is served in its turn or with all others, and a quarter leaves before.

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe::channel::{bounded, broadcast, oneshot, watch};
use anypipe::sync::{Barrier, CapacityLimiter, Condition, Event, Lock, OnceCell, RwLock, Semaphore};
use anypipe::task::CancelToken;

use crate::bare::Bare;

type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// So many waits, each of which is pending, but for a quarter that came and left: each fourth.
async fn all_wait<'a, F: Future<Output = ()> + 'a>(items: u64, wait: impl Fn() -> F) -> VecDeque<Wait<'a>> {
    let mut waits: VecDeque<Wait<'a>> = (0..items).map(|_| Box::pin(wait()) as Wait<'a>).collect();
    for wait in &mut waits {
        assert!(once(wait).await.is_pending());
    }
    let mut nth = 0;
    waits.retain(|_| {
        nth += 1;
        nth % 4 != 0
    });
    waits
}

async fn once(wait: &mut Wait<'_>) -> Poll<()> {
    poll_fn(|cx: &mut Context<'_>| Poll::Ready(wait.as_mut().poll(cx))).await
}

/// Awaits those that are left, in order, and gives the sum that is asked for.
async fn serve(items: u64, waits: VecDeque<Wait<'_>>) -> u64 {
    assert_eq!(waits.len() as u64, items - items / 4);
    for wait in waits {
        wait.await;
    }
    (0..items).sum()
}

pub async fn lock(_: &Bare, _: usize, items: u64) -> u64 {
    let lock = Lock::new(());
    let held = lock.lock().await;
    let waits = all_wait(items, || async { drop(lock.lock().await) }).await;
    drop(held);
    serve(items, waits).await
}

pub async fn rw_lock(_: &Bare, _: usize, items: u64) -> u64 {
    let lock = RwLock::new(());
    let held = lock.write().await;
    let waits = all_wait(items, || async { drop(lock.read().await) }).await;
    drop(held);
    serve(items, waits).await
}

pub async fn semaphore(_: &Bare, _: usize, items: u64) -> u64 {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await;
    let waits = all_wait(items, || async { drop(semaphore.acquire().await) }).await;
    drop(held);
    serve(items, waits).await
}

pub async fn limiter(_: &Bare, _: usize, items: u64) -> u64 {
    let limiter = CapacityLimiter::new(1);
    let held = limiter.acquire().await;
    let waits = all_wait(items, || async { drop(limiter.acquire().await) }).await;
    drop(held);
    serve(items, waits).await
}

pub async fn event(_: &Bare, _: usize, items: u64) -> u64 {
    let event = Event::new();
    let waits = all_wait(items, || event.wait()).await;
    event.set();
    serve(items, waits).await
}

pub async fn condition(_: &Bare, _: usize, items: u64) -> u64 {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let waits = all_wait(items, || async { drop(condition.wait(lock.lock().await).await) }).await;
    condition.notify_all();
    serve(items, waits).await
}

pub async fn barrier(_: &Bare, _: usize, items: u64) -> u64 {
    let barrier = Barrier::new(usize::try_from(items - items / 4).expect("not that many") + 1);
    let come = async {
        barrier.wait().await;
    };
    // They leave before it is full.
    let wait = || async {
        barrier.wait().await;
    };
    let waits = all_wait(items / 4 * 3, wait).await;
    let mut more = VecDeque::new();
    for _ in waits.len() as u64..items - items / 4 {
        let mut wait: Wait<'_> = Box::pin(wait());
        assert!(once(&mut wait).await.is_pending());
        more.push_back(wait);
    }
    come.await;
    serve(items, waits.into_iter().chain(more).collect()).await
}

pub async fn once_cell(_: &Bare, _: usize, items: u64) -> u64 {
    let cell = OnceCell::new();
    let mut makes: Wait<'_> = Box::pin(async {
        cell.get_or_init(pending::<()>).await;
    });
    assert!(once(&mut makes).await.is_pending());
    let waits = all_wait(items, || async {
        cell.get_or_init(async || ()).await;
    })
    .await;
    drop(makes);
    serve(items, waits).await
}

pub async fn token(_: &Bare, _: usize, items: u64) -> u64 {
    let token = CancelToken::new();
    let waits = all_wait(items, || token.cancelled()).await;
    token.cancel();
    serve(items, waits).await
}

pub async fn receivers(_: &Bare, _: usize, items: u64) -> u64 {
    let (sender, receiver) = bounded(1);
    let waits = all_wait(items, || async { receiver.recv().await.unwrap() }).await;
    for _ in 0..items - items / 4 {
        sender.try_send(()).unwrap();
    }
    serve(items, waits).await
}

pub async fn senders(_: &Bare, _: usize, items: u64) -> u64 {
    let (sender, receiver) = bounded(1);
    sender.try_send(()).unwrap();
    let waits = all_wait(items, || async { sender.send(()).await.unwrap() }).await;
    for _ in 0..=items - items / 4 {
        receiver.try_recv().unwrap();
    }
    serve(items, waits).await
}

pub async fn watching_oneshot(_: &Bare, _: usize, items: u64) -> u64 {
    let (sender, receiver) = oneshot::<()>();
    let waits = all_wait(items, || sender.closed()).await;
    drop(receiver);
    serve(items, waits).await
}

pub async fn subscribers(_: &Bare, _: usize, items: u64) -> u64 {
    let bus = broadcast(1);
    let waits = all_wait(items, || {
        let mut subscriber = bus.subscribe();
        async move { subscriber.recv().await.unwrap() }
    })
    .await;
    bus.try_send(()).unwrap();
    serve(items, waits).await
}

pub async fn watchers(_: &Bare, _: usize, items: u64) -> u64 {
    let (sender, receiver) = watch(());
    let waits = all_wait(items, || {
        let mut receiver = receiver.clone();
        async move { drop(receiver.recv().await.unwrap()) }
    })
    .await;
    sender.send(());
    serve(items, waits).await
}
