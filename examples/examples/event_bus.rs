// cargo run --release --example event_bus -- [--events N]
//! Three subscribers hear the same events, and one of them is slow. First each of them hears every event:
//! the slow one sets the pace once its buffer is full. Then each has a mailbox of its own, and misses what
//! doesn't fit: the others are not held up. Every event is accounted for, subscriber by subscriber.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anypipe::channel::bounded;
use anypipe::prelude::*;
use anypipe::task::task_group;
use anypipe::time::{now, sleep};
use clap::Parser;

/// Publishes events to three subscribers.
#[derive(Parser)]
struct Args {
    /// How many events are published, one each millisecond
    #[arg(long, default_value_t = 300)]
    events: usize,
}

type Event = u64;

/// Who subscribes, and how long an event keeps them busy.
const SUBSCRIBERS: [(&str, Duration); 3] =
    [("audit", Duration::ZERO), ("metrics", Duration::from_micros(200)), ("mail", Duration::from_millis(5))];
const BUFFER: usize = 32;

#[anypipe::main]
async fn main() -> ExitCode {
    let Args { events } = Args::parse();

    println!("every subscriber hears every event");
    let start = now();
    let heard = everyone(events).await;
    for (name, _) in SUBSCRIBERS {
        println!("  {name:<8} {:>5} heard", heard.get(name).unwrap_or(&0));
    }
    println!("  {:.2?}", now() - start);

    println!("each with a mailbox of its own");
    let start = now();
    let tallies = mailboxes(events).await;
    for (name, heard, missed) in &tallies {
        println!("  {name:<8} {heard:>5} heard {missed:>5} missed");
    }
    println!("  {:.2?}", now() - start);

    let everyone_heard_all = SUBSCRIBERS.iter().all(|(name, _)| *heard.get(name).unwrap_or(&0) == events);
    let all_accounted_for = tallies.iter().all(|(_, heard, missed)| heard + missed == events);
    if everyone_heard_all && all_accounted_for { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The events, one each millisecond, or as late as the subscribers allow.
fn published(events: usize) -> Pipeline<impl Source<Item = Event>> {
    Pipeline::interval(Duration::from_millis(1)).take(events)
}

/// One pipeline that branches: a task for each subscriber, all in one run. How many events each has heard.
async fn everyone(events: usize) -> BTreeMap<&'static str, usize> {
    fn subscriber((name, busy): (&'static str, Duration)) -> Segment<impl Stage<Event, Out = &'static str>> {
        let hear = move |_event| async move {
            sleep(busy).await;
            name
        };
        buffer(BUFFER) | then(hear).named(name)
    }
    published(events)
        .broadcast(SUBSCRIBERS.map(subscriber).into_iter().collect::<Vec<_>>())
        .fold(BTreeMap::new(), |mut heard, name| {
            *heard.entry(name).or_insert(0) += 1;
            heard
        })
        .await
}

/// A task and a channel for each subscriber. Who heard how many events, and missed how many.
async fn mailboxes(events: usize) -> Vec<(&'static str, usize, usize)> {
    task_group(move |group| async move {
        let (mut senders, mut tasks) = (Vec::new(), Vec::new());
        for (name, busy) in SUBSCRIBERS {
            let (sender, mailbox) = bounded::<Event>(BUFFER);
            senders.push(sender);
            tasks.push((
                name,
                group.spawn(async move {
                    let mut heard = 0;
                    while mailbox.recv().await.is_ok() {
                        sleep(busy).await;
                        heard += 1;
                    }
                    heard
                }),
            ));
        }
        // The senders go with the closure, and so every mailbox ends with the events.
        let missed = published(events).fold(vec![0; senders.len()], move |mut missed, event| {
            for (sender, missed) in senders.iter().zip(&mut missed) {
                *missed += usize::from(sender.try_send(event).is_err());
            }
            missed
        });
        let missed = missed.await;
        let mut tallies = Vec::new();
        for ((name, task), missed) in tasks.into_iter().zip(missed) {
            let heard = task.await.unwrap_or_else(|error| error.resume());
            tallies.push((name, heard, missed));
        }
        tallies
    })
    .await
}
