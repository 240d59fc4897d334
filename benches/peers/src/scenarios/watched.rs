//! What it costs that somebody watches a run.

use std::time::Duration;

use anypipe::prelude::*;
use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::numbers;
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "watched",
    about: "the four hops in a task, unwatched and watched: anypipe alone",
    tables: |effort| {
        let tables = [(64, 100_000), (1024, 200_000)].map(|(capacity, items)| {
            let items = effort.items(items);
            let row = |name: &str, watched: bool| {
                let job = move || {
                    let run = Pipeline::from_iter(numbers(items))
                        .buffer(capacity)
                        .buffer(capacity)
                        .buffer(capacity)
                        .buffer(capacity)
                        .fold(0, |sum, n| sum + n);
                    // It is looked at where it begins and where it ends.
                    let run = if watched { run.watch(Duration::from_secs(3600), drop) } else { run };
                    Runtime::spawned(run.into_future()).boxed()
                };
                Row::timed(name, Runtime::Tokio, items * 4, sum_of(items), job)
            };
            Table {
                name: format!("watched/{capacity}"),
                about: format!("4 hops, capacity {capacity}, {items} items, in a task"),
                unit: "ns for each item and hop",
                steady: false,
                rows: vec![row("anypipe", false), row("anypipe, watched", true)],
            }
        });
        tables.into()
    },
};
