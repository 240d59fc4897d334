//! B. Scopes, cancellation and deadlines.
//!
//! B4, a plain native `main`, is the facade's to show (`ci/features.sh`); B13 is among the shields, B14 and B15 also
//! among the deadlines.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::run::{
    Started, TaskGroup, TimedOut, fail_after, inherit, move_on_after, task_group, try_task_group,
};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Run};

use crate::tools::{Clock, Dropped, give_way, once, panic_in, settle, sleep, together, unit, until};

crate::suite::cases! { ($) scopes as __scopes {
    b01_a_scope_waits_for_its_children(),
    b02_a_child_spawns_into_the_same_scope(),
    b03_an_ended_scope_takes_no_task(),
    b05_a_failing_child_interrupts_the_host(),
    b06_a_failing_host_cancels_the_children(),
    b07_a_failing_child_cancels_its_siblings(),
    b08_failures_in_clean_ups_are_all_told(),
    b09_a_scope_that_waits_can_be_cancelled(),
    b10_a_cancel_stops_every_level(),
    b11_a_child_is_cancelled_alone(),
    b12_a_token_cancelled_before_use_stops_all(),
    b12_a_token_keeps_what_it_hears_from(),
    b14_the_outer_deadline_is_the_outer_ones(),
    b15_a_deadline_joins_before_it_is_told(),
    b15_a_cancel_before_the_deadline_is_a_cancel(),
    b15_without_a_limit_nothing_times_out(),
} }

async fn b01_a_scope_waits_for_its_children() {
    let done = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&done);
    together(|group| async move {
        for naps in [3, 1] {
            let counts = Arc::clone(&counts);
            group.spawn(async move {
                sleep(unit() * naps).await;
                counts.fetch_add(1, Ordering::SeqCst);
            });
        }
    })
    .await;
    assert_eq!(done.load(Ordering::SeqCst), 2);
}

async fn b02_a_child_spawns_into_the_same_scope() {
    let done = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&done);
    together(|group| async move {
        let inner = group.clone();
        group.spawn(async move {
            give_way().await;
            inner.spawn(async move {
                sleep(unit()).await;
                tells.store(true, Ordering::SeqCst);
            });
        });
    })
    .await;
    assert!(done.load(Ordering::SeqCst));
}

async fn b03_an_ended_scope_takes_no_task() {
    let dropped = Dropped::new();
    let (keeps, kept) = std::sync::mpsc::channel::<TaskGroup<()>>();
    together(|group| async move { keeps.send(group).unwrap() }).await;
    let kept = kept.recv().unwrap();
    let tells = dropped.tells();
    let late = kept.spawn(async move { drop(tells) });
    assert_eq!(dropped.count(), 1, "what a refused task captured is dropped");
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::ScopeEnded);

    // One that has failed.
    let (keeps, kept) = std::sync::mpsc::channel::<TaskGroup<Result<(), &str>>>();
    let failed = task_group(inherit, |group| async move {
        keeps.send(group.clone()).unwrap();
        group.spawn_try(async { Err::<(), _>("no") });
        pending().await
    });
    assert_eq!(failed.await, Err("no"));
    let kept = kept.recv().unwrap();
    let tells = dropped.tells();
    let late = kept.spawn(async move { drop(tells) });
    assert_eq!(dropped.count(), 2, "what a refused task captured is dropped");
    assert!(matches!(late.await.unwrap_err().kind(), ErrorKind::Cancelled | ErrorKind::ScopeEnded));
    let late = kept.start_try(|started| async move {
        started.ready(());
        Ok::<(), &str>(())
    });
    assert!(late.await.is_err());
    assert!(!kept.portal().is_open());
}

async fn b05_a_failing_child_interrupts_the_host() {
    let clock = Clock::start();
    let result = together(|group| async move {
        group.spawn_try(async {
            sleep(unit()).await;
            Err::<(), _>("child")
        });
        sleep(unit() * 100_000).await;
        Ok(())
    });
    assert_eq!(result.await, Err("child"));
    clock.assert_at(1);
}

async fn b06_a_failing_host_cancels_the_children() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let group = task_group(inherit, |group| async move {
        group.spawn(async move {
            pending::<()>().await;
            drop(tells);
        });
        give_way().await;
        panic!("host");
    });
    let text = panic_in(group).await.expect("the host's panic goes on");
    assert_eq!(text, "stage `task_group` panicked: host");
    assert_eq!(dropped.count(), 1);

    // An `Err` of the host, where that is a failure.
    let tells = dropped.tells();
    let group = try_task_group(inherit, |group| async move {
        group.spawn(async move {
            pending::<()>().await;
            drop(tells);
        });
        give_way().await;
        Err::<(), _>("host")
    });
    assert_eq!(group.await, Err("host"));
    assert_eq!(dropped.count(), 2);
}

async fn b07_a_failing_child_cancels_its_siblings() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let group = task_group(inherit, |group| async move {
        let sibling = group.spawn(async move {
            pending::<()>().await;
            drop(tells);
        });
        group.spawn_try(async { Err::<(), _>("one") });
        let _ = sibling.await;
        Ok(())
    });
    assert_eq!(group.all_errors().await, Err(vec!["one"]));
    assert_eq!(dropped.count(), 1);
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "{}", self.0);
    }
}

async fn b08_failures_in_clean_ups_are_all_told() {
    let group = task_group(inherit, |group| async move {
        let mut children = Vec::new();
        for text in ["first", "second"] {
            let started = group.start(move |started| async move {
                let _bomb = Bomb(text);
                started.ready(());
                pending::<()>().await;
            });
            started.await.unwrap();
            children.push(text);
        }
        group.cancel();
    });
    let error = group.checked().await.unwrap_err();
    assert!(error.is_panic());
    let mut told: Vec<_> = error.others().iter().map(ToString::to_string).collect();
    told.push(error.to_string().split(" (and").next().unwrap_or_default().to_owned());
    told.sort_unstable();
    assert_eq!(told, ["stage `task` panicked: first", "stage `task` panicked: second"]);

    // Errors: of two children that nobody has asked yet, and of the host. Both children are given up with the host.
    let failing = || {
        task_group(inherit, |group| async move {
            let (go, failed) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
            let mut starting: Vec<_> = ["first", "second"]
                .into_iter()
                .map(|error| {
                    let (waits, counts) = (go.clone(), Arc::clone(&failed));
                    Box::pin(group.start_try(move |started: Started<()>| async move {
                        waits.cancelled().await;
                        counts.fetch_add(1, Ordering::SeqCst);
                        drop(started);
                        Err::<(), _>(error)
                    }))
                })
                .collect();
            for starting in &mut starting {
                assert!(once(starting).await.is_pending());
            }
            go.cancel();
            until(|| failed.load(Ordering::SeqCst) == 2).await;
            settle().await;
            Err::<(), _>("host")
        })
    };
    let mut errors = failing().all_errors().await.unwrap_err();
    errors.sort_unstable();
    assert_eq!(errors, ["first", "host", "second"]);
    assert!(failing().await.is_err());
    // A panic in a clean-up that an error has begun is told before it.
    let group = task_group(inherit, |group| async move {
        let started = group.start(|started| async move {
            let _bomb = Bomb("a clean-up");
            started.ready(());
            pending::<()>().await;
        });
        started.await.unwrap();
        group.spawn_try(async { Err::<(), _>("no") });
        pending::<Result<(), &str>>().await
    });
    assert_eq!(group.checked().await.unwrap_err().to_string(), "stage `task` panicked: a clean-up");
}

async fn b09_a_scope_that_waits_can_be_cancelled() {
    let (token, dropped) = (CancelToken::new(), Dropped::new());
    let (cancels, tells) = (token.clone(), dropped.tells());
    let run = together(|outer| async move {
        let inner = outer.spawn(async move {
            let waits = task_group(inherit, |group| async move {
                group.spawn(async move {
                    pending::<()>().await;
                    drop(tells);
                });
            });
            waits.cancel_on(token).checked().await.unwrap_err().kind()
        });
        sleep(unit()).await;
        assert!(!inner.is_finished());
        cancels.cancel();
        inner.await.unwrap()
    });
    assert_eq!(run.await, ErrorKind::Cancelled);
    assert_eq!(dropped.count(), 1, "the clean-up ran before the scope returned");
}

async fn b10_a_cancel_stops_every_level() {
    let (token, dropped, after) = (CancelToken::new(), Dropped::new(), Arc::new(AtomicBool::new(false)));
    let (tells, reached) = (dropped.tells(), Arc::clone(&after));
    let second_reached = Arc::clone(&after);
    let outermost = task_group(inherit, |group| async move {
        group.spawn(async move {
            together(|group| async move {
                group.spawn(async move {
                    together(|group| async move {
                        group.spawn(async move {
                            pending::<()>().await;
                            drop(tells);
                        });
                    })
                    .await;
                    reached.store(true, Ordering::SeqCst);
                });
            })
            .await;
            second_reached.store(true, Ordering::SeqCst);
        });
    });
    let cancels = token.clone();
    together(|group| async move {
        let run = group.spawn(outermost.cancel_on(token).checked());
        sleep(unit()).await;
        cancels.cancel();
        assert!(run.await.unwrap().unwrap_err().is_cancelled());
    })
    .await;
    assert_eq!(dropped.count(), 1);
    assert!(!after.load(Ordering::SeqCst), "no level went on");

    // The same where all levels are one task.
    let token = CancelToken::new();
    let (begun, reached, tells) = (Arc::new(AtomicBool::new(false)), Arc::clone(&after), dropped.tells());
    let begins = Arc::clone(&begun);
    let innermost = async move {
        begins.store(true, Ordering::SeqCst);
        pending::<()>().await;
        drop(tells);
    };
    let second = Arc::clone(&reached);
    let outermost = task_group(inherit, |_| async move {
        together(|_| async move {
            together(|_| innermost).await;
            second.store(true, Ordering::SeqCst);
        })
        .await;
        reached.store(true, Ordering::SeqCst);
    });
    let running = outermost.cancel_on(token.clone()).start();
    until(|| begun.load(Ordering::SeqCst)).await;
    token.cancel();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 2);
    assert!(!after.load(Ordering::SeqCst), "no level went on");
}

async fn b11_a_child_is_cancelled_alone() {
    let value = together(|group| async move {
        let sibling = group.spawn(async {
            sleep(unit()).await;
            "sibling"
        });
        let alone = group.spawn(pending::<()>());
        give_way().await;
        alone.cancel();
        assert!(alone.await.unwrap_err().is_cancelled());
        assert!(!group.is_cancelled());
        (sibling.await.unwrap(), group.spawn(async { "later" }).await.unwrap())
    });
    assert_eq!(value.await, ("sibling", "later"));
}

async fn b12_a_token_cancelled_before_use_stops_all() {
    let (token, polled) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
    token.cancel();
    let tells = Arc::clone(&polled);
    let run = Run::new("run", inherit, move |_| async move { tells.store(true, Ordering::SeqCst) });
    let error = run.cancel_on(token.clone()).checked().await.unwrap_err();
    assert!(error.is_cancelled());
    let tells = Arc::clone(&polled);
    let group = task_group(inherit, |group| async move {
        group.spawn(async move { tells.store(true, Ordering::SeqCst) });
    });
    assert!(group.cancel_on(token.clone()).checked().await.unwrap_err().is_cancelled());
    let tells = Arc::clone(&polled);
    let future = async { tells.store(true, Ordering::SeqCst) };
    assert_eq!(token.run_until_cancelled(future).await, None);
    assert!(!polled.load(Ordering::SeqCst), "nothing was polled");
}

async fn b12_a_token_keeps_what_it_hears_from() {
    let root = CancelToken::new();
    let leaf = root.child().child().child();
    let never = Run::new("never", inherit, |_scope| pending::<()>()).cancel_on(root.child().child());
    let cancelled = together(|group| async move {
        group.spawn(async move {
            give_way().await;
            root.cancel();
        });
        never.checked().await
    });
    assert!(cancelled.await.unwrap_err().is_cancelled());
    assert!(leaf.is_cancelled(), "the tokens in between were let go");
}

async fn b14_the_outer_deadline_is_the_outer_ones() {
    let clock = Clock::start();
    let mut inner = None;
    let outer = move_on_after(inherit, unit(), async {
        inner = Some(move_on_after(inherit, unit() * 10_000, sleep(unit() * 20_000)).await);
    });
    assert!(outer.await.is_none());
    assert!(inner.is_none(), "the inner one tells nothing: its time had not come");
    clock.assert_at(1);

    let clock = Clock::start();
    let outer = move_on_after(inherit, unit() * 10_000, async {
        move_on_after(inherit, unit(), sleep(unit() * 20_000)).await.is_none()
    });
    assert_eq!(outer.await, Some(true), "the inner one's time came alone");
    clock.assert_at(1);
}

async fn b15_a_deadline_joins_before_it_is_told() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let result = fail_after(inherit, unit(), async {
        together(|group| async move {
            for _ in 0..3 {
                let tells = tells.tells();
                group.spawn(async move {
                    pending::<()>().await;
                    drop(tells);
                });
            }
        })
        .await;
    });
    assert!(result.await.is_err());
    assert_eq!(dropped.count(), 3);
    // A deadline that is reached when it begins: the children are never let in, or joined.
    let tells = dropped.clone();
    let result = fail_after(inherit, Duration::ZERO, async {
        together(|group| async move {
            let tells = tells.tells();
            group.spawn(async move {
                pending::<()>().await;
                drop(tells);
            });
        })
        .await;
    });
    assert_eq!(result.await, Err(TimedOut));
    assert_eq!(dropped.live(), 0);

    let late = Run::new("late", inherit, |_| pending::<()>()).deadline(unit()).checked().await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
}

async fn b15_a_cancel_before_the_deadline_is_a_cancel() {
    let token = CancelToken::new();
    let run = Run::new("run", inherit, |_| pending::<()>());
    let run = run.deadline(unit() * 100_000).cancel_on(token.clone());
    let result = together(|group| async move {
        let run = group.spawn(run.checked());
        give_way().await;
        token.cancel();
        run.await.unwrap()
    });
    assert_eq!(result.await.unwrap_err().kind(), ErrorKind::Cancelled);

    // A limit within what is cancelled tells nothing, and is not over.
    let told = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&told);
    let child = together(|group| async move {
        let child = group.spawn(async move {
            let _ = fail_after(inherit, unit() * 100_000, pending::<()>()).await;
            tells.store(true, Ordering::SeqCst);
        });
        give_way().await;
        child.cancel();
        child.await
    });
    assert_eq!(child.await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!told.load(Ordering::SeqCst));
}

async fn b15_without_a_limit_nothing_times_out() {
    let run = Run::new("run", inherit, |_| async {
        sleep(unit() * 2).await;
        7
    });
    assert_eq!(run.deadline(Duration::MAX).checked().await.unwrap(), 7);
    assert_eq!(fail_after(inherit, unit() * 100_000, async { 8 }).await, Ok(8));
    assert_eq!(fail_after(inherit, Duration::MAX, sleep(unit())).await, Ok(()));
}
