//! The runtime on one thread: who drives it when.

mod common;

use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::run::task_group;
use anypipe_core::runtime::{AsHandle, Enter};
use anypipe_tokio::Tokio;

use common::{spawn, wait};

/// The thread that its child runs on.
fn where_children_run() -> Run<thread::ThreadId> {
    task_group(inherit, |group| async move { group.spawn(async { thread::current().id() }).await.unwrap() })
}

#[test]
fn inside_block_on_all_runs_on_the_calling_thread() {
    let tokio = Tokio::current_thread();
    let run = where_children_run().on(&tokio);
    let mut ran_on = None;
    tokio.block_on(pin!(async { ran_on = Some(run.await) }));
    assert_eq!(ran_on, Some(thread::current().id()));
}

#[test]
fn outside_of_block_on_a_thread_drives_it() {
    let tokio = Tokio::current_thread();
    let first = wait(where_children_run().on(&tokio));
    assert_ne!(first, thread::current().id());
    // The same thread goes on.
    assert_eq!(wait(where_children_run().on(&tokio)), first);
}

#[test]
fn what_is_left_over_after_block_on_goes_on() {
    let tokio = Tokio::current_thread();
    let (tx, rx) = tokio::sync::oneshot::channel();
    let run = task_group(inherit, |group| async move { group.spawn(rx).await.unwrap().unwrap() });
    let mut running = None;
    tokio.block_on(pin!(async { running = Some(run.on(&tokio).start()) }));
    tx.send(42).unwrap();
    assert_eq!(wait(running.unwrap()).unwrap(), 42);
}

#[test]
fn a_sleep_alone_gets_its_driver() {
    let tokio = Tokio::current_thread();
    wait(tokio.handle().sleep(Duration::from_millis(1)));
}

#[test]
fn a_sleep_made_inside_block_on_goes_on_outside() {
    let tokio = Tokio::current_thread();
    let handle = tokio.handle();
    let mut sleep = None;
    tokio.block_on(pin!(async { sleep = Some(handle.sleep(Duration::from_millis(1))) }));
    wait(sleep.unwrap());
}

#[test]
fn of_two_threads_in_block_on_either_may_leave_first() {
    for rounds in [[1, 20], [20, 1]] {
        let tokio = Tokio::current_thread();
        let (entered, enters) = mpsc::channel();
        let threads = rounds.map(|rounds| {
            let (tokio, entered) = (tokio.clone(), entered.clone());
            spawn(move || {
                let handle = tokio.handle();
                tokio.block_on(pin!(async {
                    entered.send(()).unwrap();
                    for _ in 0..rounds {
                        handle.sleep(Duration::from_millis(5)).await;
                    }
                }));
            })
        });
        drop(entered);
        assert_eq!(enters.iter().count(), 2);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
