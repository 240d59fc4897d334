// cargo run --release --example event_bus -- [--events N]
//! Three subscribers hear the same events, and one of them is slow. First each of them hears every event:
//! the slow one sets the pace once it is too far behind. Then each may miss events, and is told how many: the
//! others are not held up. Every event is accounted for, subscriber by subscriber.

use std::process::ExitCode;
use std::time::Duration;

use anypipe::channel::broadcast;
use anypipe::prelude::*;
use anypipe::time::{now, sleep};
use clap::Parser;

/// Publishes events to three subscribers.
#[derive(Parser)]
struct Args {
    /// How many events are published, one each millisecond
    #[arg(long, default_value_t = 300)]
    events: usize,
}

/// Who subscribes, and how long an event keeps them busy.
const SUBSCRIBERS: [(&str, Duration); 3] =
    [("audit", Duration::ZERO), ("metrics", Duration::from_micros(200)), ("mail", Duration::from_millis(5))];
const KEPT: usize = 32;

#[anypipe::main]
async fn main() -> Result<ExitCode, RunError> {
    let Args { events } = Args::parse();
    let mut all_accounted_for = true;
    for (told, lossy) in
        [("every subscriber hears every event", false), ("each misses what it is too slow for", true)]
    {
        println!("{told}");
        let start = now();
        for (name, heard, missed) in publish(events, lossy).await? {
            println!("  {name:<8} {heard:>5} heard {missed:>5} missed");
            all_accounted_for &= heard + missed == events as u64 && (lossy || missed == 0);
        }
        println!("  {:.2?}", now() - start);
    }
    Ok(if all_accounted_for { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Publishes the events, one each millisecond, or as late as the subscribers allow. Who heard how many, and missed how
/// many.
async fn publish(events: usize, lossy: bool) -> Result<Vec<(&'static str, u64, u64)>, RunError> {
    let bus = broadcast(KEPT);
    let subscribers = SUBSCRIBERS.map(|(name, busy)| {
        // Before each event that is heard: how many were missed.
        let gaps = if lossy {
            Pipeline::from_channel(bus.subscribe_lossy()).map(|event| event.missed).boxed()
        } else {
            Pipeline::from_channel(bus.subscribe()).map(|_event| 0).boxed()
        };
        let hear = move |missed| async move {
            sleep(busy).await;
            missed
        };
        let tally =
            gaps.then(hear).named(name).fold((0, 0), |(heard, missed), gap| (heard + 1, missed + gap));
        (name, tally.start())
    });
    // The channel ends with the events, and so do the subscribers.
    let published = Pipeline::interval(Duration::from_millis(1)).take(events).send_to(bus).checked().await?;
    assert!(published.is_ok(), "nobody leaves early");
    let mut tallies = Vec::new();
    for (name, tally) in subscribers {
        let (heard, missed) = tally.await?;
        tallies.push((name, heard, missed));
    }
    Ok(tallies)
}
