//! What tokio's own context does to us: detection, nesting, clocks and budgets.

mod common;

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::run::task_group;
use anypipe_core::runtime::{AsHandle, Enter};
use anypipe_tokio::{Tokio, detect};
use tokio::runtime::Builder;

use common::wait;

#[test]
fn a_plain_tokio_program_is_found() {
    assert!(detect().is_none() && Tokio::current().is_none());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let found = || detect().ok_or_else(|| unreachable!("it runs in tokio"));
    let answer = runtime.block_on(async {
        let run = task_group(found, |group| async move { group.spawn(async { 42 }).await.unwrap() });
        run.await
    });
    assert_eq!(answer, 42);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a task that is not ours")]
fn it_is_known_where_tasks_are_polled() {
    let several = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let known = Tokio::from(several.handle().clone()).handle();
    assert!(!known.is_current(), "on a thread of nobody");
    let (in_task, in_root) = several.block_on(async {
        let handle = known.clone();
        (tokio::spawn(async move { handle.is_current() }).await.unwrap(), known.is_current())
    });
    assert!(in_task && !in_root, "the root is polled by the caller's thread");

    let one = Builder::new_current_thread().build().unwrap();
    let known = Tokio::from(one.handle().clone()).handle();
    assert!(one.block_on(async { known.is_current() }), "there is no other thread");
}

#[test]
fn entering_from_inside_is_refused_with_advice() {
    let mut advice = String::new();
    Tokio::current_thread().block_on(pin!(async {
        let inner = Tokio::current_thread();
        let nested = catch_unwind(AssertUnwindSafe(|| inner.block_on(pin!(async {}))));
        advice = text(&*nested.unwrap_err()).to_owned();
    }));
    assert!(advice.contains("can't be entered from inside one"), "{advice}");
}

#[test]
fn a_panic_of_the_root_goes_through() {
    for tokio in [Tokio::multi_thread(1), Tokio::current_thread()] {
        let root = || tokio.block_on(pin!(async { panic!("boom") }));
        let panic = catch_unwind(AssertUnwindSafe(root)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"boom"));
    }
}

#[test]
fn a_runtime_without_its_timer_is_told_with_the_remedy() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let tokio = Tokio::from(runtime.handle().clone());
    let panic = catch_unwind(|| tokio.handle().sleep(Duration::ZERO)).unwrap_err();
    assert!(panic.downcast_ref::<&str>().is_some_and(|advice| advice.contains("enable_time()")));

    // Tasks need no timer.
    let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
    assert_eq!(wait(run.on(&tokio)), 42);

    // In a run it is an error like any other panic.
    let run = Run::new("late", inherit, |_| std::future::pending::<()>()).on(&tokio);
    let error = wait(run.deadline(Duration::from_secs(1)).checked()).unwrap_err();
    assert!(error.to_string().contains("enable_time()"), "{error}");
}

#[test]
fn a_paused_clock_is_the_clock() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let hour = Duration::from_secs(3600);
    runtime.block_on(async {
        let handle = detect().unwrap();
        let start = handle.now();
        let mut sleep = handle.sleep(hour);
        (&mut sleep).await;
        sleep.reset(hour);
        sleep.await;
        assert!(handle.now() - start >= 2 * hour);
        // From outside of the runtime it is the same clock.
        let outside = common::spawn(move || handle.now() - start);
        assert!(outside.join().unwrap() >= 2 * hour);
    });
}

#[test]
fn a_budget_that_is_spent_makes_the_task_give_way_and_wakes_it() {
    let run = task_group(inherit, |group| async move {
        let runtime = group.scope().runtime().clone();
        let spent = poll_fn(move |cx| {
            // Tokio's is 128; a chunk spends one.
            let given_way = (0..1000).find(|_| runtime.poll_budget(cx).is_pending());
            given_way.map_or(Poll::Ready(None), |spent| Poll::Ready(Some(spent)))
        });
        let spent = group.spawn(spent).await.unwrap();
        let runtime = group.scope().runtime().clone();
        let mut polls = 0;
        let woken = poll_fn(move |cx| {
            polls += 1;
            if polls < 3 && (0..1000).any(|_| runtime.poll_budget(cx).is_pending()) {
                return Poll::Pending;
            }
            Poll::Ready(polls)
        });
        (spent, group.spawn(woken).await.unwrap())
    });
    let (spent, polls) = wait(run.on(Tokio::multi_thread(1)));
    assert!(spent.is_some());
    assert_eq!(polls, 3);
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or_default()
}
