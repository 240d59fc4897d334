//! Executors that go while they are used.

mod common;

use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, mpsc};

use anypipe_core::run::inherit;
use anypipe_core::run::task_group;
use anypipe_core::runtime::{AsHandle, Enter, RuntimeHandle};
use anypipe_core::{ErrorKind, Run, RunError};
use anypipe_smol::Smol;
use async_executor::Executor;

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
fn an_executor_that_is_dropped_fails_the_run() {
    let smol = Smol::threads(2);
    let error = run_until(&smol.handle(), || drop(smol)).unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::RuntimeGone, Some("stage")));
}

#[test]
fn an_executor_of_the_user_that_is_dropped_fails_the_run() {
    let executor = Arc::new(Executor::new());
    let handle = Smol::with_executor(Arc::clone(&executor)).handle();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let driver = common::spawn(move || wait(executor.run(stopped.recv())));
    let error = run_until(&handle, || drop(stop)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RuntimeGone);
    assert!(driver.join().unwrap().is_err());
}

#[test]
fn work_for_an_executor_that_is_gone_is_dropped() {
    let smol = Smol::with_executor(Arc::new(Executor::new()));
    let handle = smol.handle();
    drop(smol);
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

#[test]
fn a_run_keeps_the_threads_it_was_given() {
    let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
    assert_eq!(wait(run.on(Smol::threads(1))), 42);
}

#[test]
fn the_last_owner_may_go_on_its_own_thread() {
    let smol = Smol::threads(1);
    let handle = smol.handle();
    let run = task_group(inherit, |group| async move {
        group.spawn(async move { drop(smol) }).await.unwrap();
    });
    wait(run.on(handle));
}

#[test]
fn block_on_drives_an_executor_of_the_user() {
    let smol = Smol::with_executor(Arc::new(Executor::new()));
    let run = task_group(inherit, |group| async move { group.spawn(async { 42 }).await.unwrap() });
    let run = run.on(&smol);
    let mut answer = None;
    smol.block_on(pin!(async { answer = Some(run.await) }));
    assert_eq!(answer, Some(42));
}

thread_local! {
    static KEPT: RefCell<Option<Arc<Executor<'static>>>> = const { RefCell::new(None) };
}

#[test]
fn an_executor_that_a_thread_keeps_goes_with_it() {
    let keeps = common::spawn(|| {
        // The last to be used is the first to go: what is ours goes before it.
        KEPT.try_with(|kept| kept.replace(None)).unwrap();
        let executor = Arc::new(Executor::new());
        let run = Run::new("run", inherit, |scope| {
            scope.spawn("stage", pending());
            pending::<()>()
        });
        let mut running = run.on(Smol::with_executor(Arc::clone(&executor))).start();
        assert!(wait(smol::future::poll_once(&mut running)).is_none());
        while executor.try_tick() {}
        KEPT.try_with(|kept| kept.replace(Some(executor))).unwrap();
        running
    });
    let error = wait(keeps.join().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RuntimeGone);
}
