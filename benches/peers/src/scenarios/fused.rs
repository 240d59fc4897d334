//! What stages without tasks cost.

use super::Scenario;
use crate::contenders::{ALL, FUSED, numbers};
use crate::measure::{Row, Table};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "fused",
    about: "three closures and a fold, without a task",
    tables: |effort| {
        let items = effort.items(5_000_000);
        let expected = numbers(items).fold(0, |sum: u64, n| sum.wrapping_add(FUSED.iter().fold(n, |n, f| f(n))));
        let rows = ALL.iter().filter_map(|contender| {
            let fused = contender.fused?;
            Some(Row::timed(contender.name, Runtime::Tokio, items, expected, move || fused(items)))
        });
        vec![Table {
            name: "fused".into(),
            about: format!("3 × map and a fold, {items} items"),
            unit: "ns for each item",
            steady: false,
            rows: rows.collect(),
        }]
    },
};
