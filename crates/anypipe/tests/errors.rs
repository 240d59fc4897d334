//! Operators on results and the options around the work on an item, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::stage::{Failed, Located, Panicked, RetryPolicy};
use anypipe::time::{TimedOut, now, sleep};
use anypipe_sim::testing::Resources;
use common::{assert_ticks, is_exact, ticks};

/// Even numbers are values, odd ones errors.
fn even(n: u32) -> Result<u32, u32> {
    if n % 2 == 0 { Ok(n) } else { Err(n) }
}

#[derive(Debug, PartialEq)]
enum Error {
    Late,
    Odd(u32),
    Panicked(String),
}

impl From<TimedOut> for Error {
    fn from(_: TimedOut) -> Self {
        Self::Late
    }
}

impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked(panicked.to_string())
    }
}

#[anypipe::test]
async fn values_and_errors_go_their_ways() {
    let results = || source::iter(0..4u32).map(even);
    assert_eq!(results().map_ok(|n| n + 10).collect::<Vec<_>>().await, [Ok(10), Err(1), Ok(12), Err(3)]);
    assert_eq!(results().map_err(|n| n + 10).collect::<Vec<_>>().await, [Ok(0), Err(11), Ok(2), Err(13)]);
    assert_eq!(results().try_filter(|n| *n > 0).collect::<Vec<_>>().await, [Err(1), Ok(2), Err(3)]);
    assert_eq!(results().recover(|n| n * 100).collect::<Vec<_>>().await, [0, 100, 2, 300]);
    assert_eq!(results().ok_only().collect::<Vec<_>>().await, [0, 2]);
    assert_eq!(results().err_only().collect::<Vec<_>>().await, [1, 3]);
    let mended = results().or_else(async |n| if n == 1 { Ok(1) } else { Err("three") });
    assert_eq!(mended.workers(3).collect::<Vec<_>>().await, [Ok(0), Ok(1), Ok(2), Err("three")]);
}

#[anypipe::test]
async fn results_are_looked_at() {
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let (values, errors) = (Arc::clone(&seen), Arc::clone(&seen));
    let results = source::iter(0..6u32)
        .map(even)
        .inspect_ok(move |n| values.lock().unwrap().0.push(*n))
        .inspect_err(move |n| errors.lock().unwrap().1.push(*n));
    assert_eq!(results.collect::<Vec<_>>().await, (0..6).map(even).collect::<Vec<_>>());
    assert_eq!(*seen.lock().unwrap(), (vec![0, 2, 4], vec![1, 3, 5]));
}

#[anypipe::test]
async fn synchronous_ones_take_workers_and_block() {
    let results = || source::iter(0..50u32).map(even);
    let expected: Vec<_> = (0..50).map(|n| even(n).map(|n| n + 1)).collect();
    assert_eq!(results().map_ok(|n| n + 1).workers(4).collect::<Vec<_>>().await, expected);
    assert_eq!(results().map_ok(|n| n + 1).blocking().workers(2).collect::<Vec<_>>().await, expected);
}

#[anypipe::test]
async fn a_panic_in_a_handler_names_it() {
    let run = source::iter(0..4u32).map(even).recover(|_| panic!("no")).collect::<Vec<_>>();
    assert_eq!(run.checked().await.unwrap_err().to_string(), "stage `recover` panicked: no");
}

#[anypipe::test]
async fn work_that_takes_too_long_is_dropped() {
    let resources = Resources::new();
    let held = resources.clone();
    let start = now();
    let work = move |n: u32| {
        let held = held.hold(());
        async move {
            let _held = held;
            sleep(ticks(n)).await;
            n
        }
    };
    let items = source::iter([0, 9, 2, 100]).then(work).workers(4).timeout_each(ticks(5));
    let items: Vec<Result<u32, TimedOut>> = items.collect().await;
    if is_exact() {
        assert_eq!(items, [Ok(0), Err(TimedOut), Ok(2), Err(TimedOut)]);
        assert_ticks(start, 5);
    }
    assert_eq!(items[3], Err(TimedOut));
    resources.assert_none_left();
}

#[anypipe::test]
async fn on_results_a_timeout_becomes_their_error() {
    let work = async |n: u32| {
        sleep(ticks(n)).await;
        if n == 1 { Err(Error::Odd(n)) } else { Ok(n) }
    };
    let items: Vec<Result<u32, Error>> =
        source::iter([0, 1, 200]).then(work).timeout_each(ticks(20)).collect().await;
    assert_eq!(items, [Ok(0), Err(Error::Odd(1)), Err(Error::Late)]);
    // Where the error can't be made of a timeout the result becomes a value.
    let other = source::iter([1]).then(async |n: u32| even(n)).timeout_each(ticks(20));
    let items: Vec<Result<Result<u32, u32>, TimedOut>> = other.collect().await;
    assert_eq!(items, [Ok(Err(1))]);
    // In a segment it is said which is meant.
    let segment = then(work).try_timeout_each(ticks(20));
    let items: Vec<Result<u32, Error>> = (source::iter([0, 200]) | segment).collect().await;
    assert_eq!(items, [Ok(0), Err(Error::Late)]);
    let segment = then(async |n: u32| n).timeout_each(ticks(20));
    assert_eq!((source::iter([3]) | segment).collect::<Vec<_>>().await, [Ok(3)]);
}

#[anypipe::test]
async fn a_timeout_of_and_then_is_of_its_work_only() {
    let items: Vec<Result<u32, Error>> = source::iter([0, 1, 200])
        .map(|n: u32| if n == 1 { Err(Error::Odd(n)) } else { Ok(n) })
        .and_then(async |n| {
            sleep(ticks(n)).await;
            Ok(n + 1)
        })
        .timeout_each(ticks(20))
        .collect()
        .await;
    assert_eq!(items, [Ok(1), Err(Error::Odd(1)), Err(Error::Late)]);
}

/// Work that fails `times` times for each item, and counts its calls.
fn flaky(times: usize) -> (Arc<AtomicUsize>, Segment<impl Stage<u32, Out = Result<u32, String>>>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&calls);
    let attempts = Arc::new(Mutex::new(std::collections::HashMap::<u32, usize>::new()));
    let work = move |n: u32| {
        counts.fetch_add(1, Ordering::SeqCst);
        let failed = {
            let mut attempts = attempts.lock().unwrap();
            let tries = attempts.entry(n).or_default();
            *tries += 1;
            *tries <= times
        };
        async move { if failed { Err(format!("{n} failed")) } else { Ok(n) } }
    };
    (calls, then(work).retry(RetryPolicy::new(3).backoff(ticks(1), ticks(4))))
}

#[anypipe::test]
async fn what_fails_is_tried_again() {
    let (calls, work) = flaky(2);
    let start = now();
    let all: Result<Vec<u32>, String> = (source::iter(0..3) | work).try_collect().await;
    assert_eq!(all, Ok(vec![0, 1, 2]));
    assert_eq!(calls.load(Ordering::SeqCst), 9);
    // One tick and two for each item.
    assert_ticks(start, 9);
    let (calls, work) = flaky(3);
    let all: Vec<_> = (source::iter(0..2) | work).collect().await;
    assert_eq!(all, [Err("0 failed".to_owned()), Err("1 failed".to_owned())]);
    assert_eq!(calls.load(Ordering::SeqCst), 6);
}

#[anypipe::test]
async fn a_retry_holds_the_line_unless_unordered() {
    let first_fails = || {
        let failed = AtomicU32::new(0);
        move |n: u32| {
            let fails = n == 0 && failed.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if fails { Err(n) } else { Ok(n) } }
        }
    };
    let policy = RetryPolicy::new(2).backoff(ticks(2), ticks(2));
    let ordered = source::iter(0..4).then(first_fails()).workers(2).retry(policy);
    assert_eq!(ordered.ok_only().collect::<Vec<_>>().await, [0, 1, 2, 3]);
    let unordered = source::iter(0..4).then(first_fails()).workers(2).retry(policy).unordered();
    assert_eq!(unordered.ok_only().collect::<Vec<_>>().await, [1, 2, 3, 0]);
}

#[anypipe::test]
async fn a_retry_can_be_synchronous_or_block() {
    let tries = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&tries);
    let work = move |n: u32| if counts.fetch_add(1, Ordering::SeqCst) % 2 == 0 { Err(n) } else { Ok(n) };
    let policy = RetryPolicy::new(2);
    let all = source::iter(0..3).map(work.clone()).retry(policy).collect::<Vec<_>>().await;
    assert_eq!(all, [Ok(0), Ok(1), Ok(2)]);
    let all = source::iter(0..3).map(work).blocking().retry(policy).collect::<Vec<_>>().await;
    assert_eq!(all, [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(tries.load(Ordering::SeqCst), 12);
}

#[anypipe::test]
async fn jitter_is_within_its_bounds_and_replays() {
    async fn length() -> Duration {
        let start = now();
        let policy = RetryPolicy::new(4).backoff(ticks(4), ticks(8)).jitter(0.5);
        let run = source::iter(0..3).then(async |_: u32| Err::<(), ()>(())).retry(policy).count();
        assert_eq!(run.await, 3);
        now() - start
    }
    let one = length().await;
    assert!(one >= ticks(3 * 10), "{one:?}");
    if is_exact() {
        assert!(one < ticks(3 * 20), "{one:?}");
        assert_eq!(length().await, one);
    }
}

#[anypipe::test]
async fn errors_tell_stage_place_and_item() {
    let risky = async |n: u32| if n == 12 { Err("dozen".to_owned()) } else { Ok(n) };
    let second = async |n: u32| if n == 13 { Err("unlucky".to_owned()) } else { Ok(n * 2) };
    let all: Vec<Result<u32, Failed<u32, Located<String>>>> = source::iter(10..14)
        .then(risky)
        .workers(3)
        .named("risky")
        .located()
        .with_input()
        .map_ok(|n| n)
        .try_then(second)
        .named("second")
        .located()
        .with_input()
        .collect()
        .await;
    let failed = |input, stage: &str, index, error: &str| {
        let (stage, error) = (stage.to_owned(), error.to_owned());
        Err(Failed { input, error: Located { stage, index, error } })
    };
    let expected = [Ok(20), Ok(22), failed(12, "risky", 2, "dozen"), failed(13, "second", 3, "unlucky")];
    assert_eq!(all, expected);
    assert_eq!(all[2].as_ref().unwrap_err().to_string(), "stage `risky`, item 2: dozen");
}

#[anypipe::test]
async fn an_error_type_can_take_in_located_ones() {
    type AnyError = Box<dyn std::error::Error + Send + Sync>;
    let all: Result<Vec<u32>, AnyError> = source::iter(["1", "2", "x"])
        .map(|text| text.parse::<u32>().map_err(AnyError::from))
        .and_then(async |n| if n == 2 { Err("two".into()) } else { Ok(n) })
        .workers(2)
        .located()
        .try_collect()
        .await;
    assert_eq!(all.unwrap_err().to_string(), "stage `and_then`, item 1: two");
}

#[anypipe::test]
async fn places_are_those_of_the_input_with_workers() {
    let all: Vec<Result<u32, Located<u32>>> = source::iter(0..200u32)
        .then(async |n| {
            for _ in 0..n % 3 {
                anypipe::task::yield_now().await;
            }
            even(n)
        })
        .workers(7)
        .unordered()
        .located()
        .collect()
        .await;
    assert_eq!(all.iter().filter(|item| item.is_err()).count(), 100);
    for located in all.into_iter().filter_map(Result::err) {
        assert_eq!(located.index, u64::from(located.error));
    }
}

#[anypipe::test]
async fn a_panic_becomes_an_error_in_its_place() {
    let work = async |n: u32| {
        anypipe::task::yield_now().await;
        assert!(n != 3, "three");
        n
    };
    for workers in [1, 4] {
        let all = source::iter(0..100).then(work).workers(workers).named("risky").catch_panics();
        let all: Vec<Result<u32, Panicked>> = all.collect().await;
        assert_eq!(all.iter().filter_map(|item| item.as_ref().ok()).count(), 99);
        let panicked = all[3].as_ref().unwrap_err();
        assert_eq!(
            (panicked.stage(), panicked.to_string().as_str()),
            ("risky", "stage `risky` panicked: three")
        );
    }
    let divided: Vec<_> =
        source::iter([5, 0, 2]).map(|n: u32| 10 / n).catch_panics().ok_only().collect().await;
    assert_eq!(divided, [2, 5]);
}

#[anypipe::test]
async fn on_results_a_panic_becomes_their_error() {
    let work = async |n: u32| match n {
        0 => panic!("zero"),
        1 => Err(Error::Odd(1)),
        n => Ok(n),
    };
    let all: Vec<Result<u32, Error>> = source::iter(0..3).then(work).catch_panics().collect().await;
    assert_eq!(all, [Err(Error::Panicked("stage `then` panicked: zero".into())), Err(Error::Odd(1)), Ok(2)]);
}

#[anypipe::test]
async fn the_state_of_a_worker_is_made_anew_after_a_panic() {
    let made = Arc::new(AtomicUsize::new(0));
    let makes = Arc::clone(&made);
    let init = move || {
        makes.fetch_add(1, Ordering::SeqCst);
        async { 0_u32 }
    };
    let work = async |count: &mut u32, n: u32| {
        *count += 1;
        assert!(n != 2, "two");
        *count
    };
    let all = source::iter(0..5).then_with(init, work).catch_panics().ok_only();
    assert_eq!(all.collect::<Vec<_>>().await, [1, 2, 1, 2]);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[anypipe::test]
async fn a_blocking_panic_is_caught_too() {
    let all = source::iter(0..3u32).map(|n| 6 / n).blocking().named("divide").catch_panics();
    let all: Vec<_> = all.map(|item| item.map_err(|panicked| panicked.stage().to_owned())).collect().await;
    assert_eq!(all, [Err("divide".to_owned()), Ok(6), Ok(3)]);
}

#[anypipe::test]
async fn wrapped_work_keeps_its_other_options() {
    let pipeline = source::iter(0..20u32)
        .then(async |n| even(n))
        .retry(RetryPolicy::new(2))
        .workers(3)
        .buffer_size(5)
        .keyed(|n| n % 4);
    assert_eq!(pipeline.max_in_flight().limit(), Some(8));
    let mut all = pipeline.ok_only().collect::<Vec<_>>().await;
    all.sort_unstable();
    assert_eq!(all, (0..20).step_by(2).collect::<Vec<_>>());
}

#[test]
fn policies_without_sense_are_refused() {
    let refused = |build: fn() -> RetryPolicy| std::panic::catch_unwind(build).is_err();
    assert!(refused(|| RetryPolicy::new(0)));
    assert!(refused(|| RetryPolicy::new(1).backoff(ticks(2), ticks(1))));
    assert!(refused(|| RetryPolicy::new(1).jitter(1.5)));
}
