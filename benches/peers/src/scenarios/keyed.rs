//! What order for each key costs: anypipe alone.

use anypipe::prelude::*;
use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::{Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "keyed",
    about: "8 workers with order for each key: many keys or a single one, a small buffer or a large one",
    tables: |effort| {
        let items = effort.items(40_000);
        let row = |name: &str, keys: u64, buffer: usize| {
            let job = move || job(items, keys, buffer);
            Row::timed(format!("{name}, buffer {buffer}"), Runtime::Tokio, items, sum_of(items), job)
        };
        vec![Table {
            name: "keyed".into(),
            about: format!("8 workers, keyed, futures that complete at once, {items} items"),
            unit: "ns for each item",
            steady: false,
            rows: vec![
                row("1000 keys", 1000, 64),
                row("1000 keys", 1000, 4000),
                row("one hot key", 1, 64),
                row("one hot key", 1, 4000),
            ],
        }]
    },
};

fn job(items: u64, keys: u64, buffer: usize) -> Job {
    Pipeline::from_iter(numbers(items))
        .then(async |n| n)
        .workers(8)
        .keyed(move |n| n % keys)
        .buffer_size(buffer)
        .fold(0, |sum, n| sum + n)
        .boxed()
}
