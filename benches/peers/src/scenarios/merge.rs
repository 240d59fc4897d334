//! What it costs to have many sources.

use super::Scenario;
use crate::contenders::{ALL, Sources};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "merge",
    about: "the items of 100 sources and of 10 000, all of which have some",
    tables: |effort| {
        let items = effort.items(1_000_000);
        let rows = ALL.iter().filter_map(|contender| {
            let merge = contender.merge?;
            Some([100, 10_000].map(|count| {
                let job = move || merge(Sources { count, items_each: items / count });
                let name = format!("{}, {count} sources", contender.name);
                Row::timed(name, Runtime::Tokio, items, sum_of(items), job)
            }))
        });
        vec![Table {
            name: "merge".into(),
            about: format!("many sources made one, {items} items in all"),
            unit: "ns for each item",
            steady: false,
            rows: rows.flatten().collect(),
        }]
    },
};
