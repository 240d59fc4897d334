//! The runtimes that contenders run on, each with two threads for its tasks; the caller's awaits the end.

use std::sync::{Arc, LazyLock};
use std::thread;

use smol::Executor;

/// The threads of a runtime, and of work without one.
pub const THREADS: usize = 2;

static TOKIO: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(THREADS).enable_all().build().expect("a tokio runtime with two workers")
});

static SMOL: LazyLock<Arc<Executor<'static>>> = LazyLock::new(|| {
    let executor = Arc::new(Executor::new());
    for _ in 0..THREADS {
        let executor = Arc::clone(&executor);
        thread::spawn(move || smol::block_on(executor.run(std::future::pending::<()>())));
    }
    executor
});

/// Where tasks are spawned. async-std has a thread for each core, whatever is asked for.
#[derive(Clone, Copy)]
pub enum Runtime {
    Tokio,
    Smol,
    AsyncStd,
}

impl Runtime {
    /// Spawns what a contender wires by hand; anypipe finds the runtime by itself.
    pub fn spawn(self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Tokio => drop(tokio::spawn(task)),
            Self::Smol => SMOL.spawn(task).detach(),
            Self::AsyncStd => drop(async_std::task::spawn(task)),
        }
    }

    /// Does work in a task of tokio's.
    pub async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
        tokio::spawn(work).await.expect("it doesn't panic")
    }

    pub fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        match self {
            Self::Tokio => TOKIO.block_on(future),
            Self::Smol => {
                let _entered =
                    anypipe::runtime::enter(anypipe::runtime::Smol::with_executor(Arc::clone(&SMOL)));
                smol::block_on(future)
            }
            Self::AsyncStd => async_std::task::block_on(future),
        }
    }
}
