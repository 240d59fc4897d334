//! What can only be seen where one thread runs all tasks; the other backends have this file too.

mod common;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_core::runtime::{AsHandle, RuntimeHandle};
use anypipe_smol::Smol;

use common::wait;

fn runtimes() -> Vec<Smol> {
    vec![Smol::threads(1)]
}

struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_dropped_run_drops_at_once_what_is_not_being_polled() {
    for runtime in runtimes() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (started, starts) = mpsc::channel();
        let tasks = Arc::clone(&dropped);
        let run = Run::new("dropped", inherit, move |scope| {
            for _ in 0..4 {
                let (started, counts) = (started.clone(), Counts(Arc::clone(&tasks)));
                scope.spawn("task", async move {
                    started.send(()).unwrap();
                    pending::<()>().await;
                    drop(counts);
                });
            }
            pending::<()>()
        });
        let running = run.on(&runtime).start();
        (0..4).for_each(|_| starts.recv_timeout(Duration::from_secs(20)).unwrap());
        // The thread has gone on to this one, so it is inside none of the four.
        wait(settled(&runtime.handle()));
        drop(running);
        assert_eq!(dropped.load(Ordering::SeqCst), 4);
    }
}

/// Done once a task spawned now has run.
fn settled(runtime: &RuntimeHandle) -> Run<()> {
    let (ran, runs) = mpsc::channel();
    Run::new("settled", inherit, move |scope| {
        scope.spawn("task", async move { ran.send(()).unwrap() });
        async move { runs.recv_timeout(Duration::from_secs(20)).unwrap() }
    })
    .on(runtime)
}
