//! Blocking work, and tasks that pass items over a channel.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::run::inherit;
use anypipe_core::{ErrorKind, Run, RunError};
use anypipe_sim::testing::spend;
use anypipe_sim::{Policy, Sim};

/// Gives the order in which four jobs ran.
fn jobs() -> Run<Result<Vec<u32>, RunError>> {
    Run::new("jobs", inherit, |scope| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let here = std::thread::current().id();
        let started: Vec<_> = (0..4)
            .map(|job| {
                let order = Arc::clone(&order);
                scope.spawn_blocking("job", move || {
                    assert_eq!(std::thread::current().id(), here);
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
fn jobs_run_on_the_one_thread_in_an_order_drawn_from_the_seed() {
    let order = |sim: Sim| sim.run(jobs()).value.unwrap();
    assert_eq!(order(Sim::new(1).policy(Policy::Fifo)), [0, 1, 2, 3]);
    let shuffled = (0..20).map(|seed| order(Sim::new(seed).policy(Policy::Random)));
    assert!(shuffled.filter(|order| *order != [0, 1, 2, 3]).count() > 10);
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
