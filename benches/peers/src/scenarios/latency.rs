//! How long one item is on its way when nothing else is.

use super::Scenario;
use crate::contenders::ALL;
use crate::measure::{Row, Table};
use crate::report::part;
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "latency",
    about: "one item at a time through four tasks: the median, and the slowest hundredth",
    tables: |effort| {
        let items = effort.items(3000);
        [("p50", 0.5), ("p99", 0.99)].map(|(name, at)| table(name, at, items)).into()
    },
};

fn table(name: &str, at: f64, items: u64) -> Table {
    let rows = ALL.iter().filter_map(|contender| {
        let latency = contender.latency?;
        Some(Row::new(contender.name, move || {
            let times = Runtime::Tokio.block_on(async { latency(items).await });
            assert_eq!(times.len() as u64, items, "items are lost");
            let mut nanos: Vec<f64> = times.iter().map(|time| time.as_nanos() as f64).collect();
            nanos.sort_by(f64::total_cmp);
            part(&nanos, at)
        }))
    });
    Table {
        name: format!("latency/{name}"),
        about: format!("from a channel through 4 tasks, capacity 64, {name} of {items} items, one at a time"),
        unit: "ns",
        steady: false,
        rows: rows.collect(),
    }
}
