//! What it costs that each subscriber hears each item, beside tokio's channel and async-broadcast.

use futures_util::FutureExt;

use super::Scenario;
use crate::contenders::{CAPACITY, Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

/// A contender's name, and its job over so many items and subscribers.
type Contender = (&'static str, fn(u64, u64) -> Job);

pub const SCENARIO: Scenario = Scenario {
    name: "broadcast",
    about: "a channel with 1, 8 or 100 subscribers: as many items as it keeps, which each then takes; and in tasks",
    tables: |effort| {
        let kept = CAPACITY as u64;
        let mut tables: Vec<_> = [1, 8, 100]
            .map(|subscribers| {
                let rounds = effort.items(1_000_000) / kept / subscribers + 1;
                let items = rounds * kept;
                let row = |(name, job): Contender| {
                    let expected = sum_of(items) * subscribers;
                    let job = move || job(items, subscribers);
                    Row::timed(name, Runtime::Tokio, items * subscribers, expected, job)
                };
                let rows: [Contender; 4] = [
                    ("anypipe", in_turn_anypipe),
                    ("anypipe, lossy", in_turn_lossy),
                    ("tokio", in_turn_tokio),
                    ("async-broadcast", in_turn_async_broadcast),
                ];
                Table {
                    name: format!("broadcast/{subscribers}"),
                    about: format!("{subscribers} subscribers in one task, {items} items, {kept} at a time"),
                    unit: "ns for each item of each subscriber",
                    steady: false,
                    rows: rows.map(row).into(),
                }
            })
            .into();
        let (items, subscribers) = (effort.items(200_000), 4);
        let row = |(name, job): Contender| {
            let job = move || job(items, subscribers);
            Row::timed(name, Runtime::Tokio, items, sum_of(items) * subscribers, job)
        };
        let rows: [Contender; 2] =
            [("anypipe", tasks_anypipe), ("async-broadcast", tasks_async_broadcast)];
        tables.push(Table {
            name: "broadcast/tasks".into(),
            about: format!("{subscribers} subscribers in a task each, who hold back the sender, {items} items"),
            unit: "ns for each item",
            steady: false,
            rows: rows.map(row).into(),
        });
        tables
    },
};

/// One task sends as many items as are kept, and then each subscriber takes them.
macro_rules! in_turn {
    ($job:ident, $channel:expr, $subscribe:expr, $send:expr, $item:expr) => {
        fn $job(items: u64, subscribers: u64) -> Job {
            async move {
                let bus = $channel;
                let mut subscribers: Vec<_> = (0..subscribers).map(|_| $subscribe(&bus)).collect();
                let (mut sum, mut items) = (0, numbers(items));
                while !items.is_empty() {
                    for n in items.by_ref().take(CAPACITY) {
                        $send(&bus, n);
                    }
                    for subscriber in &mut subscribers {
                        for _ in 0..CAPACITY {
                            sum += $item(subscriber.recv().await.expect("it was sent"));
                        }
                    }
                }
                sum
            }
            .boxed()
        }
    };
}

type Anypipe = anypipe::channel::broadcast::Sender<u64>;
type Tokio = tokio::sync::broadcast::Sender<u64>;
type AsyncBroadcast = (async_broadcast::Sender<u64>, async_broadcast::InactiveReceiver<u64>);

fn async_broadcast() -> AsyncBroadcast {
    let (sender, receiver) = async_broadcast::broadcast(CAPACITY);
    (sender, receiver.deactivate())
}

in_turn!(
    in_turn_anypipe,
    anypipe::channel::broadcast(CAPACITY),
    |bus: &Anypipe| bus.subscribe(),
    |bus: &Anypipe, n| bus.try_send(n).expect("there is room"),
    |item: u64| item
);
in_turn!(
    in_turn_lossy,
    anypipe::channel::broadcast(CAPACITY),
    |bus: &Anypipe| bus.subscribe_lossy(),
    |bus: &Anypipe, n| bus.try_send(n).expect("there is room"),
    |heard: anypipe::channel::broadcast::Heard<u64>| heard.item
);
in_turn!(
    in_turn_tokio,
    tokio::sync::broadcast::channel(CAPACITY).0,
    |bus: &Tokio| bus.subscribe(),
    |bus: &Tokio, n| bus.send(n).expect("somebody subscribes"),
    |item: u64| item
);
in_turn!(
    in_turn_async_broadcast,
    async_broadcast(),
    |bus: &AsyncBroadcast| bus.1.activate_cloned(),
    |bus: &AsyncBroadcast, n| bus.0.try_broadcast(n).expect("there is room"),
    |item: u64| item
);

/// Sums in a task each, which hold back the sender.
macro_rules! tasks {
    ($job:ident, $channel:expr, $subscribe:expr, $send:expr) => {
        fn $job(items: u64, subscribers: u64) -> Job {
            async move {
                let bus = $channel;
                let tasks: Vec<_> = (0..subscribers)
                    .map(|_| {
                        let mut subscriber = $subscribe(&bus);
                        tokio::spawn(async move {
                            let mut sum = 0;
                            while let Ok(n) = subscriber.recv().await {
                                sum += n;
                            }
                            sum
                        })
                    })
                    .collect();
                for n in numbers(items) {
                    $send(&bus, n).await;
                }
                drop(bus);
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.expect("it ends");
                }
                sum
            }
            .boxed()
        }
    };
}

tasks!(
    tasks_anypipe,
    anypipe::channel::broadcast(CAPACITY),
    |bus: &Anypipe| bus.subscribe(),
    async |bus: &Anypipe, n| bus.send(n).await
);
tasks!(
    tasks_async_broadcast,
    async_broadcast(),
    |bus: &AsyncBroadcast| bus.1.activate_cloned(),
    async |bus: &AsyncBroadcast, n| bus.0.broadcast(n).await.expect("somebody subscribes")
);
