//! Virtual time.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::run::inherit;
use anypipe_core::runtime::AsHandle;
use anypipe_core::{ErrorKind, Run};
use anypipe_sim::testing::{advance, spend, wait_all_blocked};
use anypipe_sim::{FailureKind, Sim};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

type Log = Arc<Mutex<Vec<u64>>>;

/// Tasks that sleep this many seconds and then write so.
fn sleepers(seconds: [u64; 4], log: &Log) -> Run<()> {
    let log = Arc::clone(log);
    Run::new("sleepers", inherit, move |scope| {
        for seconds in seconds {
            let (runtime, log) = (scope.runtime().clone(), Arc::clone(&log));
            scope.spawn("sleeper", async move {
                let start = runtime.now();
                runtime.sleep(SECOND * u32::try_from(seconds).unwrap()).await;
                assert_eq!(runtime.now() - start, Duration::from_secs(seconds));
                log.lock().unwrap().push(seconds);
            });
        }
        let runtime = scope.runtime().clone();
        async move { runtime.sleep(HOUR).await }
    })
}

#[test]
fn sleeps_end_in_the_order_of_their_time_and_cost_none() {
    Sim::each(40, |sim| {
        let sim = sim.clone().jitter(0);
        let log = Log::default();
        let outcome = sim.run(sleepers([30, 10, 1000, 20], &log));
        assert_eq!(*log.lock().unwrap(), [10, 20, 30, 1000]);
        assert_eq!(outcome.elapsed, HOUR);
        assert_eq!(sim.run(sleepers([30, 10, 1000, 20], &log)), outcome, "again, with a clock that went on");
    });
}

#[test]
fn a_deadline_passes_in_virtual_time() {
    Sim::each(40, |sim| {
        let run = Run::new("late", inherit, |_| std::future::pending::<()>()).deadline(HOUR);
        let outcome = sim.clone().jitter(0).run(run.checked());
        assert_eq!(outcome.value.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(outcome.elapsed, HOUR);
    });
}

#[test]
fn a_sleep_can_be_set_again() {
    let sim = Sim::new(1);
    let runtime = sim.handle();
    let outcome = sim.run(async move {
        let mut sleep = runtime.sleep(HOUR);
        poll_fn(|cx| {
            assert!(Pin::new(&mut sleep).poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        sleep.reset(SECOND);
        sleep.await;
    });
    assert_eq!(outcome.elapsed, SECOND);
}

#[test]
fn a_sleep_without_end_never_ends() {
    let sim = Sim::new(1);
    let failure = sim.try_run(sim.handle().sleep(Duration::MAX)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
}

#[test]
fn a_manual_clock_moves_by_hand_alone() {
    Sim::each(40, |sim| {
        let sim = sim.clone().manual_clock();
        let log = Log::default();
        let theirs = Arc::clone(&log);
        sim.run(Run::new("test", inherit, move |scope| {
            scope.spawn("sleepers", sleepers([30, 10, 10, 20], &theirs));
            async move {
                let seen = || theirs.lock().unwrap().clone();
                wait_all_blocked().await;
                assert!(seen().is_empty());
                advance(SECOND * 9).await;
                assert!(seen().is_empty());
                advance(SECOND).await;
                assert_eq!(seen(), [10, 10]);
                advance(HOUR).await;
                assert_eq!(seen(), [10, 10, 20, 30]);
            }
        }));
    });
}

#[test]
fn a_manual_clock_that_nobody_moves_is_a_deadlock() {
    let sim = Sim::new(1).manual_clock();
    let failure = sim.try_run(sim.handle().sleep(SECOND)).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    assert!(
        failure.to_string().contains("the clock is moved by hand, with `advance` (timers pending: 1)"),
        "{failure}"
    );
}

#[test]
fn time_spent_in_a_task_passes_for_all() {
    Sim::each(20, |sim| {
        let outcome = sim.clone().jitter(0).run(Run::new("busy", inherit, |scope| {
            let runtime = scope.runtime().clone();
            let start = runtime.now();
            scope.spawn("busy", async { spend(SECOND * 3) });
            async move {
                runtime.sleep(SECOND).await;
                runtime.now() - start
            }
        }));
        // Spent before the sleep was over, or after: never in between.
        assert!([SECOND, SECOND * 3, SECOND * 4].contains(&outcome.value), "{:?}", outcome.value);
    });
}

#[test]
fn those_who_wait_for_all_blocked_go_one_at_a_time() {
    Sim::each(40, |sim| {
        let log = Log::default();
        let theirs = Arc::clone(&log);
        sim.run(Run::new("waiters", inherit, move |scope| {
            let runtime = scope.runtime().clone();
            for name in [1, 2] {
                let (log, runtime) = (Arc::clone(&theirs), runtime.clone());
                scope.spawn("waiter", async move {
                    runtime.sleep(SECOND * name).await;
                    wait_all_blocked().await;
                    log.lock().unwrap().push(u64::from(name));
                });
            }
            async move { runtime.sleep(HOUR).await }
        }));
        assert_eq!(*log.lock().unwrap(), [1, 2]);
    });
}

#[test]
#[should_panic(expected = "`wait_all_blocked` was called outside a simulation")]
fn helpers_outside_a_simulation_say_so() {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = Box::pin(wait_all_blocked()).as_mut().poll(&mut context);
}
