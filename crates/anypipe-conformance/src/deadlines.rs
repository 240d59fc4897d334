//! A limit of time in hand: it is looked at and moved while work runs under it, and each knows its own.

use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::run::{RunStream, fail_after, inherit, move_on, move_on_after, scoped, task_group};
use anypipe_core::scope::{CancelToken, Deadline, current_scope};
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::source;

use crate::tools::{
    Clock, Dropped, Wakes, beside, give_way, is_exact, is_virtual, next, once, runtime, sleep, together,
    unit, until,
};

crate::suite::cases! { ($) deadlines as __deadlines {
    b14_of_nested_deadlines_each_knows_its_own(),
    b15_a_deadline_joins_what_is_left(),
    b15_work_that_was_cancelled_before_is_not_late(),
    b15_without_a_moment_nothing_is_late(),
    a_deadline_is_put_off_while_work_runs(),
    a_deadline_is_put_forward_while_work_runs(),
    a_deadline_in_the_past_passes_at_once(),
    a_deadline_that_never_comes_can_be_set(),
    a_deadline_that_has_passed_stays_where_it_is(),
    a_deadline_is_moved_from_another_thread(),
    several_works_under_one_deadline_pass_together(),
    work_that_is_done_in_time_leaves_the_deadline_as_it_is(),
    a_length_counts_from_the_first_work(),
    a_deadline_saturates(),
    runs_groups_and_streams_take_a_deadline(),
    what_waits_for_a_deadline_is_woken_where_it_comes_sooner(),
    what_no_longer_waits_for_a_deadline_leaves_nothing(),
    the_nearest_deadline_is_the_current_one(),
    tasks_know_the_deadline_around_them(),
    a_run_that_has_ended_limits_nothing(),
} }

/// A moment that no case comes to.
fn far() -> Duration {
    unit() * 1_000_000
}

async fn b14_of_nested_deadlines_each_knows_its_own() {
    for (outer, inner) in [(1, 1_000_000), (1_000_000, 1)] {
        let clock = Clock::start();
        let (outer_one, inner_one) = (Deadline::after(unit() * outer), Deadline::after(unit() * inner));
        let work = move_on(inherit, inner_one.clone(), sleep(far() * 2));
        let value = move_on(inherit, outer_one.clone(), work).await;
        clock.assert_at(1);
        let outer_came = outer < inner;
        assert_eq!((outer_one.has_passed(), inner_one.has_passed()), (outer_came, !outer_came));
        assert_eq!(value, (!outer_came).then_some(None));
    }
}

async fn b15_a_deadline_joins_what_is_left() {
    let (deadline, dropped) = (Deadline::after(unit()), Dropped::new());
    let tells = dropped.clone();
    let work = together(move |group| async move {
        for _ in 0..3 {
            let tells = tells.tells();
            group.spawn(async move {
                let _tells = tells;
                pending::<()>().await;
            });
        }
        pending::<()>().await;
    });
    assert_eq!(move_on(inherit, deadline.clone(), work).await, None);
    assert_eq!((dropped.count(), dropped.live()), (3, 0));
    assert!(deadline.has_passed());
}

async fn b15_work_that_was_cancelled_before_is_not_late() {
    let (deadline, token) = (Deadline::after(far()), CancelToken::new());
    let run = Run::new("run", inherit, |_| pending::<()>());
    let running = run.deadline(deadline.clone()).cancel_on(token.clone()).start();
    give_way().await;
    token.cancel();
    assert_eq!(running.await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!deadline.has_passed());
    assert!(deadline.extend(unit()).is_ok());
}

async fn b15_without_a_moment_nothing_is_late() {
    let deadline = Deadline::new();
    assert_eq!(move_on(inherit, deadline.clone(), sleep(unit() * 3)).await, Some(()));
    assert_eq!((deadline.get(), deadline.has_passed()), (None, false));
    assert_eq!(fail_after(inherit, Duration::MAX, sleep(unit())).await, Ok(()));
}

async fn a_deadline_is_put_off_while_work_runs() {
    let clock = Clock::start();
    // So far apart that a slow machine doesn't come to it.
    let deadline = Deadline::after(unit() * 1000);
    let moves = deadline.clone();
    let work = async move {
        let first = moves.get().expect("it has begun");
        moves.extend(unit() * 1000).unwrap();
        assert_eq!(moves.get(), Some(first + unit() * 1000));
        sleep(unit() * 1500).await;
        moves.set(first + unit() * 2000).unwrap();
        sleep(unit() * 1000).await;
    };
    // Half a minute where time is real.
    if is_exact() {
        assert_eq!(move_on(inherit, deadline.clone(), work).await, Some(()));
        clock.assert_at(2500);
        assert!(!deadline.has_passed());
    }
    // It comes when it was put off to, and not before.
    let clock = Clock::start();
    let deadline = Deadline::after(unit());
    let moves = deadline.clone();
    let work = async move {
        moves.extend(unit() * 2).unwrap();
        pending::<()>().await;
    };
    assert_eq!(move_on(inherit, deadline.clone(), work).await, None);
    clock.assert_at(3);
    assert!(deadline.has_passed());
}

async fn a_deadline_is_put_forward_while_work_runs() {
    let clock = Clock::start();
    let deadline = Deadline::after(far());
    let moves = deadline.clone();
    together(|group| async move {
        let late = group.spawn(move_on(inherit, deadline.clone(), pending::<()>()));
        sleep(unit()).await;
        moves.set(runtime().now() + unit()).unwrap();
        assert_eq!(late.await.unwrap(), None);
        assert!(deadline.has_passed());
    })
    .await;
    clock.assert_at(2);
}

async fn a_deadline_in_the_past_passes_at_once() {
    let clock = Clock::start();
    let start = runtime().now();
    let deadline = Deadline::after(far());
    let moves = deadline.clone();
    together(move |group| async move {
        let late = group.spawn(move_on(inherit, deadline.clone(), pending::<()>()));
        sleep(unit()).await;
        moves.set(start).unwrap();
        assert_eq!(late.await.unwrap(), None);
        assert_eq!(deadline.get(), Some(start));
    })
    .await;
    clock.assert_at(1);
    if is_exact() {
        assert_eq!(clock.elapsed(), unit());
    }
    // From within: what is there in the same poll is given.
    let deadline = Deadline::new();
    let moves = deadline.clone();
    let work = async move { moves.set(start) };
    assert_eq!(move_on(inherit, deadline.clone(), work).await, Some(Ok(())));
    assert!(!deadline.has_passed());
}

async fn a_deadline_that_never_comes_can_be_set() {
    let deadline = Deadline::after(unit());
    let moves = deadline.clone();
    let clock = Clock::start();
    let work = async move {
        moves.never().unwrap();
        moves.extend(unit()).unwrap();
        assert_eq!(moves.get(), None);
        sleep(unit() * 3).await;
        moves.set(runtime().now() + unit()).unwrap();
        pending::<()>().await;
    };
    assert_eq!(move_on(inherit, deadline, work).await, None);
    clock.assert_at(4);
}

async fn a_deadline_that_has_passed_stays_where_it_is() {
    let deadline = Deadline::after(unit());
    assert_eq!(move_on(inherit, deadline.clone(), pending::<()>()).await, None);
    let came = deadline.get();
    let now = runtime().now();
    assert!(came.is_some_and(|came| came <= now));
    let refused = deadline.set(now + far()).unwrap_err();
    assert!(refused.to_string().contains("has passed"), "{refused}");
    assert!(deadline.extend(far()).is_err() && deadline.never().is_err());
    assert_eq!((deadline.get(), deadline.has_passed()), (came, true));
    // Work under it is polled once.
    assert_eq!(move_on(inherit, deadline.clone(), ready(1)).await, Some(1));
    assert_eq!(move_on(inherit, deadline, give_way()).await, None);
}

async fn a_deadline_is_moved_from_another_thread() {
    // The simulator has no other threads.
    if is_virtual() {
        return;
    }
    for _ in 0..50 {
        let deadline = Deadline::after(far());
        let moves = deadline.clone();
        let (now, far) = (runtime().now(), far());
        let mover = beside(move || {
            for step in (1..50).rev() {
                moves.set(now + far * step).unwrap();
                moves.extend(far).unwrap();
            }
            moves.set(now).unwrap();
        });
        assert_eq!(move_on(inherit, deadline, pending::<()>()).await, None);
        until(|| mover.is_finished()).await;
        mover.join().unwrap();
    }
}

async fn several_works_under_one_deadline_pass_together() {
    let clock = Clock::start();
    let deadline = Deadline::after(unit());
    together(|group| async move {
        let early = group.spawn(move_on(inherit, deadline.clone(), ready(1)));
        assert_eq!(early.await.unwrap(), Some(1));
        let late: Vec<_> =
            (0..10).map(|_| group.spawn(move_on(inherit, deadline.clone(), pending::<()>()))).collect();
        for late in late {
            assert_eq!(late.await.unwrap(), None);
        }
    })
    .await;
    clock.assert_at(1);
}

async fn work_that_is_done_in_time_leaves_the_deadline_as_it_is() {
    let deadline = Deadline::after(Duration::ZERO);
    assert_eq!(move_on(inherit, deadline.clone(), ready(1)).await, Some(1));
    assert!(!deadline.has_passed(), "its moment is over, and it has cut off nothing");
    deadline.set(runtime().now() + far()).unwrap();
    assert_eq!(move_on(inherit, deadline, sleep(unit())).await, Some(()));
    if is_exact() {
        let deadline = Deadline::after(unit());
        assert_eq!(move_on(inherit, deadline.clone(), sleep(unit())).await, Some(()));
        assert!(!deadline.has_passed());
    }
}

async fn a_length_counts_from_the_first_work() {
    let deadline = Deadline::after(unit());
    deadline.extend(unit()).unwrap();
    sleep(unit() * 3).await;
    assert_eq!(deadline.get(), None);
    let clock = Clock::start();
    let begun = runtime().now();
    assert_eq!(move_on(inherit, deadline.clone(), ready(())).await, Some(()));
    let at = deadline.get().expect("it has begun");
    assert!(at >= begun + unit() * 2);
    assert_eq!(move_on(inherit, deadline.clone(), pending::<()>()).await, None);
    clock.assert_at(2);
    assert_eq!(deadline.get(), Some(at));
}

async fn a_deadline_saturates() {
    for length in [Duration::MAX, Duration::from_secs(u64::MAX)] {
        let deadline = Deadline::after(length);
        deadline.extend(length).unwrap();
        let looks = deadline.clone();
        let work = async move {
            assert_eq!(looks.get(), None, "beyond all time");
            sleep(unit()).await;
        };
        assert_eq!(move_on(inherit, deadline, work).await, Some(()));
        let deadline = Deadline::at(runtime().now() + far());
        deadline.extend(length).unwrap();
        assert_eq!(deadline.get(), None);
        assert_eq!(move_on(inherit, deadline, sleep(unit())).await, Some(()));
    }
}

async fn runs_groups_and_streams_take_a_deadline() {
    let moved = |deadline: &Deadline| {
        let moves = deadline.clone();
        async move {
            moves.set(runtime().now() + unit()).unwrap();
            pending::<()>().await;
        }
    };
    let clock = Clock::start();
    let deadline = Deadline::after(far());
    let work = moved(&deadline);
    let run = Run::new("run", inherit, |_scope| work).deadline(deadline.clone());
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::TimedOut);
    let deadline = Deadline::new();
    let work = moved(&deadline);
    let group = task_group(inherit, |group| async move {
        group.spawn(work);
    });
    let group = group.deadline(deadline.clone()).start();
    assert_eq!(group.await.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(deadline.has_passed());
    let deadline = Deadline::after(far());
    let mut items = RunStream::new(inherit, source::never::<u8>()).deadline(deadline.clone()).checked();
    assert!(once(pin!(next(&mut items))).await.is_pending());
    deadline.set(runtime().now() + unit()).unwrap();
    let last = next(&mut items).await;
    assert!(last.is_some_and(|last| last.is_err_and(|error| error.kind() == ErrorKind::TimedOut)));
    assert!(next(&mut items).await.is_none());
    clock.assert_at(3);
    // A moment is one, too.
    let at = runtime().now() + unit();
    let passed = scoped("scoped", inherit, pending::<()>()).deadline(at).await;
    assert_eq!(passed.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(runtime().now() >= at);
}

async fn what_waits_for_a_deadline_is_woken_where_it_comes_sooner() {
    let deadline = Deadline::after(far());
    let wakes = Wakes::new();
    let waker = wakes.waker();
    let mut cx = Context::from_waker(&waker);
    let mut work = Box::pin(move_on(inherit, deadline.clone(), pending::<()>()));
    assert!(work.as_mut().poll(&mut cx).is_pending());
    for _ in 0..1000 {
        deadline.extend(unit()).unwrap();
    }
    deadline.never().unwrap();
    assert_eq!(wakes.count(), 0, "one that is put off wakes nobody");
    deadline.set(runtime().now() + far() * 2).unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(work.as_mut().poll(&mut cx).is_pending());
    deadline.set(runtime().now()).unwrap();
    assert_eq!(wakes.count(), 2);
    assert_eq!(work.as_mut().poll(&mut cx), Poll::Ready(None));
}

async fn what_no_longer_waits_for_a_deadline_leaves_nothing() {
    // One without a moment: a runtime's timer may keep wakers for a while.
    let deadline = Deadline::new();
    let wakes = Wakes::new();
    let waker = wakes.waker();
    let before = wakes.held();
    let mut works: Vec<Pin<Box<dyn Future<Output = Option<()>>>>> = Vec::new();
    for _ in 0..10_000 {
        let mut work = Box::pin(move_on(inherit, deadline.clone(), pending::<()>()));
        assert!(work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        works.push(work);
    }
    assert!(wakes.held() > before);
    let kept = works.split_off(5000);
    drop(works);
    // Those that are left are told, and nobody else.
    deadline.set(runtime().now()).unwrap();
    assert_eq!(wakes.count(), kept.len());
    for mut work in kept {
        assert!(work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
    drop(deadline);
    assert_eq!(wakes.held(), before);
}

fn current() -> Option<std::time::Instant> {
    current_scope().expect("a case runs in a scope").deadline()
}

async fn the_nearest_deadline_is_the_current_one() {
    assert_eq!(current(), None);
    let (outer, inner) = (Deadline::after(far()), Deadline::after(far() * 2));
    let (sees_outer, sees_inner) = (outer.clone(), inner.clone());
    let work = async move {
        assert_eq!(current(), sees_outer.get());
        let sees = sees_outer.clone();
        let nested = async move {
            assert_eq!(current(), sees.get(), "the outer one comes first");
            sees.never().unwrap();
            assert_eq!(current(), sees_inner.get());
            sees.set(runtime().now() + far() * 3).unwrap();
            assert_eq!(current(), sees_inner.get());
            sees_inner.extend(far() * 2).unwrap();
            assert_eq!(current(), sees.get());
            sees_inner.set(runtime().now() + far()).unwrap();
        };
        move_on(inherit, inner, nested).await.unwrap();
        assert_eq!(current(), sees_outer.get(), "the inner one is left");
    };
    move_on(inherit, outer, work).await.unwrap();
    assert_eq!(current(), None);
    move_on_after(inherit, Duration::MAX, async { assert_eq!(current(), None) }).await.unwrap();
}

async fn tasks_know_the_deadline_around_them() {
    let deadline = Deadline::after(far());
    let sees = deadline.clone();
    let work = together(|group| async move {
        let at = sees.get();
        assert!(at.is_some());
        assert_eq!(current(), at);
        assert_eq!(group.spawn(async { current() }).await.unwrap(), at);
        let scope = current_scope().expect("a group is a scope");
        assert_eq!(scope.child().deadline(), at);
        assert_eq!(scope.spawn_blocking("job", current).await.unwrap(), at);
        let nearer = Run::new("run", inherit, |_scope| async { current() }).deadline(unit() * 1000);
        let nearer = nearer.start().await.unwrap();
        assert!(nearer < at && nearer.is_some());
        sees.extend(far()).unwrap();
        assert_eq!(group.spawn(async { current() }).await.unwrap(), sees.get());
    });
    move_on(inherit, deadline, work).await.unwrap();
}

async fn a_run_that_has_ended_limits_nothing() {
    let (tell, told) = anypipe_core::channel::bounded(1);
    let running = move_on_after(inherit, far(), async move {
        let run = Run::new("run", inherit, move |_scope| async move {
            let before = current();
            let () = told.recv().await.unwrap();
            (before, current())
        });
        // The scope that ends is still known to somebody.
        let scope = current_scope();
        assert!(current().is_some());
        let running = run.start();
        give_way().await;
        (running, scope)
    });
    let (running, _scope) = running.await.unwrap();
    sleep(unit()).await;
    tell.send(()).await.unwrap();
    let (_, after) = running.await.unwrap();
    assert_eq!(after, None);
}
