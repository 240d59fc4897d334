//! Runtimes that go while they are used.

mod common;

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use anypipe_core::run::inherit;
use anypipe_core::run::task_group;
use anypipe_core::runtime::{AsHandle, RuntimeHandle};
use anypipe_core::{ErrorKind, Run, RunError};
use anypipe_tokio::Tokio;
use tokio::runtime::{Builder, Runtime};

use common::wait;

/// Runs a task that never ends; `end` is called when it has started.
fn run_until(handle: &RuntimeHandle, end: impl FnOnce() + Send + 'static) -> Result<(), RunError> {
    let (started, starts) = mpsc::channel();
    let run = Run::new("run", inherit, move |scope| {
        scope.spawn("stage", async move {
            started.send(()).unwrap();
            pending::<()>().await;
        });
        pending::<()>()
    });
    let ends = common::spawn(move || {
        starts.recv().unwrap();
        end();
    });
    let result = wait(run.on(handle).checked());
    ends.join().unwrap();
    result
}

#[test]
fn a_runtime_that_is_dropped_fails_the_run() {
    for tokio in [Tokio::multi_thread(2), Tokio::current_thread()] {
        let error = run_until(&tokio.handle(), || drop(tokio)).unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::RuntimeGone, Some("stage")));
    }
}

#[test]
fn a_runtime_of_the_user_that_is_shut_down_fails_the_run() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let handle = Tokio::from(runtime.handle().clone()).handle();
    let error = run_until(&handle, || runtime.shutdown_background()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RuntimeGone);
}

#[test]
fn work_for_a_runtime_that_is_gone_is_dropped() {
    for tokio in [Tokio::multi_thread(1), Tokio::current_thread()] {
        let handle = tokio.handle();
        drop(tokio);
        let run = Run::new("run", inherit, |scope| {
            scope.spawn("late", pending());
            pending::<()>()
        });
        let error = wait(run.on(&handle).checked()).unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::RuntimeGone, Some("late")));

        let run = Run::new("run", inherit, |scope| scope.spawn_blocking("late", || ()));
        let error = wait(run.on(&handle).checked()).unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::RuntimeGone, Some("late")));
    }
}

#[test]
fn a_run_keeps_the_runtime_it_was_given() {
    let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
    assert_eq!(wait(run.on(Tokio::multi_thread(1))), 42);
    let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
    assert_eq!(wait(run.on(Tokio::current_thread())), 42);
}

#[test]
fn the_last_owner_may_go_on_its_own_worker() {
    for tokio in [Tokio::multi_thread(1), Tokio::current_thread()] {
        let handle = tokio.handle();
        let run = task_group(inherit, |group| async move {
            group.spawn(async move { drop(tokio) }).await.unwrap();
        });
        // The task ends by itself: nothing panicked, and nothing waited for its own thread.
        wait(run.on(handle));
    }
}

thread_local! {
    static KEPT: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

#[test]
fn a_runtime_that_a_thread_keeps_goes_with_it() {
    for build in [Builder::new_multi_thread, Builder::new_current_thread] {
        let keeps = common::spawn(move || {
            // The last to be used is the first to go: what is ours goes before it.
            KEPT.try_with(|kept| kept.replace(None)).unwrap();
            let runtime = build().enable_all().build().unwrap();
            let run = Run::new("run", inherit, |scope| {
                scope.spawn("stage", pending());
                pending::<()>()
            });
            let mut running = run.on(Tokio::from(runtime.handle().clone())).start();
            runtime.block_on(async {
                let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut running).poll(cx)));
                assert!(once.await.is_pending());
                tokio::task::yield_now().await;
            });
            KEPT.try_with(|kept| kept.replace(Some(runtime))).unwrap();
            running
        });
        let error = wait(keeps.join().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RuntimeGone);
    }
}
