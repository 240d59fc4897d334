//! Entering a runtime: by a run, and by hand.
#![cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::runtime::{Enter, current};
use anypipe::task::{blocking, task_group, yield_now};
use anypipe::time::{fail_after, move_on_after, now, sleep};

/// One of each kind that is compiled in.
fn runtimes() -> Vec<Box<dyn Enter>> {
    vec![
        #[cfg(feature = "tokio")]
        Box::new(anypipe::runtime::Tokio::multi_thread(2)),
        #[cfg(feature = "tokio")]
        Box::new(anypipe::runtime::Tokio::current_thread()),
        #[cfg(feature = "smol")]
        Box::new(anypipe::runtime::Smol::new()),
        #[cfg(feature = "smol")]
        Box::new(anypipe::runtime::Smol::threads(1)),
        #[cfg(feature = "async-std")]
        Box::new(anypipe::runtime::AsyncStd::new()),
        #[cfg(feature = "sim")]
        Box::new(anypipe::runtime::Sim::new(7)),
    ]
}

#[test]
fn the_future_may_borrow_and_need_not_be_send() {
    for runtime in runtimes() {
        let (word, count) = (String::from("word"), Rc::new(Cell::new(0)));
        let length = anypipe::run_on(&*runtime, async {
            yield_now().await;
            count.set(count.get() + 1);
            word.len()
        });
        assert_eq!((length, count.get()), (4, 1));
    }
}

#[test]
fn the_code_inside_is_on_that_runtime_and_the_thread_is_not_afterwards() {
    let outside = anypipe::runtime::try_current().ok().map(|runtime| runtime.name());
    for runtime in runtimes() {
        let name = runtime.handle().name();
        let group = task_group(|group| async move {
            group.spawn(async { current().name() }).await.expect("the child ends well")
        });
        let inside = anypipe::run_on(&*runtime, async move { (current().name(), group.await) });
        assert_eq!(inside, (name, name));
        assert_eq!(anypipe::runtime::try_current().ok().map(|runtime| runtime.name()), outside);
    }
}

#[test]
fn a_panic_goes_on_in_the_caller() {
    for runtime in runtimes() {
        let run = || anypipe::run_on(&*runtime, async { panic!("{} went off", "it") });
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().ends_with("it went off"));
    }
}

#[test]
fn a_panic_is_a_value_of_try_run() {
    let error = anypipe::try_run(async { panic!("boom") }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panicked);
    assert!(error.to_string().contains("boom"));
}

#[test]
fn blocking_work_gives_its_value_and_its_panic() {
    for runtime in runtimes() {
        assert_eq!(anypipe::run_on(&*runtime, blocking(|| 6 * 7)), 42);
        let run = || anypipe::run_on(&*runtime, async { blocking(|| -> () { panic!("sour") }).await });
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("sour"));
    }
}

#[test]
fn blocking_work_can_be_a_task() {
    for runtime in runtimes() {
        let group = task_group(|group| async move {
            let child = group.spawn(blocking(|| 1));
            child.await.expect("the child ends well")
        });
        assert_eq!(anypipe::run_on(&*runtime, group), 1);
    }
}

#[test]
fn time_passes_by_the_runtime_s_own_clock() {
    for runtime in runtimes() {
        anypipe::run_on(&*runtime, async {
            let start = now();
            sleep(Duration::from_millis(5)).await;
            assert!(now() - start >= Duration::from_millis(5));
            assert_eq!(move_on_after(Duration::from_millis(1), pending::<()>()).await, None);
            assert!(fail_after(Duration::from_millis(1), pending::<()>()).await.is_err());
            assert_eq!(fail_after(Duration::from_secs(600), async { 3 }).await, Ok(3));
        });
    }
}

#[test]
fn a_guard_enters_until_it_goes() {
    for runtime in runtimes() {
        let name = runtime.handle().name();
        let outer = anypipe::runtime::try_current().ok().map(|runtime| runtime.name());
        let entered = anypipe::runtime::enter(&*runtime);
        assert_eq!(current().name(), name);
        drop(entered);
        assert_eq!(anypipe::runtime::try_current().ok().map(|runtime| runtime.name()), outer);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn a_guard_keeps_the_runtime_it_was_given() {
    let _entered = anypipe::runtime::enter(anypipe::runtime::Tokio::multi_thread(1));
    let run = task_group(|group| async move { group.spawn(async { 5 }).await });
    assert_eq!(smol::block_on(run).expect("the runtime is there"), 5);
}

/// A plain main of each runtime: nothing of ours around.
#[test]
fn blocking_work_needs_no_scope() {
    #[cfg(feature = "tokio")]
    {
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(tokio.block_on(blocking(|| 1)), 1);
    }
    #[cfg(any(feature = "smol", feature = "async-std"))]
    assert_eq!(smol::block_on(blocking(|| 2)), 2);
    #[cfg(feature = "async-std")]
    assert_eq!(async_std::task::block_on(blocking(|| 3)), 3);
}

#[cfg(feature = "tokio")]
#[test]
fn a_tokio_context_without_its_timer_is_told() {
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = || tokio.block_on(move_on_after(Duration::from_millis(1), pending::<()>()));
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    let message = panic.downcast_ref::<String>().expect("its text");
    assert!(message.contains("enable_time"), "{message}");
}
