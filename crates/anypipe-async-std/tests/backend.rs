//! What every backend does the same; the other backends have this file too.

mod common;

use std::any::Any;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use anypipe_async_std::AsyncStd;
use anypipe_core::run::inherit;
use anypipe_core::runtime::{AsHandle, Enter};
use anypipe_core::scope::task_group;
use anypipe_core::{ErrorKind, Run};

use common::wait;

fn runtimes() -> Vec<AsyncStd> {
    vec![AsyncStd::new()]
}

#[test]
fn children_run_and_are_joined() {
    for runtime in runtimes() {
        let run = task_group(inherit, |group| async move {
            let children: Vec<_> = (0..100_u32).map(|n| group.spawn(async move { n })).collect();
            let mut sum = 0;
            for child in children {
                sum += child.await.unwrap();
            }
            sum
        });
        assert_eq!(wait(run.on(&runtime)), 4950);
    }
}

#[test]
fn block_on_runs_the_root_to_its_end() {
    for runtime in runtimes() {
        let mut sum = None;
        let run = task_group(inherit, |group| async move { group.spawn(async { 6 * 7 }).await.unwrap() });
        let run = run.on(&runtime);
        runtime.block_on(std::pin::pin!(async { sum = Some(run.await) }));
        assert_eq!(sum, Some(42));
    }
}

#[test]
fn blocking_work_runs_elsewhere_and_a_panic_in_it_is_told() {
    for runtime in runtimes() {
        let run = Run::new("blocking", inherit, |scope| {
            let (tx, rx) = mpsc::channel();
            // It waits for the other, so the two can't share a thread.
            let waits = scope.spawn_blocking("waits", move || rx.recv());
            let sends = scope.spawn_blocking("sends", move || tx.send(42));
            let panics = scope.spawn_blocking("panics", || panic!("boom"));
            async move {
                sends.await.unwrap().unwrap();
                let got = waits.await.unwrap().unwrap();
                let panicked: Result<(), _> = panics.await;
                (got, panicked.unwrap_err().kind())
            }
        });
        assert_eq!(wait(run.on(&runtime)), (42, ErrorKind::Panicked));
    }
}

#[test]
fn a_sleep_takes_its_time_and_can_be_set_again() {
    for runtime in runtimes() {
        let run = Run::new("sleep", inherit, |scope| {
            let runtime = scope.runtime().clone();
            async move {
                let (start, step) = (runtime.now(), Duration::from_millis(20));
                let mut sleep = runtime.sleep(step);
                (&mut sleep).await;
                assert!(runtime.now() - start >= step);
                sleep.reset(step);
                (&mut sleep).await;
                assert!(runtime.now() - start >= 2 * step);

                let mut sleep = runtime.sleep(Duration::from_secs(3600));
                poll_fn(|cx| {
                    assert!(Pin::new(&mut sleep).poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                sleep.reset(Duration::from_millis(1));
                sleep.await;
            }
        });
        wait(run.on(&runtime));
    }
}

#[test]
fn the_longest_sleep_is_no_overflow() {
    for runtime in runtimes() {
        let run = Run::new("sleep", inherit, |scope| {
            let runtime = scope.runtime().clone();
            async move {
                let mut sleep = runtime.sleep(Duration::MAX);
                sleep.reset(Duration::MAX);
                poll_fn(|cx| Poll::Ready(Pin::new(&mut sleep).poll(cx).is_pending())).await
            }
        });
        assert!(wait(run.on(&runtime)));
    }
}

#[test]
fn a_panic_resumes_in_the_awaiter_with_the_name_of_the_stage() {
    for runtime in runtimes() {
        let run = Run::new("run", inherit, |scope| {
            scope.spawn("fetch", async { panic!("boom") });
            pending::<()>()
        });
        let panic = catch_unwind(AssertUnwindSafe(|| wait(run.on(&runtime)))).unwrap_err();
        assert_eq!(text(&*panic), "stage `fetch` panicked: boom");
    }
}

#[test]
fn cancel_and_join_waits_for_a_slow_destructor() {
    struct Slow(Arc<AtomicBool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            #[expect(clippy::disallowed_methods, reason = "a destructor can't await")]
            std::thread::sleep(Duration::from_millis(40));
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for runtime in runtimes() {
        let run = task_group(inherit, |group| async move {
            let dropped = Arc::new(AtomicBool::new(false));
            let slow = Slow(Arc::clone(&dropped));
            let started = group.start(|started| async move {
                let _slow = slow;
                started.ready(());
                pending::<()>().await;
            });
            started.await.unwrap();
            group.scope().cancel_and_join().await;
            dropped.load(Ordering::SeqCst)
        });
        assert!(wait(run.on(&runtime)));
    }
}

#[test]
fn a_dropped_run_drops_its_tasks() {
    struct Tells(mpsc::Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    for runtime in runtimes() {
        let (started, starts) = mpsc::channel();
        let (dropped, drops) = mpsc::channel();
        let run = Run::new("dropped", inherit, move |scope| {
            for _ in 0..4 {
                let (started, tells) = (started.clone(), Tells(dropped.clone()));
                scope.spawn("task", async move {
                    started.send(()).unwrap();
                    pending::<()>().await;
                    drop(tells);
                });
            }
            pending::<()>()
        });
        let running = run.on(&runtime).start();
        let limit = Duration::from_secs(20);
        (0..4).for_each(|_| starts.recv_timeout(limit).unwrap());
        drop(running);
        (0..4).for_each(|_| drops.recv_timeout(limit).unwrap());
    }
}

#[test]
fn a_run_that_takes_too_long_times_out() {
    for runtime in runtimes() {
        let run = Run::new("late", inherit, |_| pending::<()>()).on(&runtime);
        let error = wait(run.deadline(Duration::from_millis(5)).checked()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn a_value_names_its_runtime() {
    for runtime in runtimes() {
        assert_eq!(runtime.handle().name(), "async-std");
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default()
}
