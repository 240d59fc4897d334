//! What blocks a thread: blocking work, entering the runtime, and the threads that drive executors.

use std::convert::Infallible;
use std::env;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::thread;

use anypipe_core::runtime::{Enter, Job};
use async_executor::Executor;

use crate::{Smol, Which};

/// Runs a job on smol's threads for blocking work.
pub(crate) fn spawn(job: Job) {
    smol::unblock(move || job.run()).detach();
}

impl Enter for Smol {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        match &self.which {
            // Maybe no other thread drives it.
            Which::Yours(executor) => smol::block_on(executor.run(root)),
            Which::Shared | Which::Global | Which::Threads(_) => smol::block_on(root),
        }
    }
}

/// The executor that all of anypipe shares, with its threads running.
pub(crate) fn shared() -> &'static Executor<'static> {
    static EXECUTOR: Executor<'static> = Executor::new();
    static START: Once = Once::new();
    START.call_once(|| {
        for _ in 0..shared_threads() {
            start(|| smol::block_on(EXECUTOR.run(pending::<()>())));
        }
    });
    &EXECUTOR
}

/// As many as `SMOL_THREADS` says, else one per core.
fn shared_threads() -> usize {
    let asked: Option<usize> = env::var("SMOL_THREADS").ok().and_then(|threads| threads.parse().ok());
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or_else(cores).max(1)
}

/// Owns an executor with threads of its own, and ends them without waiting.
pub(crate) struct Owner {
    /// The executor; its threads have it too, and the last of them drops what is left on it.
    executor: Arc<Executor<'static>>,
    /// Nothing is ever sent: the threads end when it goes.
    _running: async_channel::Sender<Infallible>,
}

impl Owner {
    pub(crate) fn new(threads: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (running, ended) = async_channel::bounded(1);
        for _ in 0..threads {
            let (executor, ended) = (Arc::clone(&executor), ended.clone());
            start(move || {
                // An error is all that can come: the end of the owner.
                let _ = smol::block_on(executor.run(ended.recv()));
            });
        }
        Self { executor, _running: running }
    }

    pub(crate) fn executor(&self) -> &Arc<Executor<'static>> {
        &self.executor
    }
}

fn start(body: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().name("anypipe-smol".to_owned()).spawn(body);
    thread.unwrap_or_else(|error| panic!("no thread could be started for an executor: {error}"));
}
