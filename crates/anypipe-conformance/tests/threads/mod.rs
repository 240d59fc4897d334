use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{
    AsHandle, Enter, Job, Runtime, RuntimeHandle, Sleep, SleepFuture, Spawner, Task, Timer,
};

/// What a `RuntimeHandle` holds. It must not own the runtime; here there is nothing to own.
struct Native;

impl Spawner for Native {
    fn spawn(&self, task: Task) {
        thread::spawn(move || block_on(task)); // polled to its end, and not inside this call
    }

    fn spawn_blocking(&self, job: Job) {
        thread::spawn(move || job.run());
    }
}

impl Timer for Native {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(Nap { until: Instant::now().checked_add(length), waker: None })
    }
}

impl Runtime for Native {
    fn name(&self) -> &'static str {
        "threads"
    }
}

struct Nap {
    /// `None` is further away than the clock goes.
    until: Option<Instant>,
    /// The waker of the last poll, shared with the thread that waits; none before the first.
    waker: Option<Arc<Mutex<Waker>>>,
}

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else { return Poll::Pending };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Poll::Ready(());
        }
        if let Some(waker) = &self.waker {
            waker.lock().unwrap().clone_from(cx.waker());
            return Poll::Pending;
        }
        let last = Arc::new(Mutex::new(cx.waker().clone()));
        self.waker = Some(Arc::clone(&last));
        thread::spawn(move || {
            thread::sleep(left);
            let waker = last.lock().unwrap().clone();
            waker.wake();
        });
        Poll::Pending
    }
}

impl SleepFuture for Nap {
    fn reset(mut self: Pin<&mut Self>, length: Duration) {
        *self = Nap { until: Instant::now().checked_add(length), waker: None };
    }
}

/// What applications name.
pub struct Threads;

impl AsHandle for Threads {
    fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Native)
    }
}

impl Enter for Threads {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        block_on(root);
    }
}

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        while !unpark.woken.swap(false, Ordering::SeqCst) {
            thread::park();
        }
    }
}
