//! Bad input and faults that people meet: each gets a clear error or what was promised, on every backend.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::{Tokio, enter};
use anypipe::task::{TaskGroup, task_group, try_task_group};
use anypipe::time::{fail_after, sleep};
use anypipe::{ErrorKind, runtime};

fn message(refused: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(refused)).expect_err("it was not refused");
    let literal = payload.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a panic with a text")
}

#[test]
fn zeros_are_refused_when_the_pipeline_is_built() {
    let numbers = || Pipeline::from_iter(0..9);
    let workers = message(|| drop(numbers().then(async |n| n).workers(0)));
    assert!(workers.contains("`workers(0)`") && workers.contains("at least one"), "{workers}");
    let buffer = message(|| drop(numbers().map(|n| n).named("double").buffer_size(0)));
    assert!(buffer.contains("`buffer_size(0)`") && buffer.contains("rendezvous"), "{buffer}");
    assert!(buffer.contains("double"), "{buffer}");
    let buffer = message(|| drop(numbers().buffer(0)));
    assert!(buffer.contains("`buffer(0)`") && buffer.contains("rendezvous"), "{buffer}");
    let channel = message(|| drop(anypipe::channel::bounded::<u8>(0)));
    assert!(channel.contains("rendezvous"), "{channel}");
}

#[anypipe::test]
async fn a_run_inside_a_run_is_refused() {
    let error = anypipe::try_run(async {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
    assert!(error.to_string().contains("await"), "the remedy is missing: {error}");
}

#[anypipe::test]
async fn a_child_of_a_group_that_has_ended_is_refused() {
    let (give, take) = anypipe::channel::bounded(1);
    task_group(move |group: TaskGroup<()>| async move {
        assert!(give.try_send(group).is_ok());
    })
    .await;
    let ended = take.try_recv().unwrap();
    let polled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&polled);
    let late = ended.spawn(async move { count.fetch_add(1, Ordering::SeqCst) });
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::ScopeEnded);
    assert_eq!(polled.load(Ordering::SeqCst), 0);
}

#[anypipe::test]
async fn a_host_that_fails_cancels_its_children() {
    let live = Arc::new(AtomicUsize::new(0));
    let held = Live::new(&live);
    let failed: Result<(), &str> = try_task_group(move |group| async move {
        group.spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        Err("host")
    })
    .await;
    assert_eq!((failed, live.load(Ordering::SeqCst)), (Err("host"), 0));
    let failed: Result<(), &str> = task_group(|group: TaskGroup<Result<(), &str>>| async move {
        group.spawn_try(pending::<Result<(), _>>());
        Err("host")
    })
    .await;
    assert_eq!(failed, Err("host"));
}

/// Counts a task's future, until it is dropped.
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn endless(live: &Arc<AtomicUsize>) -> Run<Vec<u64>> {
    let live = Arc::clone(live);
    let work = move |n: u64| {
        let live = Live::new(&live);
        async move {
            pending::<()>().await;
            drop(live);
            n
        }
    };
    Pipeline::from_iter(0..).then(work).workers(4).collect()
}

async fn until_four_are_in_flight<F: Future + Unpin>(run: &mut F, live: &Arc<AtomicUsize>) {
    loop {
        let mut once = pin!(async {
            sleep(Duration::from_millis(1)).await;
        });
        std::future::poll_fn(|cx| {
            assert!(pin!(&mut *run).poll(cx).is_pending());
            once.as_mut().poll(cx)
        })
        .await;
        if live.load(Ordering::SeqCst) == 4 {
            return;
        }
    }
}

#[anypipe::test]
async fn a_run_that_is_dropped_is_gone_at_once() {
    let live = Arc::new(AtomicUsize::new(0));
    let mut run = endless(&live);
    until_four_are_in_flight(&mut run, &live).await;
    drop(run);
    assert_eq!(live.load(Ordering::SeqCst), 0);
}

#[anypipe::test]
async fn a_run_in_hand_that_is_dropped_is_gone_at_once() {
    let live = Arc::new(AtomicUsize::new(0));
    let mut run = endless(&live).start();
    until_four_are_in_flight(&mut run, &live).await;
    drop(run);
    assert_eq!(live.load(Ordering::SeqCst), 0);
}

#[anypipe::test]
async fn a_deadline_drops_and_joins() {
    let live = Arc::new(AtomicUsize::new(0));
    let error = endless(&live).deadline(Duration::from_millis(20)).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(live.load(Ordering::SeqCst), 0);
    assert!(fail_after(Duration::from_millis(20), endless(&live)).await.is_err());
    assert_eq!(live.load(Ordering::SeqCst), 0);
}

#[test]
fn a_tokio_runtime_that_is_shut_down_in_mid_run_is_an_error() {
    let tokio = Tokio::multi_thread(2);
    let live = Arc::new(AtomicUsize::new(0));
    // The handle doesn't keep the runtime alive; the run is awaited elsewhere.
    let mut run = endless(&live).on(runtime::AsHandle::handle(&tokio)).checked();
    anypipe::run_on(runtime::Smol::new(), async move {
        until_four_are_in_flight(&mut run, &live).await;
        drop(tokio);
        let error = run.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RuntimeGone, "{error}");
        // The runtime drops its tasks in an order of its own: the workers' and the sink's are there.
        assert!(matches!(error.stage(), Some("then" | "collect")), "{error}");
        assert!(error.to_string().contains("tokio"), "{error}");
        assert_eq!(live.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_run_keeps_a_runtime_of_its_own_alive() {
    let sum = Pipeline::from_iter(0..9u64).then(async |n| n * 2).fold(0, |sum, n| sum + n);
    assert_eq!(anypipe::run_on(runtime::Smol::new(), sum.on(Tokio::current_thread())), 72);
}

#[test]
fn a_plain_thread_is_told_where_it_enters() {
    let tokio = Tokio::multi_thread(1);
    let name = std::thread::scope(|threads| {
        let thread = threads.spawn(|| {
            let _entered = enter(&tokio);
            runtime::current().name()
        });
        thread.join().unwrap()
    });
    assert_eq!(name, "tokio");
}

#[anypipe::test]
async fn a_vanished_sender_is_no_end_of_input() {
    let (sender, receiver) = anypipe::channel::bounded(4);
    sender.try_send(1).unwrap();
    let sending = task_group(move |group: TaskGroup<()>| async move {
        let child = group.spawn(async move {
            let _sender = sender;
            pending::<()>().await;
        });
        anypipe::task::yield_now().await;
        child.cancel();
    });
    sending.await;
    let error = Pipeline::from_channel(receiver).collect::<Vec<_>>().checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Broken, "{error}");
}

#[anypipe::test]
async fn nothing_is_polled_after_a_token_was_cancelled() {
    let token = anypipe::task::CancelToken::new();
    token.cancel();
    let mut polled = 0;
    let run = Pipeline::from_iter(0..).map(|n: u64| -> u64 { panic!("{n}") }).collect::<Vec<_>>();
    let mut run = run.cancel_on(token).checked();
    let error = std::future::poll_fn(|cx| {
        polled += 1;
        match pin!(&mut run).poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.unwrap_err()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    assert!(error.is_cancelled(), "{error}");
}
