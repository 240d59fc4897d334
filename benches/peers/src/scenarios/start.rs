//! What it costs that there is a pipeline at all.

use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::{ALL, CAPACITY, Hop};
use crate::measure::{Row, Table};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "start",
    about: "start and end of a run of four tasks, one after the other, over one item",
    tables: |effort| {
        let runs = effort.items(3000);
        let rows = ALL.iter().filter_map(|contender| {
            let hop = contender.hop?;
            let job = move || {
                async move {
                    let mut sum = 0;
                    for _ in 0..runs {
                        sum += hop(Hop { on: Runtime::Tokio, capacity: CAPACITY, items: 1 }).await;
                    }
                    sum
                }
                .boxed()
            };
            Some(Row::timed(contender.name, Runtime::Tokio, runs, runs, job))
        });
        vec![Table {
            name: "start".into(),
            about: format!("start and end of a run of 4 tasks over one item, {runs} runs"),
            unit: "ns for each run",
            steady: false,
            rows: rows.collect(),
        }]
    },
};
