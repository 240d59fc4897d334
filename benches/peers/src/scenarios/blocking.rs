//! What a place on a thread for blocking work costs.

use anypipe::prelude::*;
use anypipe::task::blocking;
use futures_util::{FutureExt, StreamExt, stream};

use super::Scenario;
use crate::contenders::{Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "blocking",
    about: "quick work on the threads for blocking work: in jobs that go on, and in a job for each item",
    tables: |effort| {
        let items = effort.items(20_000);
        let row = |name: &str, job: fn(u64) -> Job| {
            Row::timed(name, Runtime::Tokio, items, sum_of(items), move || job(items))
        };
        vec![Table {
            name: "blocking".into(),
            about: format!("one worker, {items} items"),
            unit: "ns for each item",
            steady: false,
            rows: vec![
                row("blocking()", |items| {
                    Pipeline::from_iter(numbers(items)).map(|n| n).blocking().fold(0, |sum, n| sum + n).boxed()
                }),
                row("blocking_iter", |items| {
                    Pipeline::blocking_iter(numbers(items)).fold(0, |sum, n| sum + n).boxed()
                }),
                row("a job each", |items| {
                    let each = Pipeline::from_iter(numbers(items)).then(|n| blocking(move || n));
                    each.fold(0, |sum, n| sum + n).boxed()
                }),
                row("tokio's spawn_blocking, buffered", |items| {
                    stream::iter(numbers(items))
                        .map(|n| tokio::task::spawn_blocking(move || n))
                        .buffered(64)
                        .fold(0, |sum, n| async move { sum + n.expect("it doesn't panic") })
                        .boxed()
                }),
            ],
        }]
    },
};
