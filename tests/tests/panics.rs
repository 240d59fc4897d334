//! A panic in every kind of closure, and in destructors, on every backend: the run fails, names the stage,
//! and leaves nothing behind.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe::prelude::*;
use anypipe::runtime::current;
use anypipe::{ErrorKind, Run};
use futures_core::Stream;

const ITEMS: u64 = 100;
const BAD: u64 = 42;

fn bad(n: u64) -> u64 {
    assert!(n != BAD, "number {n} is bad");
    n
}

/// The run fails with the panic of this stage, and with nothing else.
async fn names<T: Send + 'static>(stage: &str, run: Run<T>) {
    let Err(error) = run.checked().await else {
        panic!("the panic in `{stage}` was lost on {}", current().name());
    };
    assert_eq!(error.kind(), ErrorKind::Panicked, "{error}");
    assert_eq!(error.to_string(), format!("stage `{stage}` panicked: number {BAD} is bad"));
    assert_eq!(error.stage(), Some(stage));
}

fn numbers() -> Pipeline<impl Source<Item = u64> + Clone> {
    Pipeline::from_iter(0..ITEMS)
}

#[anypipe::test]
async fn in_fused_closures() {
    names("map", numbers().map(bad).collect::<Vec<_>>()).await;
    names("filter", numbers().filter(|n| bad(*n) > 0).collect::<Vec<_>>()).await;
    names("inspect", numbers().inspect(|n| assert!(bad(*n) < ITEMS)).collect::<Vec<_>>()).await;
    names("flat_map", numbers().flat_map(|n| [bad(n)]).collect::<Vec<_>>()).await;
    names("double", numbers().map(bad).named("double").boundary().collect::<Vec<_>>()).await;
}

#[anypipe::test]
async fn in_rows() {
    let rows = numbers().flat_map(|n| (n..=n).map(bad));
    let error = rows.collect::<Vec<_>>().checked().await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("is bad"), "{error}");
}

#[anypipe::test]
async fn in_asynchronous_closures_and_their_futures() {
    for workers in [1, 4] {
        names("then", numbers().then(|n| std::future::ready(bad(n))).workers(workers).collect::<Vec<_>>())
            .await;
        names("then", numbers().then(async |n| bad(n)).workers(workers).collect::<Vec<_>>()).await;
        names("then", numbers().then(async |n| bad(n)).workers(workers).unordered().collect::<Vec<_>>())
            .await;
        let results = numbers().map(Ok::<u64, ()>).and_then(async |n| Ok(bad(n))).workers(workers);
        names("and_then", results.try_collect::<Vec<_>>()).await;
    }
}

#[anypipe::test]
async fn in_blocking_closures() {
    for workers in [1, 4] {
        names("map", numbers().map(bad).blocking().workers(workers).collect::<Vec<_>>()).await;
    }
}

#[anypipe::test]
async fn in_the_closures_of_options() {
    let keyed = numbers().then(async |n| n).workers(4).keyed(|n| bad(*n));
    names("keyed", keyed.collect::<Vec<_>>()).await;
    let weighed = numbers().boundary().buffer_weight(10, |n| usize::from(bad(*n) > 0));
    names("buffer_weight", weighed.collect::<Vec<_>>()).await;
}

#[anypipe::test]
async fn in_sources() {
    struct Bad;
    impl Stream for Bad {
        type Item = u64;
        fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u64>> {
            Poll::Ready(Some(bad(BAD)))
        }
    }
    names("from_iter", Pipeline::from_iter((0..ITEMS).map(bad)).boundary().collect::<Vec<_>>()).await;
    names("from_stream", Pipeline::from_stream(Bad).collect::<Vec<_>>()).await;
    let generator = Pipeline::from_fn(|sender| async move {
        for n in 0..ITEMS {
            if sender.send(bad(n)).await.is_err() {
                return;
            }
        }
    });
    names("from_fn", generator.collect::<Vec<_>>()).await;
}

#[anypipe::test]
async fn in_terminals() {
    names("for_each", numbers().boundary().for_each(|n| assert!(bad(n) < ITEMS))).await;
    names("fold", numbers().boundary().fold(0, |sum, n| sum + bad(n))).await;
}

#[anypipe::test]
async fn in_destructors_of_items_that_are_left() {
    struct Bad(u64);
    impl Drop for Bad {
        fn drop(&mut self) {
            bad(self.0);
        }
    }
    // The first item ends the run; those that wait behind it are dropped, two of them with a panic.
    let items = Pipeline::from_iter([0, BAD, BAD, 1]).map(Bad).boundary().take(1);
    let error = items.fold(0, |count, _| count + 1).checked().await;
    if let Err(error) = error {
        assert!(error.is_panic(), "{error}");
        assert!(error.to_string().contains("is bad"), "{error}");
    }
}

#[anypipe::test]
async fn with_a_payload_that_is_no_text() {
    #[derive(Debug, PartialEq)]
    struct Code(u32);
    let run = numbers().then(async |n| if n == BAD { std::panic::panic_any(Code(7)) } else { n });
    let run = run.collect::<Vec<_>>();
    let payload = anypipe::task::task_group(|group| async move {
        let awaiter = group.spawn(async move {
            let mut run = Box::pin(run);
            std::future::poll_fn(move |cx| {
                let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.as_mut().poll(cx)));
                match polled {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(_)) => panic!("the panic was lost"),
                    Err(payload) => Poll::Ready(payload),
                }
            })
            .await
        });
        awaiter.await.unwrap()
    })
    .await;
    assert_eq!(payload.downcast_ref(), Some(&Code(7)));
}

#[anypipe::test]
#[should_panic(expected = "stage `risky` panicked: number 42 is bad")]
async fn resumes_in_the_awaiter() {
    numbers().then(async |n| bad(n)).named("risky").collect::<Vec<_>>().await;
}

/// A panic that nobody catches is printed with the stage's name: in a process of its own, which this test is
/// also.
#[test]
fn is_printed_with_its_stage() {
    const CHILD: &str = "ANYPIPE_PANICS_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let run = numbers().then(async |n| bad(n)).named("risky").drain();
        anypipe::runtime::Enter::block_on(&anypipe::runtime::Tokio::current_thread(), std::pin::pin!(run));
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "is_printed_with_its_stage", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(!child.status.success());
    let printed = String::from_utf8_lossy(&child.stderr);
    assert!(printed.contains("stage `risky` panicked: number 42 is bad"), "{printed}");
}

#[anypipe::test]
async fn leaves_no_item_behind() {
    let live = Arc::new(());
    for workers in [1, 4] {
        let token = Arc::clone(&live);
        let run = numbers()
            .map(move |n| (n, Arc::clone(&token)))
            .then(async |(n, token)| (bad(n), token))
            .workers(workers)
            .buffer_size(3)
            .collect::<Vec<_>>();
        assert!(run.checked().await.unwrap_err().is_panic());
        assert_eq!(Arc::strong_count(&live), 1);
    }
}
