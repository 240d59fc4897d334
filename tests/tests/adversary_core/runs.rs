//! Runs and groups that end in odd ways: what failed in them is told, once.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anypipe::channel::bounded;
use anypipe::prelude::*;
use anypipe::task::{CancelToken, TaskGroup, task_group, yield_now};
use anypipe::time::{move_on_after, sleep};
use anypipe::{ErrorKind, RunError};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

/// A panic without the hook's report.
fn quiet(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

fn failing() -> Run<Vec<u64>> {
    Pipeline::from_iter(0..9).then(async |n| if n == 4 { quiet("four") } else { n }).collect()
}

#[anypipe::test]
async fn a_panic_that_nobody_asked_for_goes_to_the_adopter() {
    let error = task_group(|_group: TaskGroup<()>| async {
        let running = failing().start();
        // It has failed by now, or fails while it is dropped: that must make no difference.
        sleep(SHORT).await;
        drop(running);
    })
    .checked()
    .await
    .unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("four"), "{error}");
}

#[anypipe::test]
async fn a_panic_of_blocking_work_nobody_awaits_goes_to_the_run() {
    for wait in [false, true] {
        let error = task_group(move |group: TaskGroup<()>| async move {
            let blocking = group.scope().spawn_blocking("job", || quiet("in a job"));
            if wait {
                sleep(SHORT).await;
            }
            drop(blocking);
        })
        .checked()
        .await
        .unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("in a job"), "{error}");
    }
}

#[anypipe::test]
async fn the_error_of_a_body_comes_before_that_of_a_child_after_it() {
    fn group() -> Run<Result<(), &'static str>> {
        task_group(|group: TaskGroup<Result<(), &'static str>>| async move {
            group.spawn_try(async {
                sleep(LONG).await;
                Err::<(), _>("child")
            });
            Err("body")
        })
    }
    assert_eq!(group().await, Err("body"));
    // The child is cancelled, so it has nothing to add.
    assert_eq!(group().all_errors().await, Err(vec!["body"]));
}

#[anypipe::test]
async fn errors_of_another_type_are_not_kept_in_the_wrong_place() {
    let run = task_group(|group: TaskGroup<Result<(), u32>>| async move {
        // An operator inside that tells errors of a type of its own.
        assert_eq!(group.scope().keep_error("text"), Err("text"));
        assert_eq!(group.scope().keep_error(3_u32), Ok(()));
        Ok(())
    });
    assert_eq!(run.all_errors().await, Err(vec![3]));
}

#[anypipe::test]
async fn a_starter_hears_of_every_end_of_its_child() {
    task_group(|group: TaskGroup<()>| async move {
        // Never says that it is ready.
        let error = group.start(|_started: anypipe::task::Started<()>| async {}).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Broken, "{error}");
        // The group is cancelled meanwhile.
        let canceller = group.clone();
        let started = group.start(move |started: anypipe::task::Started<()>| async move {
            canceller.cancel();
            pending::<()>().await;
            started.ready(());
        });
        assert!(started.await.unwrap_err().is_cancelled());
        assert!(group.start(async |started| drop::<anypipe::task::Started<()>>(started)).await.is_err());
    })
    .await;
    let error = task_group(|group: TaskGroup<()>| async move {
        let started = group.start(async |_started: anypipe::task::Started<()>| quiet("not ready"));
        let _: Result<(), RunError> = started.await;
    });
    let error = error.checked().await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("not ready"), "{error}");
}

#[anypipe::test]
async fn a_run_that_was_dropped_spawns_no_more() {
    struct Live(Arc<AtomicUsize>);
    impl Drop for Live {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    /// Each task spawns the next for ever.
    fn breed(
        group: TaskGroup<()>,
        live: Arc<AtomicUsize>,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        live.fetch_add(1, Ordering::SeqCst);
        let guard = Live(Arc::clone(&live));
        Box::pin(async move {
            let _guard = guard;
            yield_now().await;
            group.spawn(breed(group.clone(), Arc::clone(&live)));
            group.spawn(breed(group.clone(), live));
            pending::<()>().await;
        })
    }
    let live = Arc::new(AtomicUsize::new(0));
    let adopter = {
        let live = Arc::clone(&live);
        task_group(move |_: TaskGroup<()>| async move {
            let mut run = task_group(move |group: TaskGroup<()>| async move {
                breed(group, live).await;
            });
            let mut turns = 0;
            poll_fn(|cx| {
                assert!(pin!(&mut run).poll(cx).is_pending());
                turns += 1;
                cx.waker().wake_by_ref();
                if turns > 10 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            drop(run);
        })
    };
    adopter.await;
    assert_eq!(live.load(Ordering::SeqCst), 0);
}

#[anypipe::test]
async fn a_run_dropped_by_its_own_stage_ends() {
    let slot = Arc::new(std::sync::Mutex::new(None::<Box<dyn std::any::Any + Send>>));
    let dropper = Arc::clone(&slot);
    let (told, tell) = bounded(1);
    let run = Pipeline::from_iter(0..99)
        .then(move |n: u64| {
            let (dropper, told) = (Arc::clone(&dropper), told.clone());
            async move {
                if n == 50 {
                    loop {
                        let running = dropper.lock().unwrap().take();
                        if let Some(running) = running {
                            drop(running);
                            let _ = told.try_send(());
                            break;
                        }
                        yield_now().await;
                    }
                }
                n
            }
        })
        .workers(2)
        .buffer_size(1)
        .collect::<Vec<_>>();
    let running = run.start();
    *slot.lock().unwrap() = Some(Box::new(running));
    // The stage that was in its middle says that it got this far, or was dropped in the next moment.
    assert!(tell.recv().await.is_ok());
    assert!(slot.lock().unwrap().is_none());
}

#[anypipe::test]
async fn a_run_may_wander_between_tasks() {
    let gate = CancelToken::new();
    let opens = gate.clone();
    let mut run = Pipeline::from_iter(0..40)
        .then(move |n: u64| {
            let opened = opens.cancelled();
            async move {
                opened.await;
                n
            }
        })
        .workers(3)
        .collect::<Vec<_>>();
    for _ in 0..3 {
        assert!(poll_fn(|cx| Poll::Ready(pin!(&mut run).poll(cx))).await.is_pending());
        [run] = task_group(move |group: TaskGroup<[Run<Vec<u64>>; 1]>| async move {
            let moved = group.spawn(async move {
                let mut run = run;
                let polled = poll_fn(|cx| Poll::Ready(pin!(&mut run).poll(cx))).await;
                (run, polled)
            });
            let (run, polled) = moved.await.unwrap();
            assert!(polled.is_pending());
            [run]
        })
        .await;
    }
    gate.cancel();
    assert_eq!(run.start().await.unwrap(), (0..40).collect::<Vec<_>>());
}

#[anypipe::test]
async fn nested_limits_of_no_length_end() {
    let inner = async || move_on_after(Duration::ZERO, pending::<()>()).await;
    // The inner one is over in the poll that the outer one has: a value that is there is not given up.
    assert_eq!(move_on_after(Duration::ZERO, inner()).await, Some(None));
    assert_eq!(move_on_after(LONG, inner()).await, Some(None));
}
