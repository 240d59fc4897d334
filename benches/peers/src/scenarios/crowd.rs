//! What a crowd of workers costs.

use anypipe::prelude::*;
use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::{ALL, Crew, Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

/// How many workers.
const CROWDS: [usize; 2] = [100, 10_000];

pub const SCENARIO: Scenario = Scenario {
    name: "crowd",
    about: "100 workers and 10 000, with futures that complete at once or after a turn of the runtime",
    tables: |effort| {
        // So many that the start of the workers counts for little.
        let (many, some) = (effort.items(1_000_000), effort.items(500_000));
        let instant = CROWDS.map(|workers| {
            let crew = Crew { workers, capacity: 64, items: many };
            row(format!("anypipe, {workers} workers"), instant, crew)
        });
        let turns = CROWDS.into_iter().flat_map(|workers| {
            let crew = Crew { workers, capacity: 64, items: some };
            ALL.iter()
                .filter_map(move |it| Some(row(format!("{}, {workers} workers", it.name), it.turns?, crew)))
        });
        vec![
            table("instant", "futures that complete at once", many, instant.into()),
            table("turn", "futures that wait a turn, by hand as well", some, turns.collect()),
        ]
    },
};

fn table(name: &str, about: &str, items: u64, rows: Vec<Row>) -> Table {
    Table {
        name: format!("crowd/{name}"),
        about: format!("{about}, {items} items"),
        unit: "ns for each item",
        steady: false,
        rows,
    }
}

fn row(name: String, work: fn(Crew) -> Job, crew: Crew) -> Row {
    Row::timed(name, Runtime::Tokio, crew.items, sum_of(crew.items), move || work(crew))
}

fn instant(crew: Crew) -> Job {
    Pipeline::from_iter(numbers(crew.items))
        .then(async |n| n)
        .workers(crew.workers)
        .fold(0, |sum, n| sum + n)
        .boxed()
}
