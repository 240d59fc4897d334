//! anypipe beside what people wire by hand: the cost of a hop, and of eight workers.
//!
//! Run with `cargo run --release`. All contenders run in turn, round after round, in one process on
//! one tokio runtime with two workers; what counts are the ratios of the medians.

mod hops;
mod workers;

use std::future::Future;
use std::time::Instant;

/// The items of each run.
const ITEMS: u64 = 200_000;
/// The rounds, of which the median counts.
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime with two workers").block_on(async {
        for capacity in [1, 16, 64, 1024] {
            println!("4 hops, capacity {capacity}: ns for each item and hop");
            let mut table = Table::default();
            for _ in 0..ROUNDS {
                table.time("anypipe", 4, hops::anypipe(capacity)).await;
                table.time("tokio mpsc", 4, hops::tokio(capacity)).await;
                table.time("flume", 4, hops::flume(capacity)).await;
                table.time("async-channel", 4, hops::async_channel(capacity)).await;
            }
            table.print();
        }
        println!("8 workers, ordered, capacity 64, futures that complete at once: ns for each item");
        let mut table = Table::default();
        for _ in 0..ROUNDS {
            table.time("anypipe", 1, workers::anypipe()).await;
            table.time("buffered(8)", 1, workers::buffered()).await;
            table.time("async-channel by hand, unordered", 1, workers::async_channel()).await;
        }
        table.print();
    });
}

/// The times of the contenders, in order of appearance.
#[derive(Default)]
struct Table {
    rows: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    async fn time(&mut self, name: &'static str, hops: u64, run: impl Future<Output = u64>) {
        let start = Instant::now();
        let sum = run.await;
        let taken = start.elapsed();
        assert_eq!(sum, ITEMS * (ITEMS - 1) / 2, "{name} lost items");
        let nanos = taken.as_nanos() as f64 / (ITEMS * hops) as f64;
        match self.rows.iter_mut().find(|(other, _)| *other == name) {
            Some((_, times)) => times.push(nanos),
            None => self.rows.push((name, vec![nanos])),
        }
    }

    fn print(mut self) {
        let mut ours = None;
        for (name, times) in &mut self.rows {
            times.sort_by(f64::total_cmp);
            let median = times[times.len() / 2];
            let ratio = median / *ours.get_or_insert(median);
            println!("  {name:<34} {median:>8.1}   {ratio:>5.2} x");
        }
    }
}
