//! What a channel of one item costs, beside tokio's and that of futures.

use futures_channel::oneshot as futures;
use futures_util::FutureExt;
use tokio::sync::oneshot as tokio;

use super::Scenario;
use crate::contenders::{Job, numbers};
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "oneshot",
    about: "channels of one item each: it is there before it is asked for, or its receiver waits for it in another task",
    tables: |effort| {
        let items = effort.items(1_000_000);
        vec![
            table("ready", "sent, and then received in the same task", items, [
                ("anypipe", ready_anypipe),
                ("tokio", ready_tokio),
                ("futures", ready_futures),
            ]),
            table("tasks", "received in one task and sent in another", items / 10, [
                ("anypipe", tasks_anypipe),
                ("tokio", tasks_tokio),
                ("futures", tasks_futures),
            ]),
        ]
    },
};

/// A contender's name, and its job over so many channels.
type Contender = (&'static str, fn(u64) -> Job);

fn table(name: &str, about: &str, items: u64, rows: [Contender; 3]) -> Table {
    let row = |(name, job): Contender| {
        Row::timed(name, Runtime::Tokio, items, sum_of(items), move || job(items))
    };
    Table {
        name: format!("oneshot/{name}"),
        about: format!("{about}, {items} channels"),
        unit: "ns for each channel",
        steady: false,
        rows: rows.map(row).into(),
    }
}

/// The two jobs over a channel; all have the same words.
macro_rules! jobs {
    ($ready:ident, $tasks:ident, $channel:expr) => {
        fn $ready(items: u64) -> Job {
            async move {
                let mut sum = 0;
                for n in numbers(items) {
                    let (sender, receiver) = $channel;
                    sender.send(n).expect("its receiver is there");
                    sum += receiver.await.expect("it was sent");
                }
                sum
            }
            .boxed()
        }

        fn $tasks(items: u64) -> Job {
            async move {
                let (senders, receivers): (Vec<_>, Vec<_>) = numbers(items).map(|_| $channel).unzip();
                let receiving = ::tokio::spawn(async move {
                    let mut sum = 0;
                    for receiver in receivers {
                        sum += receiver.await.expect("it is sent");
                    }
                    sum
                });
                for (n, sender) in numbers(items).zip(senders) {
                    sender.send(n).expect("its receiver is there");
                    if n % 8 == 0 {
                        ::tokio::task::yield_now().await;
                    }
                }
                receiving.await.expect("it ends")
            }
            .boxed()
        }
    };
}

jobs!(ready_anypipe, tasks_anypipe, anypipe::channel::oneshot());
jobs!(ready_tokio, tasks_tokio, tokio::channel());
jobs!(ready_futures, tasks_futures, futures::channel());
