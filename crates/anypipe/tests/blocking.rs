//! Closures on threads for blocking work, on every backend: how many at a time, what becomes of them at a cancel, and what
//! reaches the caller. (H of the acceptance cases; the stages' part is in the laws.)
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::sync::CapacityLimiter;
use anypipe::task::{blocking, blocking_limiter, task_group};
use anypipe::time::{move_on_after, sleep};
use common::{is_virtual, ticks};

#[anypipe::test]
async fn h01_a_run_inside_a_run_is_refused() {
    let refused = anypipe::try_run(async {}).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoRuntime);
    assert!(refused.to_string().contains("inside a running"), "{refused}");
}

#[anypipe::test]
async fn h02_no_more_closures_than_the_limit_are_on_threads() {
    let limiter = Arc::new(CapacityLimiter::new(3));
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (lends, sees) = (Arc::clone(&limiter), Arc::clone(&most));
    let sum = task_group(|group| async move {
        let works: Vec<_> = (0..20u32)
            .map(|n| {
                let (inside, most) = (Arc::clone(&inside), Arc::clone(&sees));
                let work = move || {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Long enough that others would come in.
                    (0..200).for_each(|_| std::thread::yield_now());
                    inside.fetch_sub(1, Ordering::SeqCst);
                    n
                };
                group.spawn(blocking(work).limiter(&lends))
            })
            .collect();
        let mut sum = 0;
        for work in works {
            sum += work.await.unwrap();
        }
        sum
    });
    assert_eq!(sum.await, (0..20).sum::<u32>());
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    assert_eq!(limiter.borrowed_tokens(), 0);
}

#[anypipe::test]
async fn h02_what_a_closure_fails_with_reaches_the_caller() {
    assert_eq!(blocking(|| "7".parse::<u32>()).await, Ok(7));
    assert!(blocking(|| "seven".parse::<u32>()).await.is_err());
    let limiter = Arc::new(CapacityLimiter::new(1));
    for is_abandoned in [false, true] {
        let work = blocking(|| -> u32 { panic!("in the closure") }).limiter(&limiter);
        let work = if is_abandoned { work.abandon_on_cancel() } else { work };
        let run = task_group(|_group| work).checked().await;
        let error = run.unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("in the closure"), "{error}");
        assert_eq!(limiter.borrowed_tokens(), 0, "the token comes back");
    }
}

#[anypipe::test]
async fn a_runtime_has_one_limiter() {
    let limiter = blocking_limiter();
    assert_eq!(limiter.total_tokens(), 40);
    assert!(Arc::ptr_eq(&limiter, &blocking_limiter()));
    let in_task = task_group(|group| async move { group.spawn(async { blocking_limiter() }).await.unwrap() });
    assert!(Arc::ptr_eq(&limiter, &in_task.await));
    let (in_closure, borrowed) =
        blocking(|| (blocking_limiter(), blocking_limiter().borrowed_tokens())).await;
    assert!(Arc::ptr_eq(&limiter, &in_closure));
    assert!(borrowed >= 1, "a closure counts");
}

#[anypipe::test]
async fn a_closure_that_waits_for_its_turn_can_be_given_up() {
    let (limiter, ran) = (Arc::new(CapacityLimiter::new(1)), Arc::new(AtomicBool::new(false)));
    let held = limiter.try_acquire().unwrap();
    let runs = Arc::clone(&ran);
    let captured = Arc::downgrade(&runs);
    let work = blocking(move || runs.store(true, Ordering::SeqCst)).limiter(&limiter);
    assert_eq!(move_on_after(ticks(1), work).await, None);
    assert_eq!(captured.strong_count(), 1, "the closure went with the wait");
    drop(held);
    assert_eq!(blocking(|| 1).limiter(&limiter).await, 1);
    assert!(!ran.load(Ordering::SeqCst));
    assert_eq!(limiter.borrowed_tokens(), 0);
}

/// Looks until something is so; the watchdog ends a test in which it never is.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[anypipe::test]
async fn a_closure_is_waited_for_unless_it_is_abandoned() {
    // On the simulator nobody is there to let it go on.
    if is_virtual() {
        return;
    }
    let limiter = Arc::new(CapacityLimiter::new(1));
    let (go, goes) = mpsc::channel::<()>();
    let waits = blocking(move || goes.recv()).abandon_on_cancel().limiter(&limiter);
    assert_eq!(move_on_after(ticks(1), waits).await, None);
    assert_eq!(limiter.borrowed_tokens(), 1, "it is on its thread, and counts");
    let late = blocking(|| ()).limiter(&limiter);
    assert_eq!(move_on_after(ticks(1), late).await, None);
    drop(go);
    until(|| limiter.borrowed_tokens() == 0).await;

    let done = Arc::new(AtomicBool::new(false));
    let (does, (go, goes)) = (Arc::clone(&done), mpsc::channel::<()>());
    task_group(|group| async move {
        group.spawn(async move {
            sleep(ticks(3)).await;
            drop(go);
        });
        let waits = blocking(move || {
            let _ = goes.recv();
            does.store(true, Ordering::SeqCst);
        });
        assert_eq!(move_on_after(ticks(1), waits).await, None);
        assert!(done.load(Ordering::SeqCst), "the limit was over, and the closure was joined all the same");
    })
    .await;
}

#[anypipe::test]
async fn what_an_abandoned_closure_panics_with_is_nobodys() {
    if is_virtual() {
        return;
    }
    let limiter = Arc::new(CapacityLimiter::new(1));
    let (go, goes) = mpsc::channel::<()>();
    let lends = Arc::clone(&limiter);
    let run = task_group(|_group| async move {
        let waits = blocking(move || {
            let _ = goes.recv();
            panic!("nobody hears it");
        });
        let waits = waits.abandon_on_cancel().limiter(&lends);
        assert_eq!(move_on_after(ticks(1), waits).await, None::<()>);
        drop(go);
        until(|| lends.borrowed_tokens() == 0).await;
        3
    });
    assert_eq!(run.checked().await.unwrap(), 3);
}

#[anypipe::test]
async fn a_closure_is_a_future_like_any_other() {
    let work = blocking(|| 1);
    assert_eq!(format!("{work:?}"), "Blocking { state: \"planned\", .. }");
    drop(work);
    let mut work = blocking(|| 2);
    assert_eq!((&mut work).await, 2);
    let again = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::Pin::new(&mut work).poll(&mut cx).is_ready()
    }));
    assert!(again.is_err(), "it is over");
}

#[cfg(feature = "tokio")]
#[test]
fn the_limiter_goes_with_its_runtime() {
    use anypipe::runtime::Tokio;

    let (one, other) = (Tokio::multi_thread(1), Tokio::current_thread());
    let limiter = |runtime: &Tokio| anypipe::run_on(runtime, async { blocking_limiter() });
    assert!(!Arc::ptr_eq(&limiter(&one), &limiter(&other)));
    limiter(&one).set_total_tokens(1);
    assert_eq!((limiter(&one).total_tokens(), limiter(&other).total_tokens()), (1, 40));
    let left = Arc::downgrade(&limiter(&one));
    assert!(left.upgrade().is_some());
    drop(one);
    assert!(left.upgrade().is_none());
}

/// A plain main has no scope, and is on the same runtime each time.
#[test]
fn a_plain_main_has_one_limiter() {
    #[cfg(feature = "tokio")]
    {
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let limiter = tokio.block_on(async { blocking_limiter() });
        assert!(Arc::ptr_eq(&limiter, &tokio.block_on(async { blocking_limiter() })));
    }
    #[cfg(any(feature = "smol", feature = "async-std"))]
    {
        let limiter = smol::block_on(async { blocking_limiter() });
        assert!(Arc::ptr_eq(&limiter, &smol::block_on(async { blocking_limiter() })));
    }
}
