//! What locks, permits and events cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anypipe::sync;
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::Scenario;
use crate::contenders::Job;
use crate::measure::{Row, Table};
use crate::runtime::Runtime;

/// So many tasks at once.
const CROWD: u64 = 8;

pub const SCENARIO: Scenario = Scenario {
    name: "sync",
    about: "locks, permits and events: by one task alone, and among eight, on tokio",
    tables: |effort| {
        let (alone, among) = (effort.items(1_000_000), effort.items(100_000));
        let rounds = effort.items(3_000);
        vec![
            table("lock/alone", "a lock that is free, taken and given back", alone, locks(1, alone)),
            table("lock/among", "a lock that eight tasks take in turn", among, locks(CROWD, among)),
            table("semaphore/alone", "a permit that is free", alone, semaphores(1, alone)),
            table("semaphore/among", "three permits, for eight tasks", among, semaphores(CROWD, among)),
            table("event/set", "an event that is set, waited for", alone, set_events(alone)),
            table("event/rounds", "a new event, which eight tasks wait for", rounds, events(rounds)),
        ]
    },
};

fn table(name: &str, about: &str, turns: u64, rows: Vec<Row>) -> Table {
    Table {
        name: format!("sync/{name}"),
        about: format!("{about}, {turns} turns"),
        unit: "ns for each turn",
        steady: false,
        rows,
    }
}

/// A row of so many turns, shared by tasks, each of which gives how many it has had.
fn row<S, F>(name: &str, tasks: u64, turns: u64, shared: fn() -> S, work: impl Fn(Arc<S>, u64) -> F + Clone + Send + 'static) -> Row
where
    S: Send + Sync + 'static,
    F: Future<Output = u64> + Send + 'static,
{
    let job = move || -> Job {
        let work = work.clone();
        async move {
            let shared = Arc::new(shared());
            let each = turns / tasks;
            let works = (0..tasks).map(|_| Runtime::spawned(work(Arc::clone(&shared), each)));
            join_all(works).await.into_iter().sum()
        }
        .boxed()
    };
    Row::timed(name, Runtime::Tokio, turns / tasks * tasks, turns / tasks * tasks, job)
}

/// Rows that take something so often and give it back; among several tasks it is held for a turn of the runtime, so that
/// the others wait for it.
macro_rules! takes {
    ($tasks:expr, $turns:expr, $($name:literal: $Shared:ty = $new:expr, |$it:ident| $take:expr;)+) => {
        vec![$(row($name, $tasks, $turns, || $new, move |shared: Arc<$Shared>, turns| async move {
            for _ in 0..turns {
                let $it = &*shared;
                let held = $take;
                std::hint::black_box(&held);
                if $tasks > 1 {
                    tokio::task::yield_now().await;
                }
                drop(held);
            }
            turns
        })),+]
    };
}

fn locks(tasks: u64, turns: u64) -> Vec<Row> {
    takes! { tasks, turns,
        "anypipe": sync::Lock<u64> = sync::Lock::new(0), |it| it.lock().await;
        "tokio": tokio::sync::Mutex<u64> = tokio::sync::Mutex::new(0), |it| it.lock().await;
        "async-lock": async_lock::Mutex<u64> = async_lock::Mutex::new(0), |it| it.lock().await;
    }
}

fn semaphores(tasks: u64, turns: u64) -> Vec<Row> {
    takes! { tasks, turns,
        "anypipe": sync::Semaphore = sync::Semaphore::new(3), |it| it.acquire().await;
        "tokio": tokio::sync::Semaphore = tokio::sync::Semaphore::new(3), |it| it.acquire().await;
        "async-lock": async_lock::Semaphore = async_lock::Semaphore::new(3), |it| it.acquire().await;
        "anypipe, limiter": sync::CapacityLimiter = sync::CapacityLimiter::new(3), |it| it.acquire().await;
    }
}

/// An event that has happened already, by what each has for that.
///
/// Ours and tokio's give way now and then, for which they ask the runtime or what polls them each time. async-lock's cell
/// never does: it is what the bare look costs.
fn set_events(turns: u64) -> Vec<Row> {
    let set = || {
        let event = sync::Event::new();
        event.set();
        event
    };
    let ours = row("anypipe", 1, turns, set, |event, turns| async move {
        for _ in 0..turns {
            event.wait().await;
        }
        turns
    });
    let watch = || tokio::sync::watch::Sender::new(true);
    let theirs = row("tokio, watch", 1, turns, watch, |sender, turns| async move {
        let mut receiver = sender.subscribe();
        for _ in 0..turns {
            receiver.wait_for(|set| *set).await.expect("its sender is there");
        }
        turns
    });
    let cell = || {
        let cell = async_lock::OnceCell::new();
        cell.set_blocking(()).expect("it is new");
        cell
    };
    let once = row("async-lock, once cell that never gives way", 1, turns, cell, |cell, turns| async move {
        for _ in 0..turns {
            cell.wait().await;
        }
        turns
    });
    vec![ours, theirs, once]
}

/// Tasks that wait for one event after the other; each round is one event, and ends when all have seen it.
///
/// `Notify` keeps who waits in the waiting futures themselves, which takes `unsafe`; ours and event-listener's allocate for
/// each new event.
fn events(rounds: u64) -> Vec<Row> {
    let ours = rounds_of("anypipe", rounds, sync::Event::new, |event| event.set(), |event| event.wait().boxed());
    let notify = rounds_of(
        "tokio, notify",
        rounds,
        tokio::sync::Notify::new,
        |notify| notify.notify_waiters(),
        |notify| notify.notified().boxed(),
    );
    let listener = rounds_of(
        "event-listener",
        rounds,
        event_listener::Event::<()>::new,
        |event| _ = event.notify(usize::MAX),
        |event| event.listen().boxed(),
    );
    vec![ours, notify, listener]
}

type Wait<'a> = futures_util::future::BoxFuture<'a, ()>;

/// Everybody waits in one task, so that what is timed is the event and not the runtime's hand.
fn rounds_of<E>(
    name: &str,
    rounds: u64,
    new: fn() -> E,
    set: fn(&E),
    wait: for<'a> fn(&'a E) -> Wait<'a>,
) -> Row
where
    E: Send + Sync + 'static,
{
    let job = move || -> Job {
        async move {
            let seen = AtomicU64::new(0);
            for _ in 0..rounds {
                let event = new();
                let waits = (0..CROWD).map(|_| wait(&event));
                let all = async {
                    join_all(waits).await;
                    seen.fetch_add(1, Ordering::Relaxed);
                };
                // The first poll has all of them wait; then it is set.
                futures_util::join!(all, async { set(&event) });
            }
            seen.into_inner()
        }
        .boxed()
    };
    Row::timed(name, Runtime::Tokio, rounds, rounds, job)
}
