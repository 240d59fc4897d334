//! What an implementer of a runtime MUST do, as `anypipe_core::runtime` lists it; and I5, a runtime
//! that is shut down in mid-run.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::iter;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::LocalKey;
use std::time::Duration;

use anypipe_core::channel::{RecvError, Sender, bounded};
use anypipe_core::run::{TaskHandle, inherit, task_group};
use anypipe_core::runtime::{AsHandle, Enter, RuntimeHandle};
use anypipe_core::scope::{Roster, current_runtime, current_scope, enter};
use anypipe_core::{ErrorKind, Run, RunError, Scope};

use anypipe_stages::{source, stage};

use crate::tools::{
    Around, Dropped, Wakes, beside, flow, give_way, is_virtual, once, runtime, sleep, together, unit, until,
    wait,
};

crate::suite::cases! { ($) runtime_laws as __runtime_laws {
    law_1_a_task_is_polled_to_its_end_and_never_in_the_call(),
    law_1_a_runtime_that_goes_drops_the_tasks_that_wait(make),
    law_2_a_runtime_that_is_gone_drops_the_task(make),
    law_3_blocking_work_may_block(),
    law_4_time_never_goes_back_and_no_sleep_is_short(),
    law_4_a_sleep_can_be_set_again(),
    law_5_a_sleep_wakes_who_polled_it_last(),
    law_6_out_of_budget_is_woken_again(),
    law_7_a_handle_owns_nothing(make),
    law_8_block_on_waits_for_its_root(make),
    law_9_a_task_that_wakes_itself_goes_behind_the_others(),
    a_run_is_awaited_on_a_thread_in_no_runtime(make),
    a_sleep_goes_on_when_the_thread_that_drove_the_runtime_leaves(make),
    runtimes_that_were_entered_are_left_in_any_order(make),
    listings_are_ended_in_any_order(make),
    a_run_may_go_with_its_thread(make),
    promise_p02_without_a_scope_around_it_a_dropped_run_is_cancelled(make),
    i05_a_runtime_that_goes_in_mid_run_is_told(make),
    a_roster_tells_what_everybody_waits_for(make),
} }

type Make<'a> = &'a dyn Fn() -> Box<dyn Enter>;

thread_local! {
    /// True while this thread is in a call of `spawn`.
    static SPAWNING: Cell<bool> = const { Cell::new(false) };
}

#[expect(clippy::disallowed_methods, reason = "no thread ends in the middle of this")]
async fn law_1_a_task_is_polled_to_its_end_and_never_in_the_call() {
    let run = Run::new("run", inherit, move |scope| {
        let ended = Arc::new(AtomicUsize::new(0));
        for _ in 0..50 {
            let ended = Arc::clone(&ended);
            SPAWNING.set(true);
            scope.spawn("task", async move {
                assert!(!SPAWNING.get(), "polled inside the call");
                give_way().await;
                ended.fetch_add(1, Ordering::SeqCst);
            });
            SPAWNING.set(false);
        }
        until(move || ended.load(Ordering::SeqCst) == 50)
    });
    run.await;
}

/// A run of so many tasks that tell when they have begun, wait for ever, and tell when they are dropped.
fn tasks_that_wait(count: usize, dropped: &Dropped, begun: mpsc::Sender<()>) -> Run<()> {
    let tells = dropped.clone();
    Run::new("run", inherit, move |scope| {
        for _ in 0..count {
            let (begun, tells) = (begun.clone(), tells.tells());
            scope.spawn("task", async move {
                let _tells = tells;
                let _ = begun.send(());
                pending::<()>().await;
            });
        }
        pending::<()>()
    })
}

fn law_1_a_runtime_that_goes_drops_the_tasks_that_wait(make: Make<'_>) {
    let (runtime, dropped) = (make(), Dropped::new());
    let handle = runtime.handle();
    let (begun, begins) = mpsc::channel();
    let run = tasks_that_wait(3, &dropped, begun);
    let run = run.on(handle.clone()).start();
    // Where nothing begins, the runtime runs only while a thread is in it.
    let _ = (0..3).try_for_each(|_| begins.recv_timeout(Duration::from_millis(200)));
    drop(runtime);
    // One that never ends keeps them, and rightly.
    if late(handle, task).is_err() {
        let error = wait(run).expect_err("its tasks never end");
        assert!(is_gone(&error), "{error}");
        assert_eq!(dropped.live(), 0, "tasks are left");
    }
}

fn law_2_a_runtime_that_is_gone_drops_the_task(make: Make<'_>) {
    for work in [task, job] {
        let runtime = make();
        let handle = runtime.handle();
        drop(runtime);
        // A runtime that never ends runs it; any other says that it is gone.
        if let Err(error) = late(handle, work) {
            assert!(is_gone(&error), "{error}");
            let panics: Vec<_> = error.others().iter().filter(|other| other.is_panic()).collect();
            assert!(panics.is_empty(), "it didn't only drop the work: {panics:?}");
        }
    }
}

fn task(scope: &Scope, tx: Sender<()>) {
    scope.spawn("task", async move {
        let _ = tx.send(()).await;
    });
}

fn job(scope: &Scope, tx: Sender<()>) {
    drop(scope.spawn_blocking("job", move || {
        let _ = tx.try_send(());
    }));
}

/// Starts work on a runtime whose value is gone, and waits until it has run.
fn late(
    runtime: RuntimeHandle,
    work: impl FnOnce(&Scope, Sender<()>) + Send + 'static,
) -> Result<(), RunError> {
    let run = Run::new("late", inherit, move |scope| {
        let (tx, rx) = bounded(1);
        work(scope, tx);
        async move {
            // What was dropped fails the run.
            if rx.recv().await.is_err() {
                pending::<()>().await;
            }
        }
    });
    wait(run.on(runtime).checked())
}

fn is_gone(error: &RunError) -> bool {
    matches!(error.kind(), ErrorKind::RuntimeGone | ErrorKind::Cancelled)
}

async fn law_3_blocking_work_may_block() {
    let virtual_time = is_virtual();
    let run = Run::new("blocking", inherit, move |scope| {
        let (tx, rx) = mpsc::channel();
        // It waits for the other, so the two can't share a thread; a simulation has only one.
        let sends = move || tx.send(42);
        let waits = move || rx.recv();
        let (sent, got) = if virtual_time {
            let sent = scope.spawn_blocking("sends", sends);
            (sent, None)
        } else {
            let got = scope.spawn_blocking("waits", waits);
            (scope.spawn_blocking("sends", sends), Some(got))
        };
        let panics = scope.spawn_blocking("panics", || panic!("boom"));
        async move {
            let sent = sent.await.unwrap();
            assert_eq!(sent.is_ok(), !virtual_time);
            if let Some(got) = got {
                assert_eq!(got.await.unwrap(), Ok(42));
            }
            let panicked: Result<(), _> = panics.await;
            assert_eq!(panicked.unwrap_err().to_string(), "a task panicked: boom");
        }
    });
    run.await;
}

async fn law_4_time_never_goes_back_and_no_sleep_is_short() {
    together(|group| async move {
        for number in 0..10_u32 {
            group.spawn(async move {
                let runtime = runtime();
                let length = unit() / 4 * number;
                let mut before = runtime.now();
                for _ in 0..3 {
                    runtime.sleep(length).await;
                    let now = runtime.now();
                    assert!(now - before >= length, "{:?} is short of {length:?}", now - before);
                    before = now;
                }
            });
        }
        let runtime = runtime();
        let mut before = runtime.now();
        for _ in 0..1000 {
            let now = runtime.now();
            assert!(now >= before, "time went back");
            before = now;
        }
    })
    .await;
}

async fn law_4_a_sleep_can_be_set_again() {
    let runtime = runtime();
    let start = runtime.now();
    let mut sleep = runtime.sleep(Duration::MAX);
    poll_fn(|cx| {
        assert!(Pin::new(&mut sleep).poll(cx).is_pending(), "the longest sleep is no overflow");
        Poll::Ready(())
    })
    .await;
    sleep.reset(unit());
    (&mut sleep).await;
    assert!(runtime.now() - start >= unit());
    sleep.reset(unit());
    (&mut sleep).await;
    assert!(runtime.now() - start >= unit() * 2);
}

async fn law_5_a_sleep_wakes_who_polled_it_last() {
    for length in iter::successors(Some(unit()), |length| Some(*length * 4)) {
        let mut sleep = runtime().sleep(length);
        let wakes = Wakes::new();
        if Pin::new(&mut sleep).poll(&mut Context::from_waker(&wakes.waker())).is_ready() {
            continue;
        }
        // It goes to another task, on another thread where there are several, and wakes that one.
        let in_time = together(|group| async move {
            let sleeps = async move {
                let in_time = once(&mut sleep).await.is_pending();
                if in_time {
                    sleep.await;
                }
                in_time
            };
            group.spawn(sleeps).await.unwrap()
        });
        // On a busy machine it may be over before that polls it.
        if in_time.await {
            assert_eq!(wakes.count(), 0, "the one that polled it first waits no more");
            return;
        }
    }
}

async fn law_6_out_of_budget_is_woken_again() {
    let runtime = runtime();
    together(|group| async move {
        for _ in 0..3 {
            let runtime = runtime.clone();
            group.spawn(async move {
                for _ in 0..2000 {
                    poll_fn(|cx| runtime.poll_budget(cx)).await;
                }
            });
        }
    })
    .await;
}

fn law_7_a_handle_owns_nothing(make: Make<'_>) {
    // The runtime's value, and then its last handle, go in a task of its own.
    let runtime = make();
    let handle = runtime.handle();
    if handle.name() == "sim" {
        // It runs only while a thread is in it, which has its value then.
        return;
    }
    let last = handle.clone();
    let value = Sendable(runtime.keep_alive());
    drop(runtime);
    let run = Run::new("run", inherit, move |scope| {
        scope.spawn("drops", async move {
            drop(value);
            drop(last);
        });
        std::future::ready(())
    });
    match wait(run.on(handle).checked()) {
        Ok(()) => {}
        Err(error) => assert!(is_gone(&error), "{error}"),
    }
}

/// What keeps a runtime alive.
struct Sendable(#[expect(dead_code, reason = "it is only held")] Option<Arc<dyn Any + Send + Sync>>);

fn law_8_block_on_waits_for_its_root(make: Make<'_>) {
    let runtime = make();
    let handle = runtime.handle();
    let done = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&done);
    let run = task_group(inherit, |group| async move {
        let child = group.spawn(async {
            let scope = current_scope().expect("in a task");
            let job = scope.spawn_blocking("job", || 1);
            sleep(unit()).await;
            job.await.unwrap()
        });
        assert_eq!(child.await.unwrap(), 1);
        tells.store(true, Ordering::SeqCst);
    });
    let run = run.on(&handle);
    runtime.block_on(pin!(run));
    assert!(done.load(Ordering::SeqCst));
    // And again, on the same runtime.
    let mut again = false;
    runtime.block_on(pin!(async { again = true }));
    assert!(again);
}

async fn law_9_a_task_that_wakes_itself_goes_behind_the_others() {
    together(|group| async move {
        let done = Arc::new(AtomicBool::new(false));
        // More than there are threads, and the last one ends the spinning of all.
        for _ in 0..64 {
            let done = Arc::clone(&done);
            group.spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    give_way().await;
                }
            });
        }
        let ends = Arc::clone(&done);
        group.spawn(async move { ends.store(true, Ordering::SeqCst) });
        while !done.load(Ordering::SeqCst) {
            give_way().await;
        }
    })
    .await;
}

fn a_run_is_awaited_on_a_thread_in_no_runtime(make: Make<'_>) {
    let runtime = make();
    if runtime.handle().name() == "sim" {
        // It runs only while a thread is in it.
        return;
    }
    let run = task_group(inherit, |group| async move {
        let children: Vec<_> = (0..100_u32).map(|number| group.spawn(async move { number })).collect();
        let mut sum = 0;
        for child in children {
            sum += child.await.unwrap();
        }
        sum
    });
    assert_eq!(wait(run.on(&*runtime)), 4950);
}

fn a_sleep_goes_on_when_the_thread_that_drove_the_runtime_leaves(make: Make<'_>) {
    let runtime = make();
    if runtime.handle().name() == "sim" {
        // It runs only while a thread is in it.
        return;
    }
    let short = Duration::from_millis(100);
    let sleeps = move |_: &Scope| async move {
        for _ in 0..2 {
            sleep(short).await;
        }
    };
    let (slept, timed_out) =
        (Run::new("sleeps", inherit, sleeps), Run::new("waits", inherit, |_| pending::<()>()));
    let (slept, timed_out) = (slept.on(&*runtime), timed_out.deadline(short).on(&*runtime));
    let (begun, begins) = mpsc::channel();
    let other = move || {
        let (mut slept, mut timed_out) = (slept.checked(), timed_out.checked());
        wait(poll_fn(|cx| {
            assert!(
                Pin::new(&mut slept).poll(cx).is_pending() && Pin::new(&mut timed_out).poll(cx).is_pending()
            );
            Poll::Ready(())
        }));
        begun.send(()).unwrap();
        (wait(slept), wait(timed_out))
    };
    let mut thread = None;
    // The thread that drives it leaves once the other has begun to sleep.
    runtime.block_on(pin!(async {
        thread = Some(beside(other));
        begins.recv().unwrap();
    }));
    let (slept, timed_out) = thread.unwrap().join().unwrap();
    slept.unwrap();
    assert_eq!(timed_out.unwrap_err().kind(), ErrorKind::TimedOut);
}

fn runtimes_that_were_entered_are_left_in_any_order(make: Make<'_>) {
    let (first, second) = (make(), make());
    let named = [("first", &first), ("second", &second), ("third", &first)];
    let named = named.map(|(name, runtime)| (name, Around::of(runtime.handle(), name)));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut guards = named.each_ref().map(|(_, around)| Some(enter(around.runtime().handle())));
        for left in order {
            guards[left] = None;
            let innermost = guards.iter().rposition(Option::is_some).map(|index| named[index].0);
            let current = current_runtime().map(|runtime| runtime.name());
            assert_eq!(current, innermost, "left in the order {order:?}, up to {left}");
        }
    }
    let guard = enter(first.handle());
    let other = enter(second.handle());
    drop(guard);
    drop(first);
    if second.handle().name() != "sim" {
        // Which runs only while a thread is in it.
        let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
        assert_eq!(wait(run), 42);
    }
    drop(other);
    assert!(current_runtime().is_none());
}

fn listings_are_ended_in_any_order(make: Make<'_>) {
    let (runtime, rosters) = (make(), [Roster::new(), Roster::new()]);
    let begin = || {
        let mut run = Box::pin(Run::new("run", inherit, |_| pending::<()>()).on(&*runtime).checked());
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        run
    };
    let listed = || rosters.each_ref().map(|roster| roster.to_string().matches("run `run`").count());
    let first = rosters[0].enter();
    let second = rosters[1].enter();
    drop(first);
    let in_second = begin();
    assert_eq!(listed(), [0, 1]);
    drop(second);
    let in_none = begin();
    assert_eq!(listed(), [0, 1]);
    drop((in_second, in_none));
}

thread_local! {
    /// What a thread keeps until its end, after all that is ours, and before it.
    static KEPT_LONG: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    static KEPT_SHORT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

fn a_run_may_go_with_its_thread(make: Make<'_>) {
    let dropped = Dropped::new();
    let plan = |runtime: Box<dyn Enter>| {
        let (tx, rx) = bounded::<u8>(1);
        let (in_task, in_body) = (dropped.tells(), dropped.tells());
        let run = Run::new("run", inherit, move |scope| {
            scope.spawn("task", async move {
                let _held = (in_task, tx);
                pending::<()>().await;
            });
            async move {
                let _held = in_body;
                pending::<()>().await;
            }
        });
        ((run.on(&*runtime), Sendable(runtime.keep_alive())), rx)
    };
    let ((long, of_long), (short, of_short)) = (plan(make()), plan(make()));
    let ends = move || {
        let keep = |kept: &'static LocalKey<RefCell<Option<Box<dyn Any>>>>, what| {
            kept.try_with(|kept| kept.replace(what)).unwrap();
        };
        // The last to be used is the first to go.
        keep(&KEPT_LONG, None);
        for (kept, (run, runtime)) in [(&KEPT_LONG, long), (&KEPT_SHORT, short)] {
            let mut run = Box::pin(run.checked());
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            keep(kept, Some(Box::new((run, runtime))));
        }
    };
    beside(ends).join().unwrap();
    // A thread of the runtime may be in the middle of polling one.
    while dropped.live() > 0 {
        wait(give_way());
    }
    for rx in [of_long, of_short] {
        assert_eq!(wait(rx.recv()), Err(RecvError::Broken), "what was cut off is no end");
    }
}

fn promise_p02_without_a_scope_around_it_a_dropped_run_is_cancelled(make: Make<'_>) {
    let (runtime, dropped) = (make(), Dropped::new());
    let (begun, begins) = mpsc::channel();
    let run = tasks_that_wait(4, &dropped, begun);
    let running = run.on(&*runtime).start();
    // Where nothing begins, the runtime runs only while a thread is in it.
    let _ = begins.recv_timeout(Duration::from_millis(200));
    drop(running);
    // A thread may be in the middle of polling one. Where none is ever dropped, the watchdog tells.
    while dropped.live() > 0 {
        wait(give_way());
    }
}

fn i05_a_runtime_that_goes_in_mid_run_is_told(make: Make<'_>) {
    let (runtime, dropped) = (make(), Dropped::new());
    let (begun, begins) = mpsc::channel();
    let tells = dropped.clone();
    let run = Run::new("run", inherit, move |scope| {
        let (items, rx) = anypipe_core::channel::bounded(4);
        for number in 0..3 {
            let (begun, tells, items) = (begun.clone(), tells.tells(), items.clone());
            scope.spawn("task", async move {
                let _tells = tells;
                let _ = begun.send(());
                sleep(Duration::from_millis(40)).await;
                let _ = items.send(number).await;
            });
        }
        drop(items);
        async move {
            let mut count = 0;
            while rx.recv().await.is_ok() {
                count += 1;
            }
            count
        }
    });
    let run = run.on(runtime.handle()).start();
    // Where nothing begins, the runtime runs only while a thread is in it.
    let _ = begins.recv_timeout(Duration::from_millis(200));
    drop(runtime);
    match wait(run) {
        Ok(count) => assert_eq!(count, 3, "a short result"),
        Err(error) => assert!(is_gone(&error), "{error}"),
    }
    assert_eq!(dropped.live(), 0);
}

fn a_roster_tells_what_everybody_waits_for(make: Make<'_>) {
    let runtime = make();
    let roster = Roster::new();
    let listed = roster.clone();
    let run = task_group(inherit, |group| async move {
        let parse = stage::then(async |item: u8| item);
        let stuck = flow(source::never()).pipe(parse).named("parse").buffer_size(1).collect();
        let children = [group.spawn(async move { drop(stuck.await) }), group.spawn(pending())];
        for told in [
            "run `task_group` is being polled",
            "  `task` waits for its own future\n  `task` waits for its own future",
            "run `sink` waits for an item of its input\n  `parse` waits for an item of its input",
        ] {
            until(|| listed.to_string().contains(told)).await;
        }
        children.iter().for_each(TaskHandle::cancel);
    });
    let entered = roster.enter();
    runtime.block_on(pin!(run.on(runtime.handle())));
    drop(entered);
    assert_eq!(roster.to_string(), "no run is left");
}
