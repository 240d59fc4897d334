//! The way into a scope from plain threads: what a call gives, what ends it, and where it is refused.
//!
//! The simulator has no other threads: there the calls come from blocking work.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use anypipe_core::run::{BlockingPortal, inherit, move_on_after, scoped, task_group};
use anypipe_core::scope::{Blocking, CancelToken, Scope, current_scope};
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::{source, stage};

use crate::case::Make;
use crate::tools::{
    Dropped, beside, flow, give_way, is_virtual, panic_in, panic_of, runtime, sleep, together, unit, until,
    wait,
};

crate::suite::cases! { ($) portals as __portals {
    a_thread_calls_into_a_scope(),
    a_call_runs_in_the_scope(),
    threads_call_side_by_side(),
    what_is_started_is_joined_or_cancelled(),
    a_panic_goes_on_in_the_caller(),
    a_panic_that_nobody_asks_for_is_the_scopes(),
    a_scope_that_has_ended_takes_no_call(),
    a_cancel_ends_the_calls_under_way(),
    a_dropped_run_ends_the_calls_under_way(),
    a_group_waits_for_the_calls_under_way(),
    blocking_work_calls_into_its_run(),
    a_blocking_stage_calls_into_its_run(),
    a_task_may_not_wait_for_a_call(),
    outside_of_a_run_there_is_no_portal(),
    a_runtime_that_is_shut_down_ends_the_calls(make),
} }

/// What calls: a plain thread, and on the simulator, which has no others, blocking work.
enum Caller<T> {
    Thread(JoinHandle<T>),
    Job(Blocking<T>),
}

impl<T: Send + 'static> Caller<T> {
    /// Starts one. Blocking work is in this scope, which is to outlive the calls.
    fn start(scope: &Scope, body: impl FnOnce() -> T + Send + 'static) -> Self {
        if is_virtual() {
            Self::Job(scope.spawn_blocking("caller", body))
        } else {
            Self::Thread(beside(body))
        }
    }

    async fn join(self) -> T {
        match self {
            Self::Thread(thread) => {
                until(|| thread.is_finished()).await;
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Self::Job(job) => job.await.unwrap_or_else(|error| error.rethrow()),
        }
    }
}

/// The scope of the case.
fn here() -> Scope {
    current_scope().expect("a case runs in a scope")
}

/// Does something where it may call, while the case waits.
async fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Caller::start(&here(), body).join().await
}

async fn a_thread_calls_into_a_scope() {
    let portal = BlockingPortal::current();
    assert!(portal.is_open());
    let name = runtime().name();
    let given = on_a_thread(move || {
        let again = portal.clone();
        let called = portal.call(move || async move {
            sleep(unit()).await;
            (runtime().name(), String::from("given"))
        });
        // What is there at once needs no second poll, and an error is a value like any other.
        assert_eq!(again.call(|| ready(1)).unwrap(), 1);
        assert_eq!(again.call(|| ready(Err::<(), _>("its own"))).unwrap(), Err("its own"));
        called
    });
    assert_eq!(given.await.unwrap(), (name, "given".to_owned()));
}

async fn a_call_runs_in_the_scope() {
    let portal = BlockingPortal::current();
    let seen = move_on_after(inherit, unit() * 100_000, async {
        let inner = BlockingPortal::current();
        on_a_thread(move || {
            let deadline = || async { current_scope().expect("a call is in a scope").deadline() };
            (portal.call(deadline).unwrap(), inner.call(deadline).unwrap())
        })
        .await
    });
    assert!(matches!(seen.await, Some((None, Some(_)))));
}

async fn threads_call_side_by_side() {
    let calls = if is_virtual() { 40 } else { 1250 };
    let (portal, done) = (BlockingPortal::current(), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (portal, done) = (portal.clone(), Arc::clone(&done));
            Caller::start(&here(), move || {
                for call in 0..calls {
                    let counts = Arc::clone(&done);
                    let given = portal.call(move || async move {
                        if call % 16 == 0 {
                            give_way().await;
                        }
                        counts.fetch_add(1, Ordering::SeqCst);
                        thread * calls + call
                    });
                    assert_eq!(given.unwrap(), thread * calls + call);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().await;
    }
    assert_eq!(done.load(Ordering::SeqCst), 8 * calls);
}

async fn what_is_started_is_joined_or_cancelled() {
    let (portal, dropped) = (BlockingPortal::current(), Dropped::new());
    let tells = dropped.tells();
    on_a_thread(move || {
        let (go, goes) = anypipe_core::channel::oneshot();
        let waits = portal.start(move || goes);
        let endless = portal.start(move || async move {
            let _tells = tells;
            pending::<()>().await;
        });
        assert!(!waits.is_finished() && !endless.is_finished());
        go.send(5).unwrap();
        assert_eq!(waits.join().unwrap(), Ok(5));
        endless.cancel();
        assert_eq!(endless.join().unwrap_err().kind(), ErrorKind::Cancelled);
        // What is let go runs on.
        let (tell, told) = anypipe_core::channel::oneshot();
        drop(portal.start(move || async move {
            give_way().await;
            tell.send(6).unwrap();
        }));
        assert_eq!(told.recv_blocking(), Ok(6));
    })
    .await;
    assert_eq!(dropped.live(), 0);
}

async fn a_panic_goes_on_in_the_caller() {
    let portal = BlockingPortal::current();
    on_a_thread(move || {
        let (calls, in_future) = (portal.clone(), portal.clone());
        let text = panic_of(move || calls.call(|| -> std::future::Ready<()> { panic!("in the closure") }));
        assert_eq!(text.as_deref(), Some("in the closure"));
        let text = panic_of(move || {
            in_future.call(|| async {
                give_way().await;
                panic!("in the future")
            })
        });
        assert_eq!(text.as_deref(), Some("in the future"));
        let failed = portal.start(|| async { panic!("asked for") }).join().unwrap_err();
        assert_eq!((failed.kind(), failed.stage()), (ErrorKind::Panicked, Some("portal")));
        assert_eq!(panic_of(|| failed.rethrow()).as_deref(), Some("asked for"));
        // The scope goes on.
        assert_eq!(portal.call(|| ready(1)).unwrap(), 1);
    })
    .await;
}

async fn a_panic_that_nobody_asks_for_is_the_scopes() {
    let started = Arc::new(AtomicBool::new(false));
    let starts = Arc::clone(&started);
    let panic = panic_in(together(move |group| async move {
        let (go, goes) = anypipe_core::channel::oneshot();
        drop(group.portal().start(move || async move {
            starts.store(goes.await == Ok(()), Ordering::SeqCst);
            panic!("left alone");
        }));
        go.send(()).expect("the task runs on");
        pending::<()>().await;
    }));
    let text = panic.await.expect("it is told");
    assert!(text.contains("left alone") && text.contains("`portal`"), "{text}");
    assert!(started.load(Ordering::SeqCst));
    // Also where it was there already when the handle went.
    let panic = panic_in(together(|group| async move {
        let task = group.portal().start(|| async { panic!("let go") });
        until(|| task.is_finished()).await;
        drop(task);
        pending::<()>().await;
    }));
    assert!(panic.await.expect("it is told").contains("let go"));
}

async fn a_scope_that_has_ended_takes_no_call() {
    let portal = together(|group| async move { group.portal() }).await;
    assert!(!portal.is_open());
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let task = portal.start(move || async move { drop(tells) });
    assert!(task.is_finished());
    assert_eq!(dropped.live(), 0, "what is not run is dropped");
    let ended = beside(move || (task.join().unwrap_err().kind(), portal.call(|| ready(1)).unwrap_err()));
    let (joined, called) = ended.join().unwrap();
    assert_eq!((joined, called.kind()), (ErrorKind::ScopeEnded, ErrorKind::ScopeEnded));
    assert!(called.to_string().contains("has ended"), "{called}");
    // And so does one that is cancelled.
    let portal = together(|group| async move {
        group.cancel();
        group.portal()
    });
    let portal = portal.await;
    let called = beside(move || portal.call(|| ready(1)).unwrap_err().kind()).join().unwrap();
    assert!(matches!(called, ErrorKind::Cancelled | ErrorKind::ScopeEnded));
}

/// A call that never ends by itself, from a thread; and what tells of the drop of its future.
fn endless_call(
    portal: BlockingPortal,
    begun: &Arc<AtomicBool>,
    dropped: &Dropped,
) -> impl FnOnce() -> ErrorKind + Send + use<> {
    let (begins, tells) = (Arc::clone(begun), dropped.tells());
    move || {
        let called = portal.call(move || async move {
            let _tells = tells;
            begins.store(true, Ordering::SeqCst);
            pending::<()>().await;
        });
        called.unwrap_err().kind()
    }
}

async fn a_cancel_ends_the_calls_under_way() {
    let (begun, dropped, token) = (Arc::new(AtomicBool::new(false)), Dropped::new(), CancelToken::new());
    let (begins, tells, here) = (Arc::clone(&begun), dropped.clone(), here());
    let (tell, mut told) = anypipe_core::channel::oneshot();
    let run = Run::new("run", inherit, move |_scope| async move {
        let call = || Caller::start(&here, endless_call(BlockingPortal::current(), &begins, &tells));
        let calls = (0..3).map(|_| call()).collect::<Vec<_>>();
        tell.send(calls).expect("it is waited for");
        pending::<()>().await;
    });
    let running = run.cancel_on(token.clone()).start();
    let calls = told.recv().await.unwrap();
    until(|| begun.load(Ordering::SeqCst)).await;
    token.cancel();
    assert!(running.await.unwrap_err().is_cancelled());
    for call in calls {
        // One that came too late for it says so.
        assert!(matches!(call.join().await, ErrorKind::Cancelled | ErrorKind::ScopeEnded));
    }
    assert_eq!(dropped.live(), 0);
}

async fn a_dropped_run_ends_the_calls_under_way() {
    let (begun, dropped, here) = (Arc::new(AtomicBool::new(false)), Dropped::new(), here());
    let mut calls = Vec::new();
    let mut run = Box::pin(scoped("scoped", inherit, async {
        for _ in 0..3 {
            calls.push(Caller::start(&here, endless_call(BlockingPortal::current(), &begun, &dropped)));
        }
        until(|| begun.load(Ordering::SeqCst)).await;
    }));
    assert!(move_on_after(inherit, unit() * 5, &mut run).await.is_none(), "it waits for the calls");
    drop(run);
    for call in calls {
        assert!(matches!(call.join().await, ErrorKind::Cancelled | ErrorKind::ScopeEnded));
    }
    assert_eq!(dropped.live(), 0);
}

async fn a_group_waits_for_the_calls_under_way() {
    let done = Arc::new(AtomicBool::new(false));
    let (does, here) = (Arc::clone(&done), here());
    let thread = together(|group| async move {
        let (begin, begun) = anypipe_core::channel::oneshot();
        let portal = group.portal();
        let thread = Caller::start(&here, move || {
            portal.call(move || async move {
                begin.send(()).expect("it is waited for");
                sleep(unit() * 2).await;
                does.store(true, Ordering::SeqCst);
            })
        });
        begun.await.unwrap();
        thread
    });
    let thread = thread.await;
    assert!(done.load(Ordering::SeqCst), "the group waits for its children");
    thread.join().await.unwrap();
}

async fn blocking_work_calls_into_its_run() {
    let scope = current_scope().expect("a case runs in a scope");
    let called = scope.spawn_blocking("job", || {
        let portal = BlockingPortal::current();
        portal.call(|| async {
            sleep(unit()).await;
            7
        })
    });
    assert_eq!(called.await.unwrap().unwrap(), 7);
    // In depth: blocking work of a call of blocking work.
    let nested = scope.spawn_blocking("outer", || {
        BlockingPortal::current().call(|| async {
            let scope = current_scope().expect("a call is in a scope");
            let inner =
                scope.spawn_blocking("inner", || BlockingPortal::current().call(|| ready(8)).unwrap());
            inner.await.unwrap()
        })
    });
    assert_eq!(nested.await.unwrap().unwrap(), 8);
}

async fn a_blocking_stage_calls_into_its_run() {
    let calls = stage::map(|item: u64| {
        BlockingPortal::current().call(move || async move {
            sleep(unit() / 10).await;
            item * 2
        })
    });
    let given = flow(source::from_iter(0..20)).pipe(calls).blocking().workers(4).collect().await;
    assert!(given.into_iter().map(Result::unwrap).eq((0..20).map(|item| item * 2)));
}

async fn a_task_may_not_wait_for_a_call() {
    let portal = BlockingPortal::current();
    let refused = |error: anypipe_core::RunError, call: &str| {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let text = error.to_string();
        let expected = [format!("`{call}`"), format!("on a running {} runtime", runtime().name())];
        assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    };
    // In the run's own part, and in a task of it.
    refused(portal.call(|| ready(1)).unwrap_err(), "BlockingPortal::call");
    refused(portal.start(|| ready(1)).join().unwrap_err(), "PortalTask::join");
    let calls = portal.clone();
    let error = together(|group| async move {
        group.spawn(async move { calls.call(|| ready(1)).unwrap_err() }).await.unwrap()
    });
    refused(error.await, "BlockingPortal::call");
    // And in a call.
    let calls = portal.clone();
    let task = portal.start(move || async move { calls.call(|| ready(1)).unwrap_err().kind() });
    until(|| task.is_finished()).await;
    let kind = beside(move || task.join()).join().unwrap().unwrap();
    assert_eq!(kind, ErrorKind::WouldBlock);
}

async fn outside_of_a_run_there_is_no_portal() {
    let told = beside(|| {
        let error = BlockingPortal::try_current().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRuntime);
        (error.to_string(), panic_of(BlockingPortal::current))
    });
    let (error, panic) = told.join().unwrap();
    assert!(error.contains("make the portal inside the run"), "{error}");
    assert_eq!(panic, Some(error));
}

fn a_runtime_that_is_shut_down_ends_the_calls(make: Make<'_>) {
    let owned = make();
    let name = owned.handle().name();
    if name == "sim" {
        return;
    }
    let token = CancelToken::new();
    let (hand_out, portals) = mpsc::channel();
    let dropped = Dropped::new();
    let group = task_group(inherit, move |group| async move {
        hand_out.send(group.portal()).expect("it is waited for");
        pending::<()>().await;
    });
    // Awaited elsewhere, so that the runtime can be shut down in the middle of it.
    let handle = owned.handle();
    let run = group.on(handle).cancel_on(token.clone());
    let awaits = beside(move || wait(run.checked()).map_err(|error| error.kind()));
    let portal = portals.recv().expect("the group has begun");
    let begun = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> = (0..3).map(|_| beside(endless_call(portal.clone(), &begun, &dropped))).collect();
    while !begun.load(Ordering::SeqCst) || dropped.live() < 3 {
        std::thread::yield_now();
    }
    drop(owned);
    // One that lives as long as the program isn't shut down: there the run is ended by hand.
    let never_ends = ["async-std", "threads"].contains(&name);
    if never_ends {
        token.cancel();
    }
    let told: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    // One that comes when the run is over already says so.
    let is_end = |told: &ErrorKind| {
        matches!(told, ErrorKind::RuntimeGone | ErrorKind::Cancelled | ErrorKind::ScopeEnded)
    };
    assert!(told.iter().all(is_end), "{told:?}");
    assert!(never_ends || told.contains(&ErrorKind::RuntimeGone), "{told:?}");
    assert!(awaits.join().unwrap().is_err());
    assert_eq!(dropped.live(), 0);
}
