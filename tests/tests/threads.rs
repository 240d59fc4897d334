//! Who is called does not wait for the thread that has called it, while another is idle. tokio keeps the task that a
//! thread woke last to that thread, until what it polls gives way: work that blocks for what the called do would
//! wait for good.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anypipe::RunStream;
use anypipe::channel::bounded;
use anypipe::prelude::*;
use anypipe::runtime::{AsHandle, Smol, Tokio};
use futures_core::Stream;

const ITEMS: usize = 40;

/// How far others have come.
#[derive(Clone, Default)]
struct Reached(Arc<(Mutex<usize>, Condvar)>);

impl Reached {
    fn add_one(&self) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
    }

    /// Blocks the thread until they have come so far; `false` where they don't for so many seconds.
    fn wait_for(&self, least: usize, seconds: u64) -> bool {
        let reached = self.0.0.lock().unwrap();
        let length = Duration::from_secs(seconds);
        let waited = self.0.1.wait_timeout_while(reached, length, |reached| *reached < least);
        !waited.unwrap().1.timed_out()
    }
}

/// Longer than it takes to wake another thread, so that each item is a chunk, and too short for a task to give way
/// after it.
#[expect(clippy::disallowed_methods, reason = "the work takes real time")]
fn work_for_30_us() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(30) {
        black_box(start);
    }
}

/// How many pairs of items may miss each other. On tokio a few in ten thousand do: a thread that finds half of all threads looking
/// for work goes to sleep without a last look of its own, and what was offered just before lies there until the thread that
/// offered it is done (tokio's issue 6847 tells of the same at the start of a runtime). Where who is called waits for the
/// caller's thread, all miss.
const MISSES: usize = 3;

/// A worker that gets an item, and blocks its thread until the other has one as well.
async fn workers_that_meet(runtime: impl AsHandle) {
    let (begun, missed) = (Reached::default(), AtomicUsize::new(0));
    let work = move |n: usize| {
        begun.add_one();
        if !begun.wait_for(n / 2 * 2 + 2, 2) {
            let missed = missed.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(missed <= MISSES, "the other worker was called, and waits");
        }
        work_for_30_us();
        n
    };
    let (sender, receiver) = bounded(2);
    let next = async |run: &mut RunStream<usize>| poll_fn(|cx| Pin::new(&mut *run).poll_next(cx)).await;
    let mut worked = Pipeline::from_channel(receiver).map(work).workers(2).into_stream().on(runtime);
    for n in (0..ITEMS).step_by(2) {
        sender.send(n).await.unwrap();
        sender.send(n + 1).await.unwrap();
        let two = [next(&mut worked).await, next(&mut worked).await];
        assert_eq!(two, [Some(n), Some(n + 1)]);
    }
}

/// What a worker has shown is taken while the next item blocks it.
async fn a_sink_that_is_waited_for(runtime: impl AsHandle) {
    let taken = Reached::default();
    let seen = taken.clone();
    let work = move |n: usize| {
        work_for_30_us();
        if n % 2 == 1 {
            assert!(seen.wait_for(n, 20), "an item was shown, and waits for the next");
        }
        n
    };
    let run = Pipeline::from_iter(0..ITEMS).map(work).buffer_size(8).for_each(move |_| taken.add_one());
    run.on(runtime).await;
}

/// Both, again and again, each time on a runtime of its own.
async fn nobody_waits_for_the_caller<R: AsHandle>(runtime: impl Fn() -> R) {
    for _ in 0..20 {
        workers_that_meet(runtime()).await;
        a_sink_that_is_waited_for(runtime()).await;
    }
}

#[anypipe::test(tokio)]
async fn on_tokio() {
    nobody_waits_for_the_caller(|| Tokio::multi_thread(2)).await;
}

#[anypipe::test(smol)]
async fn on_smol() {
    nobody_waits_for_the_caller(|| Smol::threads(2)).await;
}
