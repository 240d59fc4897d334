//! What there is on top of waiting.

use super::Scenario;
use crate::contenders::{ALL, Crew};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "naps",
    about: "two stages of 8 workers that wait 1 ms for each item",
    tables: |effort| {
        let crew = Crew { workers: 8, capacity: 64, items: effort.items(3000) };
        let rows = ALL.iter().filter_map(|contender| {
            let naps = contender.naps?;
            let job = move || naps(crew);
            Some(Row::timed(contender.name, Runtime::Tokio, crew.items, sum_of(crew.items), job))
        });
        vec![Table {
            name: "naps".into(),
            about: format!("two stages of 8 workers, 1 ms an item, {} items; by hand in any order", crew.items),
            unit: "ns for each item",
            steady: false,
            rows: rows.collect(),
        }]
    },
};
