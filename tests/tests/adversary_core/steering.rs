//! Stop, pause, cancel and deadlines at odd moments.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::task::{CancelToken, yield_now};
use anypipe::time::sleep;
use anypipe::{ErrorKind, Running};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(3600);

fn numbers() -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_iter(0..)
}

fn stuck() -> Run<Vec<u64>> {
    numbers().then(|_| pending::<u64>()).workers(2).collect()
}

/// One that has items in work: a stop before that is an end.
async fn begun() -> Running<Vec<u64>> {
    let begun = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&begun);
    let work = move |_| {
        counts.fetch_add(1, Ordering::SeqCst);
        pending::<u64>()
    };
    let running = numbers().then(work).workers(2).collect().start();
    while begun.load(Ordering::SeqCst) < 2 {
        sleep(SHORT).await;
    }
    running
}

#[anypipe::test]
async fn a_stop_becomes_a_stop_with_a_grace() {
    let running = begun().await;
    let control = running.control();
    control.stop();
    sleep(SHORT).await;
    control.stop_within(SHORT);
    assert!(running.await.unwrap_err().is_cancelled());
}

#[anypipe::test]
async fn a_grace_can_be_made_shorter() {
    let running = begun().await;
    let control = running.control();
    control.stop_within(LONG);
    sleep(SHORT).await;
    control.stop_within(Duration::ZERO);
    assert!(running.await.unwrap_err().is_cancelled());
}

#[anypipe::test]
async fn no_grace_at_all_is_a_cancel() {
    let running = begun().await;
    running.control().stop_within(Duration::ZERO);
    assert!(running.await.unwrap_err().is_cancelled());
}

#[anypipe::test]
async fn a_stop_before_the_start_gives_nothing() {
    let token = CancelToken::new();
    token.cancel();
    assert!(numbers().then(async |n| n).collect::<Vec<_>>().stop_on(token).await.is_empty());
    let running = numbers().then(async |n| n).collect::<Vec<_>>().start();
    running.control().stop();
    // An honest prefix, whatever had gone through by then.
    let items = running.await.unwrap();
    assert_eq!(items, (0..items.len() as u64).collect::<Vec<_>>());
}

#[anypipe::test]
async fn deadlines_of_no_length_and_without_end() {
    let error = stuck().deadline(Duration::ZERO).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let items = numbers().take(3).then(async |n| n).collect::<Vec<_>>();
    assert_eq!(items.deadline(Duration::MAX).await, [0, 1, 2]);
}

#[anypipe::test]
async fn a_pause_holds_up_no_end() {
    for workers in [1, 3] {
        let paused = async || {
            let running = numbers().then(async |n| n).workers(workers).buffer_size(2).drain().start();
            running.control().pause();
            for _ in 0..5 {
                yield_now().await;
            }
            [running]
        };
        let [running] = paused().await;
        running.control().stop();
        running.await.unwrap();
        let [running] = paused().await;
        running.control().cancel();
        assert!(running.await.unwrap_err().is_cancelled());
        let [running] = paused().await;
        running.control().stop_within(Duration::ZERO);
        // All may have ended before the grace was looked at.
        if let Err(error) = running.await {
            assert!(error.is_cancelled(), "{error}");
        }
        drop(paused().await);
        let [running] = paused().await;
        let control = running.control();
        control.resume();
        control.pause();
        control.resume();
        control.stop();
        running.await.unwrap();
    }
}

#[test]
fn a_long_line_of_tokens_is_cancelled() {
    let root = CancelToken::new();
    let mut line = vec![root.clone()];
    for _ in 0..100_000 {
        let child = line.last().unwrap().child();
        line.push(child);
    }
    root.cancel();
    assert!(line.iter().all(CancelToken::is_cancelled));
}

#[test]
fn many_tokens_under_one_are_made_and_cancelled_quickly() {
    let root = CancelToken::new();
    let children: Vec<_> = (0..100_000).map(|_| root.child()).collect();
    root.cancel();
    assert!(children.iter().all(CancelToken::is_cancelled));
}
