//! Blocking work, and tasks that pass items over a channel.
#![allow(clippy::similar_names, reason = "what does a thing and what sees it done are called alike")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::channel::{TryRecvError, bounded, rendezvous};
use anypipe_core::run::{BlockingPortal, inherit};
use anypipe_core::{ErrorKind, Run, RunError};
use anypipe_sim::testing::{self, spend};
use anypipe_sim::{FailureKind, Policy, Sim};

/// Gives the order in which four jobs ran, beside a task; never two at the same time.
fn jobs() -> Run<Result<Vec<u32>, RunError>> {
    Run::new("jobs", inherit, |scope| {
        let (order, busy) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let alone = {
            let busy = Arc::clone(&busy);
            move || {
                assert!(!busy.swap(true, Ordering::SeqCst), "two are at work");
                // Whoever might be on another thread has a while to begin.
                (0..100).for_each(|_| std::thread::yield_now());
                busy.store(false, Ordering::SeqCst);
            }
        };
        let looks = alone.clone();
        scope.spawn("task", async move {
            for _ in 0..20 {
                looks();
                anypipe_sim::testing::wait_all_blocked().await;
            }
        });
        let started: Vec<_> = (0..4)
            .map(|job| {
                let (order, alone) = (Arc::clone(&order), alone.clone());
                scope.spawn_blocking("job", move || {
                    alone();
                    order.lock().unwrap().push(job);
                })
            })
            .collect();
        async move {
            for job in started {
                job.await?;
            }
            let order = order.lock().unwrap();
            Ok(order.clone())
        }
    })
}

#[test]
fn jobs_run_one_at_a_time_in_an_order_drawn_from_the_seed() {
    let order = |sim: Sim| sim.run(jobs()).value.unwrap();
    assert_eq!(order(Sim::new(1).policy(Policy::Fifo)), [0, 1, 2, 3]);
    let shuffled = (0..20).map(|seed| order(Sim::new(seed).policy(Policy::Random)));
    assert!(shuffled.filter(|order| *order != [0, 1, 2, 3]).count() > 10);
}

/// Jobs and tasks that wait for each other in turn; gives what all of them have seen.
fn ping_pong() -> Run<Vec<u32>> {
    Run::new("ping pong", inherit, |scope| {
        let (there, seen) = (bounded(1), Arc::new(Mutex::new(Vec::new())));
        for job in 0..3 {
            let (tx, seen) = (there.0.clone(), Arc::clone(&seen));
            drop(scope.spawn_blocking("job", move || {
                for turn in 0..5 {
                    let portal = BlockingPortal::current();
                    let given = portal.call(move || async move {
                        testing::wait_all_blocked().await;
                        job * 100 + turn
                    });
                    seen.lock().unwrap().push(given.unwrap());
                    tx.send_blocking(()).unwrap();
                }
            }));
        }
        let (tx, rx) = there;
        drop(tx);
        async move {
            while rx.recv().await.is_ok() {}
            let seen = seen.lock().unwrap();
            seen.clone()
        }
    })
}

#[test]
fn jobs_that_wait_replay() {
    let mut orders = BTreeSet::new();
    for seed in 0..30 {
        let (first, second) = (Sim::new(seed).run(ping_pong()), Sim::new(seed).run(ping_pong()));
        assert_eq!(first, second, "seed {seed}");
        assert_eq!(first.value.len(), 15);
        orders.insert(first.value);
    }
    assert!(orders.len() > 3, "the seed draws who goes first");
}

#[test]
fn a_wait_that_nothing_ends_is_a_deadlock_that_names_the_job() {
    let dropped = testing::Resources::new();
    let held = dropped.hold(());
    let root = Run::new("stuck", inherit, move |scope| {
        let (tx, rx) = bounded::<u8>(1);
        let job = scope.spawn_blocking("waits", move || {
            let _held = held;
            rx.recv_blocking()
        });
        async move {
            drop(job.await);
            drop(tx);
        }
    });
    let failure = Sim::new(1).try_run(root).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    assert!(failure.to_string().contains("job `waits` waits (1 polls)"), "{failure}");
    // It has ended with its simulation all the same.
    dropped.assert_none_left();
}

#[test]
fn a_simulation_that_ends_ends_its_jobs() {
    let (dropped, ends) = (testing::Resources::new(), Arc::new(Mutex::new(None)));
    let (held, tells) = (dropped.hold(()), Arc::clone(&ends));
    // What it waits for outlives the simulation.
    let (tx, rx) = bounded::<u8>(1);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        Sim::new(1).run(Run::new("panics", inherit, move |scope| {
            let (begin, begun) = bounded(1);
            drop(scope.spawn_blocking("waits", move || {
                let _held = held;
                begin.send_blocking(()).unwrap();
                let ended = catch_unwind(AssertUnwindSafe(|| rx.recv_blocking()));
                *tells.lock().unwrap() = ended.err();
            }));
            async move {
                begun.recv().await.unwrap();
                testing::wait_all_blocked().await;
                panic!("{}", "as planned")
            }
        }))
    }));
    drop(tx);
    assert!(panic.is_err());
    dropped.assert_none_left();
    let told = ends.lock().unwrap().take().expect("it was ended by a panic");
    assert!(told.downcast_ref::<&str>().is_some_and(|text| text.contains("the simulation is over")));
}

#[test]
fn jobs_that_nobody_waits_for_are_done_in_as_many_turns_as_they_need() {
    Sim::each(20, |sim| {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let takes = Arc::clone(&taken);
        sim.run(Run::new("root", inherit, move |scope| {
            let (tx, rx) = rendezvous();
            let (begin, begun) = bounded(2);
            let begins = begin.clone();
            let jobs = (
                scope.spawn_abandonable("gives", move || {
                    begin.try_send(()).unwrap();
                    (0..5).for_each(|item| tx.send_blocking(item).unwrap());
                }),
                scope.spawn_abandonable("takes", move || {
                    begins.try_send(()).unwrap();
                    while let Ok(item) = rx.recv_blocking() {
                        takes.lock().unwrap().push(item);
                    }
                }),
            );
            async move {
                begun.recv().await.unwrap();
                begun.recv().await.unwrap();
                // They have begun, and go on when the root is done.
                drop(jobs);
            }
        }));
        assert_eq!(*taken.lock().unwrap(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_job_waits_by_the_virtual_clock() {
    Sim::each(20, |sim| {
        let outcome = sim.clone().jitter(0).run(Run::new("late", inherit, |scope| {
            let (tx, rx) = bounded::<u8>(1);
            let job =
                scope.spawn_blocking("waits", move || rx.recv_blocking_within(Duration::from_secs(3600)));
            async move {
                assert_eq!(job.await.unwrap(), Err(TryRecvError::Empty));
                drop(tx);
            }
        }));
        assert_eq!(outcome.elapsed, Duration::from_secs(3600));
    });
}

#[test]
fn a_job_takes_the_time_it_spends() {
    Sim::each(20, |sim| {
        let outcome = sim.clone().jitter(0).run(Run::new("job", inherit, |scope| {
            let job = scope.spawn_blocking("slow", || spend(Duration::from_secs(7)));
            async move { job.await.unwrap() }
        }));
        assert_eq!(outcome.elapsed, Duration::from_secs(7));
    });
}

#[test]
fn a_job_that_was_not_started_goes_with_its_run() {
    Sim::each(20, |sim| {
        sim.run(async {
            let run = Run::new("dropped", inherit, |scope| {
                let job = scope.spawn_blocking("never", || panic!("it was started"));
                async move { job.await.unwrap() }
            });
            let kind = run.deadline(Duration::ZERO).checked().await.map_err(|error| error.kind());
            // Started before the deadline was looked at, or never.
            assert!(matches!(kind, Err(ErrorKind::TimedOut | ErrorKind::Panicked)), "{kind:?}");
        });
    });
}

#[test]
fn items_arrive_in_order_under_every_schedule() {
    Sim::each(200, |sim| {
        let came = sim.run(Run::new("relay", inherit, |scope| {
            let (first, middle) = bounded(2);
            let (second, last) = bounded(3);
            scope.spawn("numbers", async move {
                for number in 0..20 {
                    first.send(number).await.unwrap();
                }
            });
            scope.spawn("relay", async move {
                while let Ok(number) = middle.recv().await {
                    second.send(number * 2).await.unwrap();
                }
            });
            async move {
                let mut came = Vec::new();
                while let Ok(number) = last.recv().await {
                    came.push(number);
                }
                came
            }
        }));
        assert_eq!(came.value, (0..20).map(|number| number * 2).collect::<Vec<_>>());
    });
}
