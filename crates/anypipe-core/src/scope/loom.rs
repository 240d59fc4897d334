//! Every interleaving of two and three threads over the count that a join waits for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{Controls, Scope};
use crate::RunError;
use crate::loom::{model, scope};

#[test]
fn loom_join_waits_for_both_tasks() {
    model(3, || {
        let scope = scope();
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let done = Arc::clone(&done);
            scope.spawn("task", async move {
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        block_on(poll_fn(|cx| scope.poll_join(cx)));
        assert_eq!(done.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn loom_cancel_and_join_ends_a_pending_task() {
    model(3, || {
        let scope = scope();
        scope.spawn("task", std::future::pending());
        block_on(scope.cancel_and_join());
        assert!(scope.take_failure().is_none());
    });
}

#[test]
fn loom_abandoned_scope_is_joined_by_its_heir() {
    model(3, || {
        let heir = scope();
        let scope = Scope::new(heir.runtime().clone(), Some(&heir), Controls::default());
        let dropped = Arc::new(AtomicUsize::new(0));
        struct OnDrop(Arc<AtomicUsize>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let guard = OnDrop(Arc::clone(&dropped));
        scope.spawn("task", async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        scope.abandon(&mut || None);
        block_on(poll_fn(|cx| heir.poll_join(cx)));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn loom_a_failure_while_the_run_waits_wakes_it() {
    model(3, || {
        let scope = scope();
        let failing = scope.clone();
        let thread = thread::spawn(move || failing.fail(RunError::timed_out()));
        block_on(poll_fn(|cx| {
            scope.register(cx);
            if scope.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
        }));
        thread.join().unwrap();
    });
}
