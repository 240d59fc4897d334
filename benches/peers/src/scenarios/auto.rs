//! Whether as many workers as are worth having are found in real time, on tokio and on smol.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::sync::Semaphore;
use anypipe::time::sleep;

use super::Scenario;
use crate::measure::{Row, Table};
use crate::runtime::Runtime;

/// How many items the service works on at the same time, and how long it takes for one.
const TAKES: usize = 64;
const SERVICE: Duration = Duration::from_millis(10);

pub const SCENARIO: Scenario = Scenario {
    name: "auto",
    about: "a service of 10 ms that takes 64 at a time, by as many workers as are worth having: anypipe alone",
    tables: |effort| {
        // By when it is to be found, and for how long it is then measured.
        let spans = if effort.quick { [50, 50] } else { [2000, 2000] }.map(Duration::from_millis);
        let tables = [("tokio", Runtime::Tokio), ("smol", Runtime::Smol)].map(|(name, on)| {
            let rows = [
                Row::new("64 workers", move || for_each_item(on, spans, Workers::Fixed(TAKES))),
                Row::new("auto(1..=256)", move || for_each_item(on, spans, Workers::Auto(256))),
                Row::new("8 workers", move || for_each_item(on, spans, Workers::Fixed(8))),
            ];
            Table {
                name: format!("auto/{name}"),
                about: format!("a service of 10 ms that takes {TAKES} at a time, on {name}, from 2 s on"),
                unit: "ns for each item",
                steady: true,
                rows: rows.into(),
            }
        });
        tables.into()
    },
};

#[derive(Clone, Copy)]
enum Workers {
    Fixed(usize),
    Auto(usize),
}

/// How long it takes for each item, in nanoseconds, once the first span is over and until the second is.
fn for_each_item(on: Runtime, [before, measured]: [Duration; 2], workers: Workers) -> f64 {
    on.block_on(async {
        let permits = Arc::new(Semaphore::new(TAKES));
        let served = stage::then(move |item: u64| {
            let permits = Arc::clone(&permits);
            async move {
                let _permit = permits.acquire().await;
                sleep(SERVICE).await;
                item
            }
        });
        let numbers = Pipeline::from_iter(0..);
        let done = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&done);
        let count = move |_| _ = counts.fetch_add(1, Ordering::Relaxed);
        let running = match workers {
            Workers::Fixed(n) => (numbers | served.workers(n)).for_each(count).start(),
            Workers::Auto(most) => (numbers | served.workers(auto(1..=most))).for_each(count).start(),
        };
        sleep(before).await;
        let start = (Instant::now(), done.load(Ordering::Relaxed));
        sleep(measured).await;
        let items = done.load(Ordering::Relaxed) - start.1;
        let took = start.0.elapsed();
        running.control().stop();
        running.await.expect("nothing fails");
        took.as_nanos() as f64 / items.max(1) as f64
    })
}
