//! What makes a simulation fail, and what it tells.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::runtime::AsHandle;
use anypipe_sim::{FailureKind, Policy, Sim};

#[test]
fn a_deadlock_is_told_with_names_and_seed() {
    let sim = Sim::new(9).policy(Policy::Lifo);
    let root = Run::new("stuck", inherit, |scope| {
        scope.spawn("fetch", pending());
        scope.spawn("parse", pending());
        pending::<()>()
    });
    let failure = sim.try_run(root).unwrap_err();
    assert_eq!((failure.kind(), failure.seed(), failure.policy()), (FailureKind::Deadlock, 9, &Policy::Lifo));
    let text = failure.to_string();
    for told in [
        "deadlock at 0ns of virtual time: nothing can run and no timer is pending",
        "0: the root waits for its own future",
        "1: `fetch` waits for its own future",
        "2: `parse` waits for its own future",
        "seed 9, policy last-in",
        &format!("schedule {:016x}", failure.hash()),
        "ANYPIPE_SIM_SEED=9 cargo test",
        " a_deadlock_is_told_with_names_and_seed -- --exact",
    ] {
        assert!(text.contains(told), "`{told}` is missing in: {text}");
    }
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_deadlock_panics_where_nobody_asked_for_a_value() {
    Sim::new(1).run(pending::<()>());
}

#[test]
fn a_live_lock_is_bounded() {
    let spin = poll_fn::<(), _>(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let failure = Sim::new(1).max_steps(500).try_run(spin).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::LiveLock);
    let text = failure.to_string();
    assert!(text.contains("not done after 500 steps (`Sim::max_steps` allows more)"), "{text}");
    assert!(text.contains("0: `root` can run (500 polls)"), "{text}");
}

#[test]
fn a_task_that_is_left_is_a_leak() {
    Sim::each(20, |sim| {
        // The run outlives the simulation it was started in.
        let mut kept = None;
        let failure = sim.try_run(async {
            kept = Some(Run::new("kept", inherit, |_| pending::<()>()).start());
        });
        let failure = failure.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Leak);
        assert!(failure.to_string().contains("1: `kept` waits for its own future"), "{failure}");
        assert!(kept.is_some());
    });
}

#[test]
fn a_run_dropped_at_the_end_leaves_nothing() {
    Sim::each(50, |sim| {
        sim.run(async {
            let run = Run::new("dropped", inherit, |scope| {
                scope.spawn("parked", pending());
                pending::<()>()
            });
            drop(run.start());
        });
    });
}

#[test]
fn a_wake_from_another_thread_is_told() {
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let theirs = Arc::clone(&slot);
    let root = Run::new("foreign", inherit, move |scope| {
        scope.spawn(
            "waits",
            poll_fn(move |cx| {
                *theirs.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            }),
        );
        async move {
            anypipe_sim::testing::wait_all_blocked().await;
            let waker = slot.lock().unwrap().take().expect("the task was polled");
            let meddle = std::thread::Builder::new().name("meddler".into()).spawn(move || waker.wake());
            meddle.unwrap().join().unwrap();
            pending::<()>().await;
        }
    });
    let failure = Sim::new(1).try_run(root).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Foreign);
    let text = failure.to_string();
    assert!(text.contains("`waits` was woken from thread `meddler`"), "{text}");
}

#[test]
fn a_wake_after_the_simulation_is_nobodys_business() {
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let theirs = Arc::clone(&slot);
    Sim::new(1).run(poll_fn(move |cx| {
        *theirs.lock().unwrap() = Some(cx.waker().clone());
        Poll::Ready(())
    }));
    let waker = slot.lock().unwrap().take().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| waker.wake());
    });
}

#[test]
fn a_panic_of_the_test_is_told_with_its_seed() {
    let mut seed = 0;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        Sim::each(20, |sim| {
            seed = sim.seed();
            sim.run(async { panic!("as planned") });
        });
    }));
    let text = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("as planned\n"), "{text}");
    assert!(text.contains(&format!("simulated with seed {seed}, policy ")), "{text}");
    assert!(text.contains(&format!("ANYPIPE_SIM_SEED={seed} cargo test")), "{text}");
}

#[test]
fn a_simulation_cannot_be_entered_twice() {
    let sim = Sim::new(1);
    let nested = catch_unwind(AssertUnwindSafe(|| sim.run(async { sim.run(async {}) })));
    let text = *nested.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("it can't be entered twice"), "{text}");
    assert_eq!(sim.run(async { Sim::new(2).run(async { 5 }).value }).value, 5, "another one can");
}

#[test]
fn tasks_are_dropped_when_the_simulation_fails() {
    let resources = anypipe_sim::testing::Resources::new();
    let held = resources.hold(());
    let root = Run::new("stuck", inherit, move |scope| {
        scope.spawn("holds", async move {
            pending::<()>().await;
            drop(held);
        });
        pending::<()>()
    });
    let sim = Sim::new(1);
    let handle = sim.handle();
    assert!(sim.try_run(root).is_err());
    resources.assert_none_left();
    assert_eq!(handle.name(), "sim");
}
