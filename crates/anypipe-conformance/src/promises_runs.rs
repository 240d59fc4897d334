//! The promises about runs: P1 to P4, and P12.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use anypipe_core::channel::{Sender, bounded};
use anypipe_core::run::{inherit, scoped, task_group};
use anypipe_core::scope::current_scope;
use anypipe_core::{ErrorKind, Run, Scope};
use anypipe_stages::{sink, source, stage};

use crate::registry::mix;
use crate::tools::{
    Dropped, flow, give_way, is_virtual, next, panic_in, settle, sleep, together, unit, until,
};

crate::suite::cases! { ($) promises_runs as __promises_runs {
    promise_p01_no_orphans_after_a_value(),
    promise_p01_no_orphans_after_an_error(),
    promise_p01_no_orphans_after_a_panic(),
    promise_p02_a_dropped_run_is_adopted(),
    promise_p02_a_dropped_run_drops_its_tasks(),
    promise_p03_a_cancelled_task_is_polled_at_most_once_more(),
    promise_p03_work_nobody_wants_is_dropped(),
    promise_p03_work_nobody_wants_is_dropped_while_the_run_goes_on(),
    promise_p03_nothing_starts_after_a_cancel(),
    promise_p04_a_panic_joins_and_resumes_once(),
    promise_p04_a_payload_that_is_no_text_stays_as_it_was(),
    promise_p04_the_adopter_resumes_the_panic_of_a_dropped_run(),
    promise_p12_the_same_program_gives_the_same(),
    promise_p12_a_cut_off_task_tells_nothing_of_it(),
    promise_p12_a_stage_is_not_told_that_nobody_takes_its_output(),
} }

/// A tree of tasks and blocking work that all tell when they are gone.
fn spawn_tree(scope: &Scope, dropped: &Dropped) {
    for depth in 0..3 {
        let (tells, inner) = (dropped.tells(), dropped.clone());
        scope.spawn("tree", async move {
            let _tells = tells;
            give_way().await;
            if let Some(scope) = current_scope() {
                let leaf = inner.tells();
                scope.spawn("leaf", async move {
                    let _leaf = leaf;
                    sleep(unit() * (depth + 1)).await;
                });
                let job = inner.tells();
                drop(scope.spawn_blocking("job", move || drop(job)));
            }
            sleep(unit() * depth).await;
            pending::<()>().await;
        });
    }
}

async fn promise_p01_no_orphans_after_a_value() {
    let dropped = Dropped::new();
    let tree = dropped.clone();
    let run = Run::new("run", inherit, move |scope| {
        spawn_tree(scope, &tree);
        async {
            sleep(unit() * 2).await;
            7
        }
    });
    assert_eq!(run.await, 7);
    assert_eq!(dropped.live(), 0);
    assert!(dropped.count() >= 3);
}

async fn promise_p01_no_orphans_after_an_error() {
    let dropped = Dropped::new();
    let tree = dropped.clone();
    let group = task_group(inherit, move |group| async move {
        spawn_tree(group.scope(), &tree);
        group.spawn_try(async {
            sleep(unit() * 2).await;
            Err::<(), _>("no")
        });
        pending::<()>().await;
        Ok(())
    });
    assert_eq!(group.await, Err("no"));
    assert_eq!(dropped.live(), 0);

    let tree = dropped.clone();
    let late = Run::new("late", inherit, move |scope| {
        spawn_tree(scope, &tree);
        pending::<()>()
    });
    let error = late.deadline(unit()).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(dropped.live(), 0);
}

async fn promise_p01_no_orphans_after_a_panic() {
    let dropped = Dropped::new();
    let tree = dropped.clone();
    let run = Run::new("run", inherit, move |scope| {
        spawn_tree(scope, &tree);
        scope.spawn("risky", async {
            sleep(unit()).await;
            panic!("boom");
        });
        pending::<()>()
    });
    assert_eq!(panic_in(run).await.as_deref(), Some("stage `risky` panicked: boom"));
    assert_eq!(dropped.live(), 0);
}

async fn promise_p02_a_dropped_run_is_adopted() {
    let (begun, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&ended));
    let (go, waits) = mpsc::channel();
    // A simulation has one thread: blocking work must not wait there.
    let waits = (!is_virtual()).then_some(waits);
    let outer = scoped("outer", inherit, async move {
        let run = Run::new("inner", inherit, move |scope| {
            let job = move || {
                begins.store(true, Ordering::SeqCst);
                if let Some(waits) = waits {
                    waits.recv_timeout(Duration::from_secs(30)).expect("told to go on");
                }
                ends.store(true, Ordering::SeqCst);
            };
            drop(scope.spawn_blocking("job", job));
            pending::<()>()
        });
        let running = run.start();
        until(|| begun.load(Ordering::SeqCst)).await;
        drop(running);
        let _ = go.send(());
    });
    outer.await.unwrap();
    assert!(ended.load(Ordering::SeqCst), "the scope around it waited for the dropped run's work");
}

async fn promise_p02_a_dropped_run_drops_its_tasks() {
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Dropped::new());
    let (begins, tells) = (Arc::clone(&begun), dropped.clone());
    let outer = scoped("outer", inherit, async move {
        let running = Run::new("run", inherit, move |scope| {
            for _ in 0..5 {
                let (begins, tells) = (Arc::clone(&begins), tells.tells());
                scope.spawn("task", async move {
                    begins.fetch_add(1, Ordering::SeqCst);
                    pending::<()>().await;
                    drop(tells);
                });
            }
            pending::<()>()
        });
        let running = running.start();
        until(|| begun.load(Ordering::SeqCst) == 5).await;
        drop(running);
        if is_virtual() {
            assert_eq!(dropped.live(), 0, "at once, since none is being polled");
        }
        dropped
    });
    assert_eq!(outer.await.unwrap().live(), 0);
}

async fn promise_p03_a_cancelled_task_is_polled_at_most_once_more() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&polls);
    together(|group| async move {
        let eager = group.spawn(poll_fn(move |cx| {
            counts.fetch_add(1, Ordering::SeqCst);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        for _ in 0..10 {
            give_way().await;
        }
        eager.cancel();
        let at_cancel = polls.load(Ordering::SeqCst);
        assert!(eager.await.unwrap_err().is_cancelled());
        assert!(polls.load(Ordering::SeqCst) <= at_cancel + 1);

        let (dropped, polled) = (Dropped::new(), Arc::new(AtomicBool::new(false)));
        let (captured, tells) = (dropped.tells(), Arc::clone(&polled));
        let unpolled = group.spawn(async move {
            let _captured = captured;
            tells.store(true, Ordering::SeqCst);
            pending::<()>().await;
        });
        unpolled.cancel();
        assert!(unpolled.await.unwrap_err().is_cancelled());
        assert_eq!(dropped.live(), 0);
        if is_virtual() {
            assert!(!polled.load(Ordering::SeqCst), "cancelled before its first poll");
        }
    })
    .await;
}

async fn promise_p03_work_nobody_wants_is_dropped() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    // The first is done at once, the others never: only their being dropped ends the run.
    let work = stage::then(move |item: u32| {
        let tells = tells.tells();
        async move {
            if item > 0 {
                pending::<()>().await;
            }
            drop(tells);
            item
        }
    });
    let run = flow(source::from_iter(0..)).pipe(work).workers(4).pipe(stage::take(1)).collect();
    assert_eq!(run.await, [0]);
    assert_eq!(dropped.live(), 0);
}

async fn promise_p03_work_nobody_wants_is_dropped_while_the_run_goes_on() {
    let dropped = Dropped::new();
    let (tells, sees) = (dropped.clone(), dropped.clone());
    let work = stage::then(move |item: u32| {
        let tells = tells.tells();
        async move {
            if item > 0 {
                pending::<()>().await;
            }
            drop(tells);
            item
        }
    });
    // What comes next waits for the pending futures to be gone.
    let next = source::from_fn(|sender| async move {
        until(|| sees.live() == 0).await;
        sender.send(7).await.unwrap();
    });
    let first = flow(source::from_iter(0..)).pipe(work).workers(4).pipe(stage::take(1));
    assert_eq!(first.pipe(stage::chain(next)).collect().await, [0, 7]);
}

async fn promise_p03_nothing_starts_after_a_cancel() {
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = Arc::clone(&begun);
    let work = stage::then(move |item: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        async move {
            give_way().await;
            item
        }
    });
    together(|_| async move {
        let mut came = flow(source::from_iter(0..)).pipe(work).workers(3).stream();
        assert_eq!(next(&mut came).await, Some(0));
        drop(came);
        let at_drop = begun.load(Ordering::SeqCst);
        settle().await;
        // Each worker may have been in the middle of looking.
        assert!(begun.load(Ordering::SeqCst) <= at_drop + 3);
        if is_virtual() {
            assert_eq!(begun.load(Ordering::SeqCst), at_drop);
        }
    })
    .await;
}

async fn promise_p04_a_panic_joins_and_resumes_once() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let work = stage::then(move |item: u32| {
        let tells = tells.tells();
        async move {
            let _tells = tells;
            give_way().await;
            assert!(item != 7, "seven");
            if item > 7 {
                pending::<()>().await;
            }
            item
        }
    });
    let run = flow(source::from_iter(0..100)).pipe(work).workers(4).named("fetch").collect();
    let error = run.checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("fetch")));
    assert_eq!(error.to_string(), "stage `fetch` panicked: seven");
    assert_eq!(error.others().len(), 0);
    assert_eq!(dropped.live(), 0);
    assert_eq!(panic_in(async { error.resume() }).await.as_deref(), Some("stage `fetch` panicked: seven"));

    // A fused stage is told by its name too, whoever pulls it.
    let fused = stage::map(|item: u32| {
        assert!(item != 3, "three");
        item
    });
    let run = flow(source::from_iter(0..10)).pipe(fused).named("parse").pipe(stage::then(async |item| item));
    assert_eq!(panic_in(run.collect()).await.as_deref(), Some("stage `parse` panicked: three"));
    let run = flow(source::from_iter(0..10)).into(sink::for_each(|item: u32| assert!(item != 3, "three")));
    assert_eq!(panic_in(run).await.as_deref(), Some("stage `for_each` panicked: three"));
}

async fn promise_p04_a_payload_that_is_no_text_stays_as_it_was() {
    let run = Run::new("run", inherit, |scope| {
        scope.spawn("odd", async { std::panic::panic_any(42_u64) });
        pending::<()>()
    });
    let error = run.checked().await.unwrap_err();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| error.resume()));
    let Err(payload) = caught;
    assert_eq!(payload.downcast_ref(), Some(&42_u64));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

async fn promise_p04_the_adopter_resumes_the_panic_of_a_dropped_run() {
    let outer = scoped("outer", inherit, async {
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let run = Run::new("inner", inherit, move |scope| {
            scope.spawn("armed", async move {
                let _bomb = Bomb;
                begins.store(true, Ordering::SeqCst);
                pending::<()>().await;
            });
            pending::<()>()
        });
        let running = run.start();
        until(|| begun.load(Ordering::SeqCst)).await;
        drop(running);
    });
    let error = outer.await.unwrap_err();
    assert_eq!(error.to_string(), "stage `armed` panicked: a bomb");
}

async fn promise_p12_the_same_program_gives_the_same() {
    let work = stage::then(async |item: i64| {
        for _ in 0..item % 3 {
            give_way().await;
        }
        item * item
    });
    let run = flow(source::from_iter(0..200))
        .pipe(work)
        .workers(4)
        .buffer_size(3)
        .pipe(stage::filter(|item: &i64| item % 3 != 0))
        .pipe(stage::flat_map(|item: i64| [item, -item]))
        .pipe(stage::boundary())
        .pipe(stage::take(150))
        .into(sink::fold(0, |hash, item| mix(&[hash, item])));
    let expected = (0..200)
        .map(|item| item * item)
        .filter(|item| item % 3 != 0)
        .flat_map(|item| [item, -item])
        .take(150)
        .fold(0, |hash, item| mix(&[hash, item]));
    assert_eq!(run.await, expected);
    assert_eq!(expected, P12_HASH, "and the same as ever, on every backend");
}

/// What the program of P12 gives.
const P12_HASH: i64 = 157_053;

/// Has the task be polled on its thread while something goes elsewhere, until a sender of it is gone. Where there
/// is one thread alone nothing goes meanwhile.
fn hold_the_poll(until: Option<&mpsc::Receiver<()>>) {
    if let Some(until) = until {
        let _ = until.recv_timeout(Duration::from_millis(200));
    }
}

async fn promise_p12_a_cut_off_task_tells_nothing_of_it() {
    let several = !is_virtual();
    for which in 0..5 {
        let run = Run::new("run", inherit, move |scope| {
            let (begun, begins) = mpsc::channel();
            let (goes, gone) = mpsc::channel::<()>();
            let (tx, their_rx) = bounded(1);
            let (their_tx, rx) = bounded::<u8>(1);
            scope.spawn("cut off", async move {
                begun.send(()).unwrap();
                hold_the_poll(several.then_some(&gone));
                // All of it waits in vain, once this task is cancelled.
                match which {
                    0 => tx.send(1).await.expect("it is taken"),
                    1 => tx.reserve().await.expect("there is room").send(1).expect("it is taken"),
                    2 => drop(rx.recv().await.expect("something comes")),
                    3 => {
                        let nested = async move { tx.send(1).await.expect("it is taken") };
                        Run::new("nested", inherit, |_scope| nested).await;
                    }
                    _ => tx.send_many([1, 2]).await.expect("both are taken"),
                }
            });
            scope.spawn("fails", async move {
                while begins.try_recv().is_err() {
                    give_way().await;
                }
                panic!("first");
            });
            async move {
                // Dropped last.
                let _goes = goes;
                let _ends = (their_rx, their_tx);
                pending::<()>().await;
            }
        });
        let error = run.checked().await.unwrap_err();
        assert_eq!(error.to_string(), "stage `fails` panicked: first", "in the case {which}");
    }
}

async fn promise_p12_a_stage_is_not_told_that_nobody_takes_its_output() {
    let several = !is_virtual();
    let (goes, gone) = mpsc::channel::<()>();
    let numbers = stage::stage(move |mut input: stage::Input<u8>, output: Sender<u8>| async move {
        let first = input.recv().await.expect("there are many");
        output.send(first).await.expect("it is taken");
        hold_the_poll(several.then_some(&gone));
        for _ in 0..100 {
            output.send(first).await.expect("the stage is dropped before it hears that nobody takes it");
        }
    });
    let mut came = flow(source::repeat(7)).pipe(numbers).buffer_size(2).pipe(stage::take(1)).stream();
    assert_eq!(next(&mut came).await, Some(7));
    drop(goes);
    assert_eq!(next(&mut came).await, None);
}
