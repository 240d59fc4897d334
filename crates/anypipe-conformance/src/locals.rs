//! Values that tasks inherit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use anypipe_core::run::{RunStream, as_completed, gather, inherit, shield, task_group};
use anypipe_core::scope::current_scope;
use anypipe_core::{Run, task_local};
use anypipe_stages::{source, stage};

use crate::tools::{flow, give_way, next, panic_of, together, until};

crate::suite::cases! { ($) locals as __locals {
    what_is_spawned_inherits_the_value(),
    a_pipelines_tasks_inherit_the_value(),
    a_value_inside_hides_the_one_outside(),
    a_task_without_values_sees_none_of_who_polls_it(),
    destructors_see_the_value(),
    a_value_is_dropped_once_with_all_that_saw_it(),
    without_a_value_it_is_told_what_to_do(),
} }

task_local! {
    static USER: u32;
    static DEPTH: usize;
}

fn user() -> Option<u32> {
    USER.try_with(|user| *user).ok()
}

async fn what_is_spawned_inherits_the_value() {
    let seen = USER.scope(1, async {
        together(|group| async move {
            let child = group.spawn(async {
                give_way().await;
                user()
            });
            let inner = group.clone();
            let grandchild = group.spawn(async move {
                give_way().await;
                inner.spawn(async { user() }).await.unwrap()
            });
            let started =
                group.start(|started: anypipe_core::run::Started<_>| async move { started.ready(user()) });
            let blocking = current_scope().expect("in a group").spawn_blocking("blocking", user);
            let gathered = gather(
                inherit,
                2,
                (0..5).map(|_| async {
                    give_way().await;
                    user()
                }),
            );
            let mut done = RunStream::new(inherit, as_completed(None, (0..2).map(|_| async { user() })));
            let shielded = shield(inherit, async {
                give_way().await;
                user()
            });
            let running = Run::new("run", inherit, |scope| {
                let inner = scope.clone();
                async move { (user(), inner.spawn_blocking("blocking", user).await.unwrap()) }
            });
            let mut seen = vec![child.await.unwrap(), grandchild.await.unwrap(), started.await.unwrap()];
            seen.push(blocking.await.unwrap());
            seen.extend(gathered.await);
            seen.extend([next(&mut done).await.unwrap(), next(&mut done).await.unwrap()]);
            seen.push(shielded.await);
            let (own, blocking) = running.start().await.unwrap();
            seen.extend([own, blocking]);
            seen
        })
        .await
    });
    let seen = seen.await;
    assert!(seen.iter().all(|user| *user == Some(1)), "{seen:?}");
    assert_eq!(user(), None);
}

async fn a_pipelines_tasks_inherit_the_value() {
    let run = || {
        let then = stage::then(async |n: usize| {
            give_way().await;
            (n, user())
        });
        let check = stage::map(|(n, seen): (usize, Option<u32>)| (n, seen, user()));
        flow(source::from_iter(0..20))
            .pipe(then)
            .workers(3)
            .pipe(check)
            .pipe(stage::then(async |item| item))
            .collect()
    };
    let seen = USER.scope(2, async { run().await }).await;
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|(_, one, two)| (*one, *two) == (Some(2), Some(2))), "{seen:?}");
    assert!(run().await.iter().all(|(_, one, two)| (*one, *two) == (None, None)));
}

async fn a_value_inside_hides_the_one_outside() {
    let both = || (user(), DEPTH.try_with(|depth| *depth).ok());
    USER.scope(3, async {
        let kept = together(move |group| async move {
            let child = group.spawn(async move {
                let inner = USER.scope(
                    4,
                    DEPTH.scope(1, async move {
                        give_way().await;
                        let spawned = together(move |group| async move {
                            group.spawn(async move { both() }).await.unwrap()
                        });
                        (both(), spawned.await)
                    }),
                );
                assert_eq!(inner.await, ((Some(4), Some(1)), (Some(4), Some(1))));
                both()
            });
            child.await.unwrap()
        });
        assert_eq!(kept.await, (Some(3), None));
        assert_eq!(USER.sync_scope(5, user), Some(5));
        assert_eq!(both(), (Some(3), None));
        assert_eq!(USER.get(), 3);
    })
    .await;
    // Two at the same time, in one task.
    let (one, two) = (USER.scope(6, seen_twice()), USER.scope(7, seen_twice()));
    let (mut one, mut two) = (Box::pin(one), Box::pin(two));
    let mut polls = 0;
    loop {
        let mut cx = Context::from_waker(Waker::noop());
        let (first, second) = (one.as_mut().poll(&mut cx), two.as_mut().poll(&mut cx));
        polls += 1;
        if first.is_ready() {
            assert_eq!((first, second), (std::task::Poll::Ready(6), std::task::Poll::Ready(7)));
            break;
        }
        assert!(polls < 10);
    }
}

async fn seen_twice() -> u32 {
    let first = USER.get();
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    assert_eq!(USER.get(), first);
    first
}

async fn a_task_without_values_sees_none_of_who_polls_it() {
    struct Looks(Arc<AtomicUsize>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.0.fetch_add(usize::from(user().is_some()), Ordering::SeqCst);
        }
    }
    // Who drops a run drops its tasks: their destructors are theirs.
    let seen = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&seen);
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = Arc::clone(&begun);
    let mut group = Box::pin(task_group(inherit, move |group| async move {
        group.spawn(async move {
            let _looks = Looks(counts);
            begins.store(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
        std::future::pending::<()>().await;
    }));
    assert!(crate::tools::once(&mut group).await.is_pending());
    until(|| begun.load(Ordering::SeqCst) == 1).await;
    USER.sync_scope(8, || drop(group));
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

async fn destructors_see_the_value() {
    struct Looks(Arc<AtomicUsize>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.0.fetch_add(usize::from(user() == Some(9)), Ordering::SeqCst);
        }
    }
    let seen = Arc::new(AtomicUsize::new(0));
    let (ends, cancelled, own) =
        (Looks(Arc::clone(&seen)), Looks(Arc::clone(&seen)), Looks(Arc::clone(&seen)));
    USER.scope(9, async move {
        together(|group| async move {
            group.spawn(async move { drop(ends) }).await.unwrap();
            group.spawn(async move {
                std::future::pending::<()>().await;
                drop(cancelled);
            });
            give_way().await;
            group.cancel();
        })
        .await;
    })
    .await;
    drop(USER.scope(9, async move {
        let _own = own;
        std::future::pending::<()>().await;
    }));
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

/// Counts its drop.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

task_local! {
    static COUNTED: Counts;
}

async fn a_value_is_dropped_once_with_all_that_saw_it() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (counts, left) = (Counts(Arc::clone(&dropped)), Arc::clone(&dropped));
    let scoped = COUNTED.scope(counts, async move {
        together(move |group| async move {
            for _ in 0..3 {
                group.spawn(async { COUNTED.with(|_| ()) });
            }
            give_way().await;
            assert_eq!(left.load(Ordering::SeqCst), 0);
        })
        .await;
    });
    scoped.await;
    assert_eq!(dropped.load(Ordering::SeqCst), 1, "it is gone with the last that saw it");
}

async fn without_a_value_it_is_told_what_to_do() {
    let text = panic_of(|| USER.get()).expect("there is none");
    assert_eq!(text, "`USER` has no value here: give it one with `USER.scope(value, future)`");
    assert_eq!(USER.try_with(|_| ()).unwrap_err().to_string(), text);
}
