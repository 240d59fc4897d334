//! What blocks a thread: blocking work, entering the runtime, and driving one that nobody else does.

// A current-thread runtime runs only while a thread is in its `block_on`. Work can be put on one of
// ours from anywhere at any time, so whoever puts some on it, and whoever leaves `block_on` with work
// left over, sees to it that a thread goes on driving: at most one, until the owner goes. Work is a task,
// which tokio counts, and a sleep that is waited for, wherever that is, which we count.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::thread;

use anypipe_core::runtime::{Enter, Job, Locals};
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
    /// What is kept for it.
    pub(crate) locals: Locals,
    /// Who drives it; `None` where it has threads of its own.
    drivers: Option<Mutex<Drivers>>,
}

#[derive(Default)]
struct Drivers {
    /// How many threads are in our `block_on`.
    inside: usize,
    /// How many sleeps are waited for.
    sleeping: usize,
    /// Ends the driving thread when it goes; `None` while there is no such thread.
    thread: Option<oneshot::Sender<()>>,
}

impl Owner {
    pub(crate) fn new(runtime: Runtime) -> Self {
        let by_hand = runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread;
        let (locals, drivers) = (Locals::default(), by_hand.then(Mutex::default));
        Self { runtime: Some(Arc::new(runtime)), locals, drivers }
    }

    /// Starts the driving thread where nobody drives the runtime.
    pub(crate) fn drive(&self) {
        let (Some(runtime), Some(mut drivers)) = (&self.runtime, self.drivers()) else { return };
        if drivers.inside > 0 || drivers.thread.is_some() {
            return;
        }
        let (owner, gone) = oneshot::channel();
        drivers.thread = Some(owner);
        drop(drivers);
        if let Err(error) = drive(Arc::clone(runtime), gone) {
            self.end_thread();
            panic!("no thread could be started to drive tokio: {error}");
        }
    }

    /// Ends the driving thread, where there is one.
    fn end_thread(&self) {
        let thread = self.drivers().and_then(|mut drivers| drivers.thread.take());
        // Without the lock: it wakes the thread.
        drop(thread);
    }

    /// Counts a sleep that is waited for, and sees to it that it is woken.
    fn sleep_begins(&self) {
        if let Some(mut drivers) = self.drivers() {
            drivers.sleeping += 1;
            drop(drivers);
            self.drive();
        }
    }

    fn sleep_ends(&self) {
        if let Some(mut drivers) = self.drivers() {
            drivers.sleeping -= 1;
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
        self.end_thread();
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
        let sleeping = drivers.sleeping > 0;
        drop(drivers);
        // Work that is begun from now on sees that nobody is inside; what is from before is seen here.
        let runs = |runtime: &Arc<Runtime>| runtime.metrics().num_alive_tasks() > 0;
        if sleeping || self.0.runtime.as_ref().is_some_and(runs) {
            self.0.drive();
        }
    }
}

/// A sleep's place among those that are waited for.
pub(crate) struct Sleeper {
    /// The runtime, where it is one of ours.
    owner: Weak<Owner>,
    /// True while it is counted.
    waits: bool,
}

impl Sleeper {
    pub(crate) fn new(owner: Weak<Owner>) -> Self {
        Self { owner, waits: false }
    }

    /// Tells whether the sleep is waited for.
    pub(crate) fn set(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits, waits) != waits {
            match self.owner.upgrade() {
                Some(owner) if waits => owner.sleep_begins(),
                Some(owner) => owner.sleep_ends(),
                None => {}
            }
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Drives the runtime on a thread of its own until the sender of `gone` goes.
fn drive(runtime: Arc<Runtime>, gone: oneshot::Receiver<()>) -> io::Result<()> {
    let driver = move || {
        // Nothing is ever sent: the wait ends when the sender goes.
        let _ = runtime.block_on(gone);
        release(runtime);
    };
    thread::Builder::new().name("anypipe-tokio".to_owned()).spawn(driver).map(drop)
}

/// Ends the runtime where this is the last to have it. It waits for nothing, so it may happen on
/// one of the runtime's own threads.
fn release(runtime: Arc<Runtime>) {
    if let Some(runtime) = Arc::into_inner(runtime) {
        runtime.shutdown_background();
    }
}
