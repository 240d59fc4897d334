//! Tasks as a user writes them: groups, what is gathered, shields, inherited values, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::channel::{bounded, oneshot};
use anypipe::prelude::*;
use anypipe::sync::Event;
use anypipe::task::{
    CancelToken, StartError, Started, TaskGroup, as_completed, blocking, gather, shield, shield_for,
    task_group, task_local, try_gather, try_task_group, yield_now,
};
use anypipe::time::{current_deadline, fail_after, move_on_after, sleep};
use common::ticks;

/// Sets a flag when it is dropped.
struct Tells(Arc<AtomicBool>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn flag() -> (Arc<AtomicBool>, Tells) {
    let flag = Arc::new(AtomicBool::new(false));
    (Arc::clone(&flag), Tells(flag))
}

#[anypipe::test]
async fn pages_are_gathered_in_order_and_so_many_at_a_time() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let pages = gather(
        3,
        (0..20_u32).map(move |page| {
            let under_way = Arc::clone(&under_way);
            async move {
                assert!(under_way.fetch_add(1, Ordering::SeqCst) < 3);
                sleep(ticks(page % 3)).await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                page * 2
            }
        }),
    );
    assert!(pages.await.into_iter().eq((0..20).map(|page| page * 2)));
}

#[anypipe::test]
async fn the_first_error_ends_what_is_gathered() {
    let (dropped, tells) = flag();
    let mut tells = Some(tells);
    let work = ["1", "x", "3"].map(move |text| {
        let held = tells.take();
        async move {
            let parsed = text.parse::<u8>();
            if parsed.is_ok() {
                pending::<()>().await;
            }
            drop(held);
            parsed
        }
    });
    assert!(try_gather(None, work).await.is_err());
    assert!(dropped.load(Ordering::SeqCst), "the others have been cancelled by then");
}

#[anypipe::test]
async fn what_is_done_first_comes_first() {
    let (go, gate) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let work = (0..3).map(|n| {
        let (go, gate) = (Arc::clone(&go), Arc::clone(&gate));
        async move {
            if n == 0 {
                go.wait().await;
            }
            if gate.fetch_add(1, Ordering::SeqCst) == 1 {
                go.set();
            }
            n
        }
    });
    let done = Pipeline::from_stream(as_completed(None, work.collect::<Vec<_>>())).collect::<Vec<_>>().await;
    assert_eq!((done.len(), done[2]), (3, 0));
}

#[anypipe::test]
async fn a_server_is_started_before_it_is_used() {
    async fn serve(started: Started<u16>, port: u16) -> Result<(), String> {
        if port < 1024 {
            return Err(format!("port {port} is not for everybody"));
        }
        started.ready(port);
        pending().await
    }
    let served = try_task_group(|group: TaskGroup<Result<u16, String>>| async move {
        // One that can't be started tells who starts it, and the group goes on.
        let refused = group.start_try(|started| serve(started, 80)).await;
        assert!(matches!(refused, Err(StartError::Failed(text)) if text.contains("port 80")));
        let port = group.start_try(|started| serve(started, 8080)).await;
        group.cancel();
        Ok(port.expect("it is started"))
    });
    assert_eq!(served.await, Ok(8080));
}

#[anypipe::test]
async fn a_child_that_fails_later_ends_the_group() {
    let (dropped, tells) = flag();
    let failed = task_group(|group: TaskGroup<Result<(), &str>>| async move {
        let (fail, fails) = oneshot::<()>();
        group.spawn(async move {
            pending::<()>().await;
            drop(tells);
        });
        let ready = group.start_try(|started| async move {
            started.ready(());
            fails.await.map_err(|_| "never")?;
            Err::<(), _>("later")
        });
        ready.await.expect("it was ready before it failed");
        fail.send(()).unwrap();
        pending().await
    });
    assert_eq!(failed.await, Err("later"));
    assert!(dropped.load(Ordering::SeqCst));
}

#[anypipe::test]
async fn handles_join_cancel_and_guard() {
    task_group(|group| async move {
        let value = group.spawn(async { 5 });
        assert_eq!(value.join().await.unwrap(), 5);
        let endless = group.spawn(pending::<()>());
        assert!(!endless.is_finished());
        endless.cancel();
        assert!(endless.await.unwrap_err().is_cancelled());

        // A guard ends its task when it goes, and a handle doesn't.
        let (dropped, tells) = flag();
        let guard = group.spawn(async move {
            let _tells = tells;
            pending::<()>().await;
        });
        drop(guard.abort_on_drop());
        while !dropped.load(Ordering::SeqCst) {
            yield_now().await;
            sleep(ticks(1)).await;
        }
        let (done, is_done) = oneshot();
        drop(group.spawn(async move { done.send(6).unwrap() }));
        assert_eq!(is_done.await, Ok(6));
    })
    .await;
}

#[anypipe::test]
async fn a_cancelled_task_says_goodbye() {
    let (sender, receiver) = bounded(4);
    let group = task_group(move |group| async move {
        let worker = group.start(move |started: Started<()>| async move {
            started.ready(());
            let work = async {
                sender.send("hello").await.unwrap();
                pending::<()>().await;
            };
            let says = sender.clone();
            let goodbye = async move {
                sleep(ticks(2)).await;
                says.send("goodbye").await.unwrap();
            };
            move_on_after(ticks(1), work).await;
            shield(goodbye).await;
            sender.send("never").await.unwrap();
        });
        worker.await.unwrap();
        sleep(ticks(2)).await;
        group.cancel();
    });
    group.await;
    let mut heard = Vec::new();
    while let Ok(text) = receiver.try_recv() {
        heard.push(text);
    }
    assert_eq!(heard[..2], ["hello", "goodbye"]);
}

#[anypipe::test]
async fn a_grace_is_the_most_that_a_goodbye_gets() {
    let (dropped, tells) = flag();
    let goodbye = async move {
        sleep(Duration::from_secs(1_000_000)).await;
        drop(tells);
    };
    assert_eq!(move_on_after(ticks(1), shield_for(ticks(1), goodbye)).await, None);
    assert!(dropped.load(Ordering::SeqCst));
}

task_local! {
    static USER: &'static str;
}

#[anypipe::test]
async fn all_that_a_request_starts_knows_its_user() {
    let user = || USER.try_with(|user| *user).ok();
    let seen = USER.scope("ann", async move {
        let piped = Pipeline::from_iter(0..4)
            .then(move |_| async move { user() })
            .workers(2)
            .collect::<Vec<_>>()
            .await;
        let gathered = gather(2, (0..4).map(move |_| async move { user() })).await;
        let shielded = shield(async move { user() }).await;
        let blocked = blocking(user).await;
        let inner = USER.scope("bob", async move { user() }).await;
        assert_eq!(inner, Some("bob"));
        piped.into_iter().chain(gathered).chain([shielded, blocked, user()]).collect::<Vec<_>>()
    });
    assert!(seen.await.into_iter().all(|user| user == Some("ann")));
    assert_eq!(user(), None);
}

#[anypipe::test]
async fn limits_of_time_know_whose_they_are() {
    let outer = fail_after(ticks(3), async {
        let at = current_deadline().expect("there is one");
        let inner = move_on_after(ticks(1), pending::<()>()).await;
        assert_eq!((inner, current_deadline()), (None, Some(at)));
        pending::<()>().await;
    });
    assert!(outer.await.is_err());
    assert_eq!(current_deadline(), None);
}

#[anypipe::test]
async fn a_token_ends_its_part_alone() {
    let service = CancelToken::new();
    let (one, other) = (service.child(), service.child());
    let kinds = task_group(move |group| async move {
        let runs = [&one, &other]
            .map(|token| group.spawn(Pipeline::never::<u8>().count().cancel_on(token.clone()).checked()));
        one.cancel();
        let [first, second] = runs;
        let first = first.await.unwrap().unwrap_err().kind();
        assert!(!second.is_finished() && !service.is_cancelled());
        service.cancel();
        (first, second.await.unwrap().unwrap_err().kind())
    });
    assert_eq!(kinds.await, (ErrorKind::Cancelled, ErrorKind::Cancelled));
}
