//! Ours.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anypipe::channel::{Receiver, bounded};
use anypipe::prelude::*;
use futures_util::{FutureExt, StreamExt};

use super::by_hand::all_arrived;
use super::{CAPACITY, Contender, Crew, FUSED, Hop, Job, Later, Sources, nap, numbers, turn};
use crate::spin;

pub const CONTENDER: Contender = Contender {
    hop: Some(hop),
    ordered: Some(ordered),
    unordered: Some(unordered),
    naps: Some(naps),
    turns: Some(turns),
    cpu: Some(cpu),
    latency: Some(latency),
    park: Some(park),
    fused: Some(fused),
    merge: Some(merge),
    ..Contender::named("anypipe")
};

fn hop(Hop { capacity, items, .. }: Hop) -> Job {
    let run = Pipeline::from_iter(numbers(items))
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .buffer(capacity)
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

/// The same with no buffer at all: nothing is made before somebody takes it.
pub fn rendezvous(Hop { items, .. }: Hop) -> Job {
    let same = |n: u64| n;
    let run = Pipeline::from_iter(numbers(items))
        .map(same)
        .rendezvous()
        .map(same)
        .rendezvous()
        .map(same)
        .rendezvous()
        .map(same)
        .rendezvous()
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn ordered(crew: Crew) -> Job {
    let run = Pipeline::from_iter(numbers(crew.items))
        .then(async |n| n)
        .workers(crew.workers)
        .buffer_size(crew.capacity)
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn unordered(crew: Crew) -> Job {
    let run = Pipeline::from_iter(numbers(crew.items))
        .then(async |n| n)
        .workers(crew.workers)
        .unordered()
        .buffer_size(crew.capacity)
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn naps(crew: Crew) -> Job {
    let run = Pipeline::from_iter(numbers(crew.items))
        .then(nap)
        .workers(crew.workers)
        .buffer_size(crew.capacity)
        .then(nap)
        .workers(crew.workers)
        .buffer_size(crew.capacity)
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn turns(crew: Crew) -> Job {
    let run = Pipeline::from_iter(numbers(crew.items))
        .then(turn)
        .workers(crew.workers)
        .buffer_size(crew.capacity)
        .unordered()
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn cpu(crew: Crew) -> Job {
    let run = Pipeline::from_iter(numbers(crew.items))
        .map(spin::work)
        .workers(crew.workers)
        .buffer_size(crew.capacity)
        .fold(0, |sum, n| sum + n);
    run.boxed()
}

fn latency(items: u64) -> Later<Vec<Duration>> {
    async move {
        let (sender, receiver) = bounded(CAPACITY);
        let mut stream = four(receiver).into_stream();
        let mut times = Vec::new();
        for n in 0..items {
            let start = Instant::now();
            sender.send(n).await.expect("the run receives");
            assert_eq!(stream.next().await, Some(n));
            times.push(start.elapsed());
        }
        times
    }
    .boxed()
}

fn park(runs: u64) -> Later<Box<dyn Any + Send>> {
    async move {
        let arrived = Arc::new(AtomicU64::new(0));
        let mut kept = Vec::new();
        for n in 0..runs {
            let (sender, receiver) = bounded(CAPACITY);
            let arrived = Arc::clone(&arrived);
            let run = four(receiver).for_each(move |_| {
                arrived.fetch_add(1, Ordering::Relaxed);
            });
            let running = run.start();
            sender.send(n).await.expect("the run receives");
            kept.push((sender, running));
        }
        all_arrived(&arrived, runs).await;
        Box::new(kept) as Box<dyn Any + Send>
    }
    .boxed()
}

fn fused(items: u64) -> Job {
    let run = Pipeline::from_iter(numbers(items))
        .map(FUSED[0])
        .map(FUSED[1])
        .map(FUSED[2])
        .fold(0, |sum: u64, n| sum.wrapping_add(n));
    run.boxed()
}

fn merge(Sources { count, items_each }: Sources) -> Job {
    let sources = (0..count).map(move |k| source::iter(k * items_each + 1..(k + 1) * items_each + 1));
    source::merge(sources).fold(0, |sum, n| sum + n).boxed()
}

/// Four tasks in a row behind a channel.
fn four(receiver: Receiver<u64>) -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_channel(receiver).buffer(CAPACITY).buffer(CAPACITY).buffer(CAPACITY).buffer(CAPACITY)
}
