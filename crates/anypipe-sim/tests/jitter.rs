//! Sleeps and blocking work that are late, and the user's own draws: what a seed decides beside the schedule.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::runtime::AsHandle;
use anypipe_sim::testing::rng;
use anypipe_sim::{Policy, Sim};

const MS: Duration = Duration::from_millis(1);

/// Two downloads that write what they have got; the last one closes the file. A planted bug: a download
/// counts itself out before it has written.
fn downloads() -> Run<()> {
    Run::new("downloads", inherit, |scope| {
        let (left, file) = (Arc::new(AtomicUsize::new(2)), Arc::new(Mutex::new("open")));
        for (fetch, write) in [(5 * MS, 3 * MS), (8 * MS, 2 * MS)] {
            let (runtime, left, file) = (scope.runtime().clone(), Arc::clone(&left), Arc::clone(&file));
            scope.spawn("download", async move {
                runtime.sleep(fetch).await;
                let is_last = left.fetch_sub(1, Ordering::SeqCst) == 1;
                runtime.sleep(write).await;
                let mut file = file.lock().unwrap();
                assert_eq!(*file, "open", "one was still writing");
                if is_last {
                    *file = "closed";
                }
            });
        }
        let runtime = scope.runtime().clone();
        async move { runtime.sleep(1000 * MS).await }
    })
}

fn fails(sim: &Sim) -> bool {
    sim.run(downloads().checked()).value.is_err()
}

#[test]
fn a_race_of_two_latencies_is_found() {
    let found: Vec<u64> = (0..300).filter(|seed| fails(&Sim::new(*seed))).collect();
    assert!(found.len() >= 3, "under the seeds {found:?} of 300");
    for seed in &found {
        assert!(fails(&Sim::new(*seed)), "seed {seed} gives it again");
    }
    let exact = (0..300).find(|seed| fails(&Sim::new(*seed).jitter(0)));
    assert_eq!(exact, None, "no schedule alone shows it");
}

#[test]
fn a_sleep_is_late_by_its_share_at_the_most_and_never_early() {
    let took = |sim: &Sim| {
        let runtime = sim.handle();
        sim.run(async move {
            assert!(!runtime.is_exact());
            runtime.sleep(100 * MS).await;
            // What was set again is drawn again.
            let mut sleep = runtime.sleep(5 * MS);
            sleep.reset(100 * MS);
            sleep.await;
        })
        .elapsed
    };
    let took: HashSet<_> = (0..50).map(|seed| took(&Sim::new(seed).jitter(30))).collect();
    assert!(took.len() > 40, "{took:?}");
    assert!(took.iter().all(|took| (200 * MS..=260 * MS).contains(took)), "{took:?}");
    // Without an end, and without a length.
    let runtime = Sim::new(1).jitter(255).handle();
    let outcome = Sim::new(1).jitter(255).run(runtime.sleep(Duration::ZERO));
    assert_eq!(outcome.elapsed, Duration::ZERO);
}

#[test]
fn some_seeds_are_exact_and_some_are_not() {
    for (policy, least) in
        [(Policy::Random, 30), (Policy::StarveNth(1), 30), (Policy::Fifo, 0), (Policy::Lifo, 0)]
    {
        let sims = (0..100).map(|seed| Sim::new(seed).policy(policy.clone()));
        let is_late = |sim: &Sim| sim.run(async { sim.handle().sleep(MS).await }).elapsed > MS;
        let late = sims.filter(is_late).count();
        assert!((least..=least * 3).contains(&late), "{policy}: {late} of 100");
    }
}

#[test]
fn a_clock_that_is_moved_by_hand_is_exact() {
    for seed in 0..20 {
        let sim = Sim::new(seed).jitter(100).manual_clock();
        let runtime = sim.handle();
        sim.run(Run::new("test", inherit, |scope| {
            let job = scope.spawn_blocking("job", || 7);
            async move {
                assert!(runtime.is_exact());
                assert_eq!(job.await.unwrap(), 7);
            }
        }));
    }
}

#[test]
fn a_job_may_begin_late() {
    let first = |sim: &Sim| {
        sim.run(Run::new("jobs", inherit, |scope| {
            let order = Arc::new(Mutex::new(Vec::new()));
            let (theirs, runtime) = (Arc::clone(&order), scope.runtime().clone());
            let job = scope.spawn_blocking("job", move || theirs.lock().unwrap().push("job"));
            async move {
                runtime.sleep(MS / 4).await;
                order.lock().unwrap().push("sleep");
                job.await.unwrap();
                let order = order.lock().unwrap();
                order[0]
            }
        }))
        .value
    };
    let late = (0..100).filter(|seed| first(&Sim::new(*seed).jitter(100)) == "sleep").count();
    assert!((30..100).contains(&late), "late under {late} of 100 seeds");
    assert!((0..100).all(|seed| first(&Sim::new(seed).jitter(0)) == "job"));
}

#[test]
fn a_job_that_is_late_and_awaited_by_nobody_is_no_leak() {
    for seed in 0..50 {
        let sim = Sim::new(seed).jitter(100);
        sim.run(Run::new("run", inherit, |scope| {
            drop(scope.spawn_blocking("job", || ()));
            std::future::ready(())
        }));
        assert_eq!(sim.run(async {}).elapsed, Duration::ZERO, "its timer went with it");
    }
}

#[test]
fn the_users_own_draws_are_of_the_seed() {
    let drawn = |sim: &Sim| {
        sim.run(Run::new("draws", inherit, |scope| {
            let task = scope.spawn_blocking("draws", || rng().any());
            async move {
                let mut cards: Vec<u32> = (0..52).collect();
                rng().shuffle(&mut cards);
                (cards, rng().any(), task.await.unwrap())
            }
        }))
    };
    let all: Vec<_> = (0..30).map(|seed| drawn(&Sim::new(seed))).collect();
    for (seed, first) in (0..).zip(&all) {
        assert_eq!(drawn(&Sim::new(seed)), *first, "again");
        assert_ne!(first.value.1, first.value.2, "each call gives other numbers");
    }
    let shuffles: HashSet<_> = all.iter().map(|outcome| &outcome.value.0).collect();
    assert_eq!(shuffles.len(), all.len());
    let plain = |draws| {
        Sim::new(3).run(async {
            let drawn: Vec<_> = (0..draws).map(|_| rng().any()).collect();
            assert_eq!(drawn.len(), draws);
        })
    };
    assert_eq!(plain(0), plain(5), "a draw changes no schedule");
    // Outside a simulation too, for tests that run on every backend.
    assert_eq!(rng().any(), rng().any());
}
