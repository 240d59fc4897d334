//! What workers cost where there is nothing to wait for.

use super::Scenario;
use crate::contenders::{ALL, Crew, Job};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "workers",
    about: "8 workers, capacity 64, futures that complete at once; in input order, and in any",
    tables: |effort| {
        let crew = Crew { workers: 8, capacity: 64, items: effort.items(50_000) };
        let ordered = ALL.iter().filter_map(|it| Some(row(it.name.into(), it.ordered?, crew)));
        let unordered = ALL.iter().filter_map(|it| Some(row(it.name.into(), it.unordered?, crew)));
        // Who needs no order chooses among all.
        let beside = ALL.iter().filter_map(|it| {
            Some(row(format!("{} (any order)", it.name), it.unordered?, crew))
        });
        let table = |order, rows| Table {
            name: format!("workers/{order}"),
            about: format!("8 workers, {order}, futures that complete at once, {} items", crew.items),
            unit: "ns for each item",
            steady: false,
            rows,
        };
        vec![table("ordered", ordered.chain(beside).collect()), table("unordered", unordered.collect())]
    },
};

fn row(name: String, work: fn(Crew) -> Job, crew: Crew) -> Row {
    Row::timed(name, Runtime::Tokio, crew.items, sum_of(crew.items), move || work(crew))
}
