//! One task with a channel behind it, and what takes its items.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anypipe::prelude::*;
use futures_util::StreamExt;

use crate::bare::Bare;

/// Sums what it is told: the closure of a `for_each` may be called on any thread.
#[derive(Clone, Default)]
struct Sum(Arc<AtomicU64>);

impl Sum {
    fn add(&self, n: u64) {
        self.0.store(self.get() + n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A sink that sums here.
    fn sink(&self) -> impl Sink<u64, Output = ()> + use<> {
        let sum = self.clone();
        sink::for_each(move |n| sum.add(n))
    }
}

pub async fn for_each(_: &Bare, capacity: usize, items: u64) -> u64 {
    let sum = Sum::default();
    Pipeline::from_iter(0..items).buffer(capacity).into_sink(sum.sink()).await;
    sum.get()
}

pub async fn into_stream(_: &Bare, capacity: usize, items: u64) -> u64 {
    let mut stream = pin!(Pipeline::from_iter(0..items).buffer(capacity).into_stream());
    let mut sum = 0;
    while let Some(n) = stream.next().await {
        sum += n;
    }
    sum
}

/// To a sink beside, and on.
pub async fn tee(_: &Bare, capacity: usize, items: u64) -> u64 {
    let (sum, aside) = (Sum::default(), Sum::default());
    let run = Pipeline::from_iter(0..items).buffer(capacity).tee(aside.sink());
    run.into_sink(sum.sink()).await;
    assert_eq!(sum.get(), aside.get(), "both see all");
    sum.get()
}

/// To one branch, which is fused.
pub async fn broadcast_to_one(_: &Bare, capacity: usize, items: u64) -> u64 {
    let sum = Sum::default();
    let branches = (stage::map(|n: u64| n),);
    Pipeline::from_iter(0..items).buffer(capacity).broadcast(branches).into_sink(sum.sink()).await;
    sum.get()
}

/// To two branches, each of which is fused.
pub async fn broadcast(_: &Bare, capacity: usize, items: u64) -> u64 {
    let sum = Sum::default();
    let same = || stage::map(|n: u64| n);
    Pipeline::from_iter(0..items).buffer(capacity).broadcast((same(), same())).into_sink(sum.sink()).await;
    sum.get() / 2
}
