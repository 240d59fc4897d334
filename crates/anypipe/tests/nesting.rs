//! A run that is started where one is running: told, and no deadlock.

use anypipe::{ErrorKind, RunError};

fn assert_refused(result: &Result<(), RunError>, runtime: &str) {
    let error = result.as_ref().expect_err("a run inside a run is refused");
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
    let message = error.to_string();
    assert!(message.contains("inside a running") && message.contains(runtime), "{message}");
    assert!(message.contains("await the future"), "{message}");
}

#[test]
fn inside_a_run() {
    let name =
        match anypipe::try_run(async { (anypipe::runtime::current().name(), anypipe::try_run(async {})) }) {
            Ok((name, nested)) => {
                assert_refused(&nested, name);
                Some(name)
            }
            Err(_) => None,
        };
    let unasked = cfg!(any(feature = "tokio", feature = "smol", feature = "async-std"));
    assert_eq!(name.is_some(), unasked);
}

#[cfg(feature = "tokio")]
#[test]
fn inside_tokio() {
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_refused(&tokio.block_on(async { anypipe::try_run(async {}) }), "tokio");
}

#[cfg(feature = "async-std")]
#[test]
fn inside_async_std() {
    assert_refused(&async_std::task::block_on(async { anypipe::try_run(async {}) }), "async-std");
}

#[cfg(feature = "tokio")]
#[test]
fn on_a_runtime_of_its_own_that_is_dropped_there() {
    use anypipe::runtime::Tokio;

    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let nested = tokio.spawn(async { anypipe::run_on(Tokio::multi_thread(1), async {}) });
    let panic = tokio.block_on(nested).unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().expect("its text");
    assert!(message.contains("inside a running tokio runtime"), "{message}");
}

#[cfg(feature = "sim")]
#[test]
fn inside_a_simulation() {
    use anypipe::runtime::Sim;

    assert_refused(&anypipe::run_on(Sim::new(1), async { anypipe::try_run(async {}) }), "sim");
}

#[cfg(feature = "smol")]
#[test]
fn inside_a_task_of_ours() {
    use anypipe::runtime::Smol;
    use anypipe::task::task_group;

    let group = task_group(|group| async move {
        group.spawn(async { anypipe::try_run(async {}) }).await.expect("the child ends well")
    });
    assert_refused(&anypipe::run_on(Smol::new(), group), "smol");
}
