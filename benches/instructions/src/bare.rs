//! A backend with next to nothing in it: one thread, a queue of woken tasks, a clock that stands still.
//!
//! The peers' tasks run on it too, so that what it costs is the same for all.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{
    AsHandle, Enter, Job, Runtime, RuntimeHandle, Sleep, SleepFuture, Spawner, Task, Timer,
};
use futures_util::task::{ArcWake, waker_ref};

/// The executor. It is held by those who enter it, and its queue by everyone else.
pub struct Bare {
    queue: Arc<Queue>,
}

/// What a handle holds: where woken tasks wait, and the clock.
pub struct Queue {
    /// Those that were woken and not polled since, in order.
    woken: Mutex<VecDeque<Arc<Cell>>>,
    /// What the clock shows, for ever.
    now: Instant,
}

/// A task.
struct Cell {
    /// What is polled; none at its end, and none in the root's, which is borrowed.
    future: Mutex<Option<Spawned>>,
    /// It is in the queue.
    queued: AtomicBool,
    /// Where it goes when it is woken.
    queue: Arc<Queue>,
}

/// What a task is made of. A runtime keeps a future of whatever size in the task; this one can't.
enum Spawned {
    Peers(Pin<Box<dyn Future<Output = ()> + Send>>),
    Ours(Task),
}

impl Spawned {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Peers(future) => future.as_mut().poll(cx),
            Self::Ours(task) => Pin::new(task).poll(cx),
        }
    }
}

impl Bare {
    #[expect(clippy::disallowed_methods, reason = "a clock is made here")]
    pub fn new() -> Self {
        Self { queue: Arc::new(Queue { woken: Mutex::default(), now: Instant::now() }) }
    }

    /// The peers' spawn.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.queue.start(Some(Spawned::Peers(Box::pin(future))));
    }

    /// Runs a future to its end, without anything of anypipe's around it.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut value = None;
        self.block_on(pin!(async { value = Some(future.await) }));
        value.expect("`block_on` runs until the future is done")
    }
}

impl Queue {
    fn start(self: &Arc<Self>, future: Option<Spawned>) -> Arc<Cell> {
        let queue = Arc::clone(self);
        let cell = Arc::new(Cell { future: Mutex::new(future), queued: AtomicBool::new(true), queue });
        self.woken.lock().unwrap().push_back(Arc::clone(&cell));
        cell
    }
}

impl ArcWake for Cell {
    fn wake_by_ref(this: &Arc<Self>) {
        if !this.queued.swap(true, Ordering::AcqRel) {
            this.queue.woken.lock().unwrap().push_back(Arc::clone(this));
        }
    }

    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let queue = Arc::clone(&self.queue);
            queue.woken.lock().unwrap().push_back(self);
        }
    }
}

impl Enter for Bare {
    fn block_on(&self, mut root: Pin<&mut dyn Future<Output = ()>>) {
        let root_cell = self.queue.start(None);
        loop {
            let next = self.queue.woken.lock().unwrap().pop_front();
            let cell = next.expect("nothing can go on, and the future isn't done");
            cell.queued.store(false, Ordering::Release);
            let waker = waker_ref(&cell);
            let mut cx = Context::from_waker(&waker);
            if Arc::ptr_eq(&cell, &root_cell) {
                if root.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
                continue;
            }
            let mut future = cell.future.lock().unwrap();
            let Some(polled) = &mut *future else { continue };
            if polled.poll(&mut cx).is_ready() {
                *future = None;
            }
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let left = std::mem::take(&mut *self.queue.woken.lock().unwrap());
        drop(left); // outside the lock: a task may wake others where it is dropped
    }
}

impl AsHandle for Bare {
    fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Handle { queue: Arc::clone(&self.queue) })
    }
}

/// What a `RuntimeHandle` holds.
struct Handle {
    queue: Arc<Queue>,
}

impl Spawner for Handle {
    fn spawn(&self, task: Task) {
        self.queue.start(Some(Spawned::Ours(task)));
    }

    fn spawn_blocking(&self, job: Job) {
        job.run(); // there is no other thread for it
    }
}

impl Timer for Handle {
    fn now(&self) -> Instant {
        self.queue.now
    }

    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(Still { over: length.is_zero() })
    }
}

impl Runtime for Handle {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn is_current(&self) -> bool {
        true // there is one thread
    }
}

/// A sleep under a clock that stands still.
struct Still {
    /// It was for no time at all.
    over: bool,
}

impl Future for Still {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.over { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl SleepFuture for Still {
    fn reset(mut self: Pin<&mut Self>, length: Duration) {
        self.over = length.is_zero();
    }
}
