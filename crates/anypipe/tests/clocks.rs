//! Waits, ticks and limits as users write them, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::future::pending;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::task::task_group;
use anypipe::time::{
    Deadline, MissedTicks, TimedOut, current_deadline, fail_after, fail_at, interval, interval_at,
    move_on_after, move_on_at, now, sleep, sleep_until,
};
use common::{assert_ticks, is_exact, ticks};

#[anypipe::test]
async fn a_wait_ends_at_its_moment() {
    let start = now();
    sleep_until(start + ticks(2)).await;
    assert_ticks(start, 2);
    sleep_until(start).await;
    assert!(!is_exact() || now() == start + ticks(2), "what is over is not waited for");
    assert_eq!(move_on_after(ticks(1), sleep(Duration::MAX)).await, None);
}

#[anypipe::test]
async fn ticks_are_awaited_and_streamed() {
    let start = now();
    let mut every = interval_at(start + ticks(1), ticks(1)).missed(MissedTicks::Burst);
    assert_eq!(every.tick().await, start + ticks(1));
    let due: Vec<_> = Pipeline::from_stream(every).take(3).collect().await;
    assert_eq!(due, [2, 3, 4].map(|n| start + ticks(n)));
    assert_ticks(start, 4);
    let mut every = interval(ticks(1));
    let first = every.tick().await;
    assert_eq!(every.tick().await, first + ticks(1));
}

#[anypipe::test]
async fn moments_limit_work() {
    let start = now();
    assert_eq!(move_on_at(start + ticks(1), pending::<()>()).await, None);
    assert_eq!(fail_at(start + ticks(2), pending::<()>()).await, Err(TimedOut));
    assert_ticks(start, 2);
    assert_eq!(move_on_at(start, async { 1 }).await, Some(1));
    assert_eq!(fail_at(start, async { 2 }).await, Ok(2));
    assert_eq!(fail_after(Duration::MAX, sleep(ticks(1))).await, Ok(()));
}

#[anypipe::test]
async fn a_deadline_is_moved_while_tasks_run_under_it() {
    let start = now();
    let deadline = Deadline::after(ticks(1));
    let moves = deadline.clone();
    let group = task_group(|group| async move {
        group.spawn(async move {
            let at = current_deadline();
            assert_eq!(at, moves.get());
            moves.extend(ticks(2)).unwrap();
            assert!(current_deadline() > at);
            pending::<()>().await;
        });
    });
    assert_eq!(deadline.fail(group).await, Err(TimedOut));
    assert_ticks(start, 3);
    assert!(deadline.has_passed() && deadline.never().is_err());
    assert_eq!(current_deadline(), None);
}

#[anypipe::test]
async fn a_deadline_limits_a_run() {
    let start = now();
    let deadline = Deadline::from(ticks(1000));
    let moves = deadline.clone();
    let run = Pipeline::from_iter(0..)
        .then(move |n: u64| {
            let moves = moves.clone();
            async move {
                if n == 3 {
                    moves.set(now() + ticks(1)).expect("it has not passed");
                    pending::<()>().await;
                }
            }
        })
        .drain();
    let late = run.deadline(deadline.clone()).checked().await.unwrap_err();
    assert_eq!(late.kind(), anypipe::ErrorKind::TimedOut);
    assert!(deadline.has_passed());
    assert_ticks(start, 1);
}
