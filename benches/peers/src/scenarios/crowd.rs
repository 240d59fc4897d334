//! What a crowd of workers costs: anypipe alone.

use anypipe::prelude::*;
use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::{Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "crowd",
    about: "100 workers and 10 000, with futures that complete at once or after a turn of the runtime",
    tables: |effort| {
        // So many that the start of the workers counts for little.
        let (many, some) = (effort.items(1_000_000), effort.items(500_000));
        vec![
            table("instant", "futures that complete at once", many, instant),
            table("turn", "futures that wait a turn", some, turn),
        ]
    },
};

fn table(name: &str, about: &str, items: u64, job: fn(u64, usize) -> Job) -> Table {
    let row = |workers: usize| {
        let job = move || job(items, workers);
        Row::timed(format!("{workers} workers"), Runtime::Tokio, items, sum_of(items), job)
    };
    Table {
        name: format!("crowd/{name}"),
        about: format!("{about}, {items} items"),
        unit: "ns for each item",
        steady: false,
        rows: vec![row(100), row(10_000)],
    }
}

fn instant(items: u64, workers: usize) -> Job {
    Pipeline::from_iter(numbers(items))
        .then(async |n| n)
        .workers(workers)
        .fold(0, |sum, n| sum + n)
        .boxed_local()
}

fn turn(items: u64, workers: usize) -> Job {
    Pipeline::from_iter(numbers(items))
        .then(async |n| {
            tokio::task::yield_now().await;
            n
        })
        .workers(workers)
        .fold(0, |sum, n| sum + n)
        .boxed_local()
}
