//! What blocks a thread: blocking work, entering the runtime, and driving one that nobody else does.

// A current-thread runtime runs only while a thread is in its `block_on`. Work can be put on one of
// ours from anywhere at any time, so whoever puts some on it, and whoever leaves `block_on` with work
// left over, sees to it that a thread goes on driving: at most one, until the owner goes.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;

use anypipe_core::runtime::{Enter, Job};
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio::sync::oneshot;

use crate::Tokio;

/// Runs a job on tokio's threads for blocking work; a runtime that is gone drops it.
pub(crate) fn spawn(handle: &Handle, job: Job) {
    drop(handle.spawn_blocking(move || job.run()));
}

impl Enter for Tokio {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        match &self.owner {
            Some(owner) => owner.block_on(root),
            None => enter(root, |root| self.handle.block_on(root)),
        }
    }
}

/// Has `block_on` run the root, with a message of our own where tokio can't nest.
fn enter(
    mut root: Pin<&mut dyn Future<Output = ()>>,
    block_on: impl FnOnce(Pin<&mut dyn Future<Output = ()>>),
) {
    let started = Cell::new(false);
    let noted = pin!(poll_fn(|cx| -> Poll<()> {
        started.set(true);
        root.as_mut().poll(cx)
    }));
    let ended = catch_unwind(AssertUnwindSafe(|| block_on(noted)));
    if let Err(panic) = ended {
        if started.get() {
            resume_unwind(panic);
        }
        panic!(
            "a tokio runtime can't be entered from inside one: `.await` the future here, \
             or enter from a thread of its own"
        );
    }
}

/// Owns a runtime, and ends it without waiting.
pub(crate) struct Owner {
    /// The runtime, until the owner goes; a driving thread has it too.
    runtime: Option<Arc<Runtime>>,
    /// Who drives it; `None` where it has threads of its own.
    drivers: Option<Mutex<Drivers>>,
}

#[derive(Default)]
struct Drivers {
    /// How many threads are in our `block_on`.
    inside: usize,
    /// Ends the driving thread when it goes; `None` while there is no such thread.
    thread: Option<oneshot::Sender<()>>,
}

impl Owner {
    pub(crate) fn new(runtime: Runtime) -> Self {
        let by_hand = runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread;
        Self { runtime: Some(Arc::new(runtime)), drivers: by_hand.then(Mutex::default) }
    }

    /// Starts the driving thread where nobody drives the runtime.
    pub(crate) fn drive(&self) {
        if let (Some(runtime), Some(mut drivers)) = (&self.runtime, self.drivers()) {
            if drivers.inside == 0 && drivers.thread.is_none() {
                drivers.thread = Some(drive(Arc::clone(runtime)));
            }
        }
    }

    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        let Some(runtime) = &self.runtime else { unreachable!("it is taken when the owner goes") };
        let _inside = Inside::new(self);
        enter(root, |root| runtime.block_on(root));
    }

    fn drivers(&self) -> Option<MutexGuard<'_, Drivers>> {
        let drivers = self.drivers.as_ref()?;
        Some(drivers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(mut drivers) = self.drivers() {
            drivers.thread = None;
        }
        if let Some(runtime) = self.runtime.take() {
            release(runtime);
        }
    }
}

/// Counts a thread that is in `block_on`.
struct Inside<'a>(&'a Owner);

impl<'a> Inside<'a> {
    fn new(owner: &'a Owner) -> Self {
        if let Some(mut drivers) = owner.drivers() {
            drivers.inside += 1;
        }
        Self(owner)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let Some(mut drivers) = self.0.drivers() else { return };
        drivers.inside -= 1;
        drop(drivers);
        // A task that is spawned from now on sees that nobody is inside; one from before is seen here.
        if self.0.runtime.as_ref().is_some_and(|runtime| runtime.metrics().num_alive_tasks() > 0) {
            self.0.drive();
        }
    }
}

/// Drives the runtime on a thread of its own until the sender goes.
fn drive(runtime: Arc<Runtime>) -> oneshot::Sender<()> {
    let (owner, gone) = oneshot::channel::<()>();
    let driver = move || {
        // Nothing is ever sent: the wait ends when the sender goes.
        let _ = runtime.block_on(gone);
        release(runtime);
    };
    let thread = thread::Builder::new().name("anypipe-tokio".to_owned()).spawn(driver);
    thread.unwrap_or_else(|error| panic!("no thread could be started to drive tokio: {error}"));
    owner
}

/// Ends the runtime where this is the last to have it. It waits for nothing, so it may happen on
/// one of the runtime's own threads.
fn release(runtime: Arc<Runtime>) {
    if let Some(runtime) = Arc::into_inner(runtime) {
        runtime.shutdown_background();
    }
}
