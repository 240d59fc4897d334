//! What a second core is worth.

use super::Scenario;
use crate::contenders::{ALL, Contender, Crew};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "cpu",
    about: "4 µs of computing for each item, with one worker and with two",
    tables: |effort| {
        let items = effort.items(25_000);
        let of = |workers: usize| ALL.iter().filter_map(move |contender| row(contender, workers, items));
        vec![Table {
            name: "cpu".into(),
            about: format!("4 µs of computing an item, {items} items; only par_bridge gives up their order"),
            unit: "ns for each item",
            steady: false,
            rows: of(2).chain(of(1)).collect(),
        }]
    },
};

fn row(contender: &Contender, workers: usize, items: u64) -> Option<Row> {
    let cpu = contender.cpu?;
    let job = move || cpu(Crew { workers, capacity: 64, items });
    let name = format!("{}, {workers} {}", contender.name, if workers == 1 { "worker" } else { "workers" });
    Some(Row::timed(name, Runtime::Tokio, items, sum_of(items), job))
}
