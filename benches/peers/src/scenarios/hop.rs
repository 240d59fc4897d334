//! What a hop from task to task costs.

use super::Scenario;
use crate::contenders::anypipe::rendezvous;
use crate::contenders::{ALL, Hop, Job};
use crate::measure::{Effort, Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "hop",
    about: "`u64`s from an iterator through four tasks in a row, each with a buffer behind it, on tokio",
    tables: |effort| tables("hop", effort, |hop, how| hop(how)),
};

/// What a contender does.
type Way = fn(Hop) -> Job;

/// How it is timed.
type Make = fn(Way, Hop) -> Job;

/// On tokio, with buffers of four sizes.
pub fn tables(name: &str, effort: Effort, make: Make) -> Vec<Table> {
    let items = [(1, 20_000), (16, 60_000), (64, 100_000), (1024, 200_000)];
    items
        .map(|(capacity, items)| table(name, Runtime::Tokio, capacity, effort.items(items), make))
        .into()
}

/// The same on smol and on async-std, where people have channels that name no runtime.
pub fn elsewhere(name: &str, on: Runtime, effort: Effort) -> Vec<Table> {
    let tables = [(64, 100_000), (1024, 200_000)]
        .map(|(capacity, items)| table(name, on, capacity, effort.items(items), |hop, how| hop(how)));
    let there = |row: &Row| ["anypipe", "async-channel", "flume"].contains(&row.name.as_str());
    tables.map(|table| Table { rows: table.rows.into_iter().filter(there).collect(), ..table }).into()
}

fn table(name: &str, on: Runtime, capacity: usize, items: u64, make: Make) -> Table {
    let ways = ALL.iter().filter_map(|contender| Some((contender.name, contender.hop?)));
    // A channel of one holds two with the item in hand; `rendezvous` holds that alone.
    let no_buffer = (capacity == 1).then_some(("anypipe, rendezvous", rendezvous as Way));
    let rows = ways.chain(no_buffer).map(|(name, hop)| {
        let job = move || make(hop, Hop { on, capacity, items });
        Row::timed(name, on, items * 4, sum_of(items), job)
    });
    Table {
        name: format!("{name}/{capacity}"),
        about: format!("4 hops, capacity {capacity}, {items} items"),
        unit: "ns for each item and hop",
        steady: false,
        rows: rows.collect(),
    }
}
