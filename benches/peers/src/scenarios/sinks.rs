//! What other ends cost beside `for_each`: anypipe alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anypipe::prelude::*;
use futures_util::{FutureExt, StreamExt};

use super::Scenario;
use crate::contenders::{CAPACITY, Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "sinks",
    about: "the ends of a pipeline with one boundary, beside `for_each`",
    tables: |effort| {
        let items = effort.items(200_000);
        let row = |name: &str, copies: u64, job: fn(u64) -> Job| {
            let expected = copies * sum_of(items);
            Row::timed(name, Runtime::Tokio, items, expected, move || Runtime::spawned(job(items)).boxed())
        };
        vec![Table {
            name: "sinks".into(),
            about: format!("what takes the items of a boundary, in a task, {items} items"),
            unit: "ns for each item",
            steady: false,
            rows: vec![
                row("for_each", 1, |items| for_each(source(items))),
                row("into_stream", 1, into_stream),
                row("tee and for_each", 1, |items| for_each(source(items).tee(sink::drain()))),
                row("broadcast to one, for_each", 1, |items| for_each(source(items).broadcast(vec![same()]))),
                row("broadcast to two, for_each", 2, |items| {
                    for_each(source(items).broadcast(vec![same(), same()]))
                }),
            ],
        }]
    },
};

fn source(items: u64) -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_iter(numbers(items)).buffer(CAPACITY)
}

fn same() -> impl Stage<u64, Out = u64> {
    map(|n: u64| n)
}

fn for_each(items: Pipeline<impl Source<Item = u64>>) -> Job {
    let sum = Arc::new(AtomicU64::new(0));
    let shared = Arc::clone(&sum);
    let run = items.for_each(move |n| {
        shared.store(shared.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    });
    run.map(move |()| sum.load(Ordering::Relaxed)).boxed()
}

fn into_stream(items: u64) -> Job {
    source(items).into_stream().fold(0, |sum, n| async move { sum + n }).boxed()
}
