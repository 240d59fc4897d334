//! Calls into a run from plain threads and from blocking work, on every backend. The simulator has no other threads.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]
#![allow(clippy::disallowed_methods, reason = "threads that are no runtime's")]

mod common;

use std::thread;

use anypipe::ErrorKind;
use anypipe::channel::oneshot;
use anypipe::prelude::*;
use anypipe::task::{BlockingPortal, blocking, portal, task_group};
use anypipe::time::sleep;
use common::{is_virtual, ticks};

#[anypipe::test]
async fn a_thread_has_a_pipeline_run_in_the_run() {
    if is_virtual() {
        return;
    }
    let portal = portal();
    let (done, is_done) = oneshot();
    let thread = thread::spawn(move || {
        let squares = portal.call(|| Pipeline::from_iter(1..=3).then(async |n| n * n).collect::<Vec<u32>>());
        done.send(squares.unwrap()).unwrap();
    });
    assert_eq!(is_done.await.unwrap(), [1, 4, 9]);
    thread.join().unwrap();
}

#[anypipe::test]
async fn a_group_gives_a_portal_and_ends_it() {
    let portal = task_group(|group| async move { group.portal() }).await;
    assert!(!portal.is_open());
    let refused = thread::spawn(move || portal.call(async || 1).unwrap_err());
    assert_eq!(refused.join().unwrap().kind(), ErrorKind::ScopeEnded);
}

#[anypipe::test]
async fn blocking_work_calls_back_into_the_run() {
    let called = blocking(|| {
        portal().call(async || {
            sleep(ticks(1)).await;
            5
        })
    });
    assert_eq!(called.await.unwrap(), 5);
    let called = Pipeline::from_iter(0..10u32)
        .map(|n| BlockingPortal::current().call(async move || n + 1))
        .blocking()
        .workers(2)
        .collect::<Vec<_>>();
    assert!(called.await.into_iter().map(Result::unwrap).eq(1..=10));
}

#[anypipe::test]
async fn a_run_in_blocking_work_is_refused_and_names_the_portal() {
    let refused = blocking(|| anypipe::try_run(async {})).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoRuntime);
    let text = refused.to_string();
    assert!(text.contains("anypipe::task::portal().call(..)"), "{text}");
}
