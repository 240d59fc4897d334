//! B13, and what else holds for shielded work.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::channel::{RecvError, bounded};
use anypipe_core::run::{Shield, inherit, move_on_after, task_group};
use anypipe_core::scope::{CancelToken, current_scope, enter};

use crate::tools::{
    Clock, Dropped, drop_after, give_way, once, panic_in, runtime, settle, sleep, together, unit, until,
};

crate::suite::cases! { ($) shields as __shields {
    b13_shielded_work_goes_on_when_the_scope_is_cancelled(),
    b13_shielded_work_begins_in_a_scope_that_is_cancelled(),
    b13_its_own_cancel_still_applies(),
    b13_a_limit_around_a_shield_waits_for_it(),
    a_shield_gives_what_its_work_gives(),
    a_grace_ends_shielded_work(),
    a_grace_begins_with_the_cancel(),
    a_shield_that_nobody_awaits_is_joined_by_its_scope(),
    promise_p02_a_dropped_run_leaves_its_shields_to_the_scope_around_it(),
    a_shield_in_a_shield_has_its_own_grace(),
    a_panic_goes_to_who_awaits_it_and_else_to_the_run(),
    a_shield_with_no_scope_around_it_goes_on(),
    a_shield_that_was_never_polled_does_nothing(),
    a_value_that_nobody_takes_is_dropped(),
} }

fn shield<F>(work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    anypipe_core::run::shield(inherit, work)
}

fn shield_for<F>(grace: Duration, work: F) -> Shield<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    anypipe_core::run::shield_for(inherit, grace, work)
}

/// A flag, and work that sets it after a while.
fn late(units: u32) -> (Arc<AtomicBool>, impl Future<Output = ()> + Send + 'static) {
    let done = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&done);
    let work = async move {
        sleep(unit() * units).await;
        tells.store(true, Ordering::SeqCst);
    };
    (done, work)
}

async fn b13_shielded_work_goes_on_when_the_scope_is_cancelled() {
    let clock = Clock::start();
    let (done, work) = late(1);
    let after = Arc::new(AtomicBool::new(false));
    let reached = Arc::clone(&after);
    let begun = Arc::new(AtomicBool::new(false));
    together(|group| async move {
        let begins = Arc::clone(&begun);
        group.spawn(async move {
            shield(async move {
                begins.store(true, Ordering::SeqCst);
                work.await;
            })
            .await;
            reached.store(true, Ordering::SeqCst);
            sleep(Duration::ZERO).await;
        });
        // One that was cancelled before its first poll begins nothing.
        until(|| begun.load(Ordering::SeqCst)).await;
        settle().await;
        group.cancel();
    })
    .await;
    assert!(done.load(Ordering::SeqCst), "the scope waited for it");
    assert!(!after.load(Ordering::SeqCst), "what comes after it does not run");
    clock.assert_at(1);
}

async fn b13_shielded_work_begins_in_a_scope_that_is_cancelled() {
    let clock = Clock::start();
    let (done, work) = late(1);
    let next = Arc::new(AtomicBool::new(false));
    let reached = Arc::clone(&next);
    together(|group| async move {
        let cancels = group.clone();
        group.spawn(async move {
            cancels.cancel();
            shield(work).await;
            reached.store(true, Ordering::SeqCst);
        });
    })
    .await;
    assert!(done.load(Ordering::SeqCst));
    assert!(!next.load(Ordering::SeqCst));
    clock.assert_at(1);
    // In one that has ended, nobody is left to wait for it: it is as with no scope around it.
    let (done, work) = late(0);
    shield(work).await;
    assert!(done.load(Ordering::SeqCst));
}

async fn b13_its_own_cancel_still_applies() {
    let clock = Clock::start();
    let token = CancelToken::new();
    let waits = token.clone();
    let outcome = shield(async move {
        let inner = token.clone();
        together(|group| async move {
            let stopped = group.spawn(async move { inner.run_until_cancelled(pending::<()>()).await });
            give_way().await;
            token.cancel();
            stopped.await.unwrap()
        })
        .await
    });
    assert_eq!(outcome.await, None);
    assert!(waits.is_cancelled());
    let dropped = Dropped::new();
    let tells = dropped.tells();
    together(|group| async move {
        let cancels = group.clone();
        group.spawn(async move {
            cancels.cancel();
            let limited = async move {
                let kept = async move {
                    pending::<()>().await;
                    drop(tells);
                };
                assert_eq!(move_on_after(inherit, unit(), kept).await, None);
            };
            shield(limited).await;
        });
    })
    .await;
    assert_eq!(dropped.count(), 1);
    clock.assert_at(1);
}

async fn b13_a_limit_around_a_shield_waits_for_it() {
    let clock = Clock::start();
    let (done, work) = late(3);
    let limits = || current_scope().and_then(|scope| scope.deadline());
    let unlimited = async move {
        assert_eq!(limits(), None, "the limit outside is none of what is shielded");
        work.await;
    };
    let limited = async {
        assert!(limits().is_some());
        shield(unlimited).await;
    };
    assert_eq!(move_on_after(inherit, unit(), limited).await, None);
    assert!(done.load(Ordering::SeqCst));
    clock.assert_at(3);
}

async fn a_shield_gives_what_its_work_gives() {
    assert_eq!(shield(async { 1 }).await, 1);
    let given = shield_for(Duration::ZERO, async {
        give_way().await;
        2
    });
    assert_eq!(given.await, 2);
    let nested = shield(async { shield(async { shield_for(Duration::MAX, async { 3 }).await }).await });
    assert_eq!(nested.await, 3);
    let many = together(|group| async move {
        let shields = (0..100_u64).map(|n| group.spawn(shield(async move { n })));
        let shields: Vec<_> = shields.collect();
        let mut sum = 0;
        for shield in shields {
            sum += shield.await.unwrap();
        }
        sum
    });
    assert_eq!(many.await, 4950);
}

async fn a_grace_ends_shielded_work() {
    for grace in [0, 2] {
        let clock = Clock::start();
        let dropped = Dropped::new();
        let tells = dropped.tells();
        let (sender, receiver) = bounded::<u8>(1);
        together(move |group| async move {
            let cancels = group.clone();
            group.spawn(async move {
                cancels.cancel();
                let work = async move {
                    sleep(unit() * 100_000).await;
                    drop((tells, sender));
                };
                shield_for(unit() * grace, work).await;
            });
        })
        .await;
        assert_eq!(dropped.count(), 1);
        assert_eq!(receiver.recv().await, Err(RecvError::Broken), "it was cut off");
        clock.assert_at(grace);
    }
    // It is done within the grace, and at the very end of it.
    for grace in [Duration::MAX, unit() * 2, unit()] {
        if grace == unit() && !crate::tools::is_exact() {
            continue;
        }
        let clock = Clock::start();
        let (done, work) = late(1);
        together(move |group| async move {
            let cancels = group.clone();
            group.spawn(async move {
                cancels.cancel();
                shield_for(grace, work).await;
            });
        })
        .await;
        if crate::tools::is_exact() || grace == Duration::MAX {
            assert!(done.load(Ordering::SeqCst), "a grace of {grace:?}");
            clock.assert_at(1);
        }
    }
}

async fn a_grace_begins_with_the_cancel() {
    let clock = Clock::start();
    let (done, work) = late(3);
    together(|group| async move {
        // The grace is shorter than the work, and nobody cancels.
        group.spawn(shield_for(unit(), work)).await.unwrap();
    })
    .await;
    assert!(done.load(Ordering::SeqCst));
    clock.assert_at(3);
    let clock = Clock::start();
    let dropped = Dropped::new();
    let tells = dropped.tells();
    together(|group| async move {
        group.spawn(shield_for(unit(), async move {
            pending::<()>().await;
            drop(tells);
        }));
        sleep(unit() * 2).await;
        group.cancel();
    })
    .await;
    assert_eq!(dropped.count(), 1);
    clock.assert_at(3);
}

async fn a_shield_that_nobody_awaits_is_joined_by_its_scope() {
    for with_grace in [false, true] {
        let clock = Clock::start();
        let (done, work) = late(2);
        together(move |_group| async move {
            let grace = if with_grace { Duration::ZERO } else { Duration::MAX };
            // The scope is not cancelled: no grace begins.
            assert!(drop_after(1, shield_for(grace, work)).await.is_none());
        })
        .await;
        assert!(done.load(Ordering::SeqCst));
        clock.assert_at(2);
    }
}

async fn promise_p02_a_dropped_run_leaves_its_shields_to_the_scope_around_it() {
    for grace in [Duration::MAX, unit()] {
        let clock = Clock::start();
        let (done, work) = late(3);
        let dropped = Dropped::new();
        let (tells, other) = (dropped.tells(), dropped.tells());
        let left = dropped.clone();
        together(move |_group| async move {
            let begun = Arc::new(AtomicBool::new(false));
            let begins = Arc::clone(&begun);
            let mut inner = Box::pin(task_group(inherit, move |group| async move {
                group.spawn(async move {
                    let work = async move {
                        begins.store(true, Ordering::SeqCst);
                        work.await;
                        drop(tells);
                    };
                    shield_for(grace, work).await;
                });
                group.spawn(async move {
                    pending::<()>().await;
                    drop(other);
                });
                pending::<()>().await;
            }));
            assert!(once(&mut inner).await.is_pending());
            until(|| begun.load(Ordering::SeqCst)).await;
            drop(inner);
            if crate::tools::is_virtual() {
                assert_eq!(left.count(), 1, "the other is dropped at once, and the shield goes on");
            }
        })
        .await;
        assert_eq!(dropped.live(), 0);
        let is_over = done.load(Ordering::SeqCst);
        if grace == Duration::MAX {
            assert!(is_over, "the scope around it waited");
            clock.assert_at(3);
        } else if crate::tools::is_exact() {
            assert!(!is_over);
        }
    }
}

async fn a_shield_in_a_shield_has_its_own_grace() {
    let clock = Clock::start();
    let (outer, inner) = (Dropped::new(), Dropped::new());
    let (tells_outer, tells_inner) = (outer.tells(), inner.tells());
    let work = async move {
        let goodbye = async move {
            pending::<()>().await;
            drop(tells_inner);
        };
        shield_for(unit() * 2, goodbye).await;
        drop(tells_outer);
    };
    together(|group| async move {
        group.spawn(shield_for(unit(), work));
        sleep(unit()).await;
        group.cancel();
    })
    .await;
    assert_eq!((outer.count(), inner.count()), (1, 1));
    clock.assert_at(4);
}

async fn a_panic_goes_to_who_awaits_it_and_else_to_the_run() {
    together(|_| async {
        let text = panic_in(shield(async {
            give_way().await;
            assert!(std::hint::black_box(false), "awaited");
        }));
        assert_eq!(text.await.as_deref(), Some("awaited"));
    })
    .await;
    // Its awaiter was cancelled.
    let group = task_group(inherit, |group| async move {
        let cancels = group.clone();
        group.spawn(async move {
            cancels.cancel();
            shield(async {
                give_way().await;
                assert!(std::hint::black_box(false), "alone");
            })
            .await;
        });
    });
    assert!(panic_in(group).await.is_some_and(|text| text.ends_with("panicked: alone")));
    // It panicked, and its awaiter was dropped before it looked.
    let group = task_group(inherit, |_group| async move {
        let (panicked, gate) = (Arc::new(AtomicBool::new(false)), CancelToken::new());
        let (tells, gated) = (Arc::clone(&panicked), gate.clone());
        let mut waits = Box::pin(shield(async move {
            gated.cancelled().await;
            tells.store(true, Ordering::SeqCst);
            assert!(std::hint::black_box(false), "unseen");
        }));
        assert!(once(&mut waits).await.is_pending());
        gate.cancel();
        until(|| panicked.load(Ordering::SeqCst)).await;
        settle().await;
        drop(waits);
    });
    assert_eq!(panic_in(group).await.as_deref(), Some("stage `shield` panicked: unseen"));
    // Its run was dropped: the scope around that is told.
    let outer = task_group(inherit, |_| async move {
        let gate = CancelToken::new();
        let gated = gate.clone();
        let inner = task_group(inherit, |_| async move {
            shield(async move {
                gated.cancelled().await;
                assert!(std::hint::black_box(false), "adopted");
            })
            .await;
        });
        assert!(drop_after(1, inner).await.is_none());
        gate.cancel();
    });
    assert_eq!(panic_in(outer).await.as_deref(), Some("stage `shield` panicked: adopted"));
}

async fn a_shield_with_no_scope_around_it_goes_on() {
    let (done, work) = late(1);
    let entered = enter(runtime());
    let mut alone = Box::pin(shield(work));
    let polled = alone.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_pending());
    drop(alone);
    drop(entered);
    until(|| done.load(Ordering::SeqCst)).await;
}

async fn a_shield_that_was_never_polled_does_nothing() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let (sender, receiver) = bounded::<u8>(1);
    let unpolled = shield(async move {
        let _tells = tells;
        sender.send(1).await.expect("never");
    });
    drop(unpolled);
    assert_eq!(dropped.count(), 1);
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));
}

async fn a_value_that_nobody_takes_is_dropped() {
    let (dropped, made) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
    let (tells, makes) = (dropped.clone(), Arc::clone(&made));
    together(|_| async move {
        for waits in [true, false] {
            let (tell, makes_one) = (tells.tells(), Arc::clone(&makes));
            let mut shielded = Box::pin(shield(async move {
                give_way().await;
                makes_one.fetch_add(1, Ordering::SeqCst);
                tell
            }));
            if once(&mut shielded).await.is_pending() && waits {
                until(|| makes.load(Ordering::SeqCst) == 1).await;
                settle().await;
            }
            drop(shielded);
        }
    })
    .await;
    assert_eq!((dropped.live(), made.load(Ordering::SeqCst)), (0, 2));
}
