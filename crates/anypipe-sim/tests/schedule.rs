//! The seed decides: which task goes next, who is polled without need, whose budget ends.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::runtime::{AsHandle, Enter};
use anypipe_sim::{Outcome, Policy, Sim};

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Three tasks that write their name three times, with a yield between.
fn trace() -> Run<String> {
    Run::new("trace", inherit, |scope| {
        let trace = Arc::new(Mutex::new(String::new()));
        let left = Arc::new(AtomicUsize::new(3));
        for name in ["a", "b", "c"] {
            let (trace, left) = (Arc::clone(&trace), Arc::clone(&left));
            scope.spawn(name, async move {
                for _ in 0..3 {
                    trace.lock().unwrap().push_str(name);
                    yield_now().await;
                }
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        async move {
            while left.load(Ordering::SeqCst) > 0 {
                yield_now().await;
            }
            let trace = trace.lock().unwrap();
            trace.clone()
        }
    })
}

fn plain(policy: Policy) -> Outcome<String> {
    Sim::new(5).policy(policy).extra_polls(0).run(trace())
}

#[test]
fn the_same_seed_gives_the_same_schedule_and_result() {
    Sim::each(50, |sim| {
        let first = sim.run(trace());
        assert_eq!(sim.run(trace()), first, "again on the same simulator");
        assert_eq!(Sim::new(sim.seed()).run(trace()), first, "on a new one");
    });
}

#[test]
fn other_seeds_give_other_schedules() {
    let outcomes = (0..40).map(|seed| Sim::new(seed).policy(Policy::Random).run(trace()));
    let (hashes, traces): (HashSet<_>, HashSet<_>) =
        outcomes.map(|outcome| (outcome.hash, outcome.value)).unzip();
    assert!(hashes.len() > 35, "{} schedules", hashes.len());
    assert!(traces.len() > 30, "{} results", traces.len());
}

#[test]
fn first_in_takes_turns_and_last_in_does_not() {
    assert_eq!(plain(Policy::Fifo).value, "abcabcabc");
    // The root yields too, so it is the last in until somebody's patience ends.
    let last_in = plain(Policy::Lifo).value;
    assert_eq!(last_in.len(), 9);
    assert_ne!(last_in, "abcabcabc");
}

#[test]
fn a_starved_task_runs_only_when_nothing_else_can() {
    for seed in 0..20 {
        let sim = Sim::new(seed).policy(Policy::Starve("b".into())).extra_polls(0);
        let trace = sim.run(Run::new("starve", inherit, |scope| {
            let trace = Arc::new(Mutex::new(String::new()));
            for name in ["a", "b", "c"] {
                let trace = Arc::clone(&trace);
                scope.spawn(name, async move {
                    yield_now().await;
                    trace.lock().unwrap().push_str(name);
                });
            }
            async move {
                anypipe_sim::testing::wait_all_blocked().await;
                let trace = trace.lock().unwrap();
                trace.clone()
            }
        }));
        assert!(trace.value.len() == 3 && trace.value.ends_with('b'), "seed {seed}: {}", trace.value);
    }
}

#[test]
fn the_nth_task_is_starved_the_root_included() {
    for seed in 0..20 {
        let sim = Sim::new(seed).policy(Policy::StarveNth(0)).extra_polls(0);
        let root_last = sim.run(async {
            let done = Arc::new(AtomicUsize::new(0));
            let group = Run::new("group", inherit, |scope| {
                for name in ["a", "b"] {
                    let done = Arc::clone(&done);
                    scope.spawn(name, async move {
                        for _ in 0..5 {
                            yield_now().await;
                        }
                        done.fetch_add(1, Ordering::SeqCst);
                    });
                }
                async move {
                    yield_now().await;
                    done.load(Ordering::SeqCst)
                }
            });
            group.await
        });
        assert_eq!(root_last.value, 2, "seed {seed}: the root went on before the others were done");
    }
}

#[test]
fn a_task_that_spins_for_a_starved_one_sees_it_run_in_the_end() {
    let sim = Sim::new(1).policy(Policy::Starve("victim".into())).extra_polls(0);
    let spins = sim.run(Run::new("spin", inherit, |scope| {
        let done = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&done);
        scope.spawn("victim", async move { theirs.store(1, Ordering::SeqCst) });
        async move {
            let mut spins = 0;
            while done.load(Ordering::SeqCst) == 0 {
                spins += 1;
                yield_now().await;
            }
            spins
        }
    }));
    assert!(spins.value > 900, "{} spins", spins.value);
}

#[test]
fn extra_polls_reach_parked_tasks_and_the_root() {
    let polls_of = |percent: u8| {
        let sim = Sim::new(2).policy(Policy::Random).extra_polls(percent);
        sim.run(Run::new("extra", inherit, |scope| {
            let (parked, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (polled, done) = (Arc::clone(&parked), Arc::clone(&busy));
            scope.spawn(
                "parked",
                poll_fn(move |_| {
                    polled.fetch_add(1, Ordering::SeqCst);
                    Poll::Pending
                }),
            );
            let runtime = scope.runtime().clone();
            scope.spawn("busy", async move {
                for _ in 0..200 {
                    yield_now().await;
                }
                done.store(1, Ordering::SeqCst);
            });
            async move {
                let mut root = 0;
                let mut sleep = runtime.sleep(std::time::Duration::from_secs(1));
                poll_fn(|cx| {
                    root += 1;
                    std::pin::Pin::new(&mut sleep).poll(cx)
                })
                .await;
                assert_eq!(busy.load(Ordering::SeqCst), 1);
                (parked.load(Ordering::SeqCst), root)
            }
        }))
        .value
    };
    assert_eq!(polls_of(0), (1, 2));
    let (parked, root) = polls_of(50);
    assert!(parked > 20 && root > 20, "parked {parked}, root {root}");
}

#[test]
fn budgets_end_at_random_and_the_task_goes_on() {
    let asked = |percent: u8| {
        let sim = Sim::new(4).policy(Policy::Random).extra_polls(0).budget_ends(percent);
        let runtime = sim.handle();
        sim.run(async move {
            let mut refused = 0;
            for _ in 0..100 {
                poll_fn(|cx| {
                    let polled = runtime.poll_budget(cx);
                    refused += usize::from(polled.is_pending());
                    polled
                })
                .await;
            }
            refused
        })
        .value
    };
    assert_eq!(asked(0), 0);
    assert!((20..=180).contains(&asked(50)), "{}", asked(50));
}

#[test]
fn it_can_be_entered_like_any_runtime() {
    let sim = Sim::new(1);
    let mut done = false;
    sim.block_on(std::pin::pin!(async {
        assert_eq!(trace().await.len(), 9);
        done = true;
    }));
    assert!(done);
    assert_eq!(sim.handle().name(), "sim");
}

#[test]
fn a_task_spawned_before_the_simulation_runs_in_it_and_after_it_is_dropped() {
    let sim = Sim::new(1);
    let early = Run::new("early", inherit, |_| async { 5 }).on(&sim).start();
    assert_eq!(sim.run(early).value.unwrap(), 5);

    let late = Run::new("late", inherit, |_| async { 5 }).on(&sim).start();
    let failed = Sim::new(2).run(late).value.unwrap_err();
    assert_eq!(failed.kind(), anypipe_core::ErrorKind::RuntimeGone);
}
