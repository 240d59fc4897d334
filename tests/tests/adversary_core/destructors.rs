//! Destructors that panic, two at a time: one panic is told, the process lives, nothing is left behind.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use anypipe::prelude::*;
use anypipe::task::{CancelToken, TaskGroup, blocking, task_group, yield_now};

/// Panics when it is dropped, and counts.
struct Mine(Arc<AtomicUsize>);

impl Mine {
    fn new(dropped: &Arc<AtomicUsize>) -> Self {
        Self(Arc::clone(dropped))
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::panic::resume_unwind(Box::new("a destructor"));
    }
}

/// Polls a run until `enough`, then drops it in a group that has to tell of the panics.
async fn dropped_in_a_group<T: Send + 'static>(
    run: Run<T>,
    enough: impl Fn() -> bool + Send + 'static,
) -> anypipe::RunError {
    let group = task_group(move |_: TaskGroup<()>| async move {
        let mut run = run;
        while !enough() {
            assert!(poll_fn(|cx| Poll::Ready(pin!(&mut run).poll(cx))).await.is_pending());
            yield_now().await;
        }
        drop(run);
    });
    group.checked().await.unwrap_err()
}

#[anypipe::test]
async fn in_flight_ready_and_in_the_window() {
    for (workers, unordered) in [(1, false), (3, false), (3, true)] {
        let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, mine) = (Arc::clone(&made), Arc::clone(&dropped));
        let source = Pipeline::from_iter(0..9_u64).map(move |n| {
            count.fetch_add(1, Ordering::SeqCst);
            (n, Mine::new(&mine))
        });
        let work = async |(n, mine): (u64, Mine)| {
            if n % 3 == 0 {
                pending::<()>().await;
            }
            (n, mine)
        };
        let stage = source.boundary().buffer_size(3).then(work).workers(workers);
        let run = if unordered { stage.unordered().count() } else { stage.count() };
        let enough = Arc::clone(&made);
        let error = dropped_in_a_group(run, move || enough.load(Ordering::SeqCst) > 4).await;
        assert!(error.is_panic() && error.to_string().contains("a destructor"), "{error}");
        assert_eq!(dropped.load(Ordering::SeqCst), made.load(Ordering::SeqCst));
    }
}

#[anypipe::test]
async fn of_a_value_and_of_a_task_that_is_joined() {
    // The value is there, a task that can't end yet too: both are dropped with the run.
    let dropped = Arc::new(AtomicUsize::new(0));
    let (value, task) = (Mine::new(&dropped), Mine::new(&dropped));
    let run = task_group(move |group: TaskGroup<Mine>| async move {
        group.spawn(async move {
            let _task = task;
            pending::<()>().await;
        });
        yield_now().await;
        value
    });
    let turns = AtomicUsize::new(0);
    let error = dropped_in_a_group(run, move || turns.fetch_add(1, Ordering::SeqCst) > 3).await;
    assert!(error.is_panic(), "{error}");
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
}

#[anypipe::test]
async fn of_a_value_after_a_failure() {
    // The body has given its value when a child fails; the value goes, and its panic is one more.
    let dropped = Arc::new(AtomicUsize::new(0));
    let value = Mine::new(&dropped);
    let run = task_group(move |group: TaskGroup<Mine>| async move {
        group.spawn(async {
            yield_now().await;
            std::panic::resume_unwind(Box::new("a child"));
        });
        value
    });
    let Err(error) = run.checked().await else { panic!("the failure was lost") };
    assert!(error.to_string().contains("a child"), "{error}");
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(error.others().len(), 1, "{error:?}");
}

#[anypipe::test]
async fn of_what_is_refused_by_a_group_that_has_ended() {
    let (give, take) = anypipe::channel::bounded(1);
    let error = task_group(move |_: TaskGroup<()>| async move {
        task_group(move |group: TaskGroup<()>| async move {
            assert!(give.try_send(group).is_ok());
        })
        .await;
        let ended = take.try_recv().unwrap();
        let mine = Mine::new(&Arc::default());
        let late = ended.spawn(async move {
            let _mine = mine;
        });
        assert!(late.await.is_err());
    });
    let error = error.checked().await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("a destructor"), "{error}");
}

/// Not on the simulator, whose blocking work takes turns with it: the wait of another's channel would hold up all.
#[anypipe::test(tokio, tokio_current_thread, smol, smol_one_thread, async_std)]
async fn of_a_task_whose_cancelled_run_is_dropped() {
    // The run has failed as cancelled; the panic that came with it is told all the same.
    let token = CancelToken::new();
    let cancel = token.clone();
    let dropped = Arc::new(AtomicUsize::new(0));
    let mine = Mine::new(&dropped);
    let (open, opened) = mpsc::channel::<()>();
    let run = task_group(move |group: TaskGroup<()>| async move {
        group.spawn(async move {
            let _mine = mine;
            pending::<()>().await;
        });
        let (runs, running) = anypipe::channel::bounded(1);
        // Started work is awaited: the run can't be over yet when it is dropped.
        let _stays = group.scope().spawn_blocking("stays", move || {
            runs.try_send(()).unwrap();
            let _ = opened.recv();
        });
        running.recv().await.unwrap();
        cancel.cancel();
        pending::<()>().await;
    });
    let enough = move || {
        let _open = &open;
        dropped.load(Ordering::SeqCst) == 1
    };
    let error = dropped_in_a_group(run.cancel_on(token), enough).await;
    assert!(error.is_panic() && error.to_string().contains("a destructor"), "{error}");
}

#[test]
fn with_nobody_to_tell() {
    // The value of the run is there, and the panic of a task; a job keeps the run from its end.
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, mine) = (Arc::clone(&begun), Arc::clone(&dropped));
    let (open, opened) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(opened));
    let work = move |n| {
        let (count, mine, gate) = (Arc::clone(&count), Arc::clone(&mine), Arc::clone(&gate));
        async move {
            if n == 0 {
                let running = Arc::clone(&count);
                blocking(move || {
                    running.fetch_add(1, Ordering::SeqCst);
                    gate.lock().unwrap().recv()
                })
                .await
                .unwrap();
            }
            let mine = Mine::new(&mine);
            if n == 1 {
                count.fetch_add(1, Ordering::SeqCst);
                pending::<()>().await;
            }
            while count.load(Ordering::SeqCst) < 2 {
                yield_now().await;
            }
            mine
        }
    };
    let run = Pipeline::from_iter(0..3).then(work).workers(3).unordered().first();
    let mut run = run.on(anypipe::runtime::Smol::new());
    let mut after = 0;
    // Some turns more, for the run to hear of the panic.
    while after < 100 {
        assert!(super::poll_once(&mut run).is_pending());
        std::thread::yield_now();
        after += dropped.load(Ordering::SeqCst);
    }
    let told = catch_unwind(AssertUnwindSafe(move || drop(run)));
    assert!(told.is_err());
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
    drop(open);
}
