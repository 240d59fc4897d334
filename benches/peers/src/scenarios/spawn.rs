//! What a task of a group costs, and a future that is gathered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe::task::{as_completed, gather, task_group};
use futures_util::future::join_all;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinSet;

use super::Scenario;
use crate::contenders::Job;
use crate::measure::{Row, Table, sum_of};
use crate::runtime::Runtime;

/// How many tasks there are at a time.
const TASKS: u64 = 10_000;
/// How many futures are under way where there is a limit.
const LIMIT: usize = 64;

pub const SCENARIO: Scenario = Scenario {
    name: "spawn",
    about: "10 000 tasks spawned and joined, and as many futures gathered",
    tables: |effort| {
        let rounds = effort.items(50);
        let groups: &[Way] =
            &[("anypipe task_group", group), ("tokio JoinSet", join_set), ("tokio spawn", handles)];
        let gathers: &[Way] = &[
            ("anypipe gather", gathered),
            ("join_all", joined),
            ("FuturesUnordered", unordered),
            ("tokio JoinSet", join_set),
        ];
        let limited: &[Way] = &[
            ("anypipe gather", gathered_64),
            ("anypipe as_completed", completed_64),
            ("anypipe as_completed, in a task", completed_64_in_a_task),
            ("tokio JoinSet", join_set_64),
            ("buffered", buffered_64),
            ("buffer_unordered", unordered_64),
        ];
        vec![
            table("group", "spawned and joined", rounds, groups, false),
            table("group_turn", "spawned and joined, each waits a turn", rounds, groups, true),
            table("gather", "gathered without a limit", rounds, gathers, false),
            table("gather_turn", "gathered without a limit, each waits a turn", rounds, gathers, true),
            table("limited", "gathered, 64 at a time", rounds, limited, false),
            table("limited_turn", "gathered, 64 at a time, each waits a turn", rounds, limited, true),
        ]
    },
};

/// A way to run `TASKS` futures, that are ready at once or wait a turn: the sum of what they give.
type Way = (&'static str, fn(bool) -> Job);

fn table(name: &str, about: &str, rounds: u64, ways: &[Way], waits: bool) -> Table {
    let rows = ways.iter().map(|&(name, way)| {
        let job = move || {
            async move {
                let mut sum = 0;
                for _ in 0..rounds {
                    sum += way(waits).await;
                }
                sum
            }
            .boxed()
        };
        Row::timed(name, Runtime::Tokio, rounds * TASKS, rounds * sum_of(TASKS), job)
    });
    Table {
        name: format!("spawn/{name}"),
        about: format!("{TASKS} futures {about}, {rounds} times"),
        unit: "ns for each future",
        steady: false,
        rows: rows.collect(),
    }
}

/// A future that gives a number.
struct Step {
    n: u64,
    /// True where it is woken once before.
    waits: bool,
}

impl Future for Step {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        if std::mem::take(&mut self.waits) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.n)
    }
}

fn steps(waits: bool) -> impl Iterator<Item = Step> + Send {
    (1..=TASKS).map(move |n| Step { n, waits })
}

fn group(waits: bool) -> Job {
    task_group(move |group| async move {
        let handles: Vec<_> = steps(waits).map(|step| group.spawn(step)).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.unwrap();
        }
        sum
    })
    .boxed()
}

fn join_set(waits: bool) -> Job {
    async move {
        let mut set = JoinSet::new();
        for step in steps(waits) {
            set.spawn(step);
        }
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        sum
    }
    .boxed()
}

fn handles(waits: bool) -> Job {
    async move {
        let handles: Vec<_> = steps(waits).map(tokio::spawn).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.unwrap();
        }
        sum
    }
    .boxed()
}

fn gathered(waits: bool) -> Job {
    gather(None, steps(waits)).map(|all| all.into_iter().sum()).boxed()
}

fn joined(waits: bool) -> Job {
    join_all(steps(waits)).map(|all| all.into_iter().sum()).boxed()
}

fn unordered(waits: bool) -> Job {
    steps(waits).collect::<FuturesUnordered<_>>().fold(0, async |sum, n| sum + n).boxed()
}

fn gathered_64(waits: bool) -> Job {
    gather(LIMIT, steps(waits)).map(|all| all.into_iter().sum()).boxed()
}

fn completed_64(waits: bool) -> Job {
    as_completed(LIMIT, steps(waits)).fold(0, async |sum, n| sum + n).boxed()
}

/// Read where its workers are: in `main` it is woken from other threads.
fn completed_64_in_a_task(waits: bool) -> Job {
    Runtime::spawned(completed_64(waits)).boxed()
}

fn join_set_64(waits: bool) -> Job {
    async move {
        let (mut set, mut steps) = (JoinSet::new(), steps(waits));
        for step in steps.by_ref().take(LIMIT) {
            set.spawn(step);
        }
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
            if let Some(step) = steps.next() {
                set.spawn(step);
            }
        }
        sum
    }
    .boxed()
}

fn buffered_64(waits: bool) -> Job {
    stream::iter(steps(waits)).buffered(LIMIT).collect::<Vec<_>>().map(|all| all.into_iter().sum()).boxed()
}

fn unordered_64(waits: bool) -> Job {
    stream::iter(steps(waits)).buffer_unordered(LIMIT).fold(0, async |sum, n| sum + n).boxed()
}
