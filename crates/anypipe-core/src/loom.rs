//! A thread for each task, under the model checker. The models are beside the protocols they check:
//! `drive/loom.rs` and `scope/loom.rs`. Run by `ci/loom.sh`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use loom::future::block_on;
use loom::thread;

use crate::runtime::{Job, Runtime, RuntimeHandle, Sleep, SleepFuture, Spawner, Task, Timer};
use crate::scope::{Controls, Scope};

/// A thread for each task.
struct Threads;

impl Spawner for Threads {
    fn spawn(&self, task: Task) {
        thread::spawn(move || block_on(task));
    }

    fn spawn_blocking(&self, job: Job) {
        thread::spawn(move || job.run());
    }
}

struct Never;

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl SleepFuture for Never {
    fn reset(self: Pin<&mut Self>, _length: Duration) {}
}

impl Timer for Threads {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "a clock that nothing here waits for")]
        Instant::now()
    }

    fn sleep(&self, _length: Duration) -> Sleep {
        Sleep::new(Never)
    }
}

impl Runtime for Threads {
    fn name(&self) -> &'static str {
        "loom"
    }
}

pub(crate) fn scope() -> Scope {
    Scope::new(RuntimeHandle::new(Threads), None, Controls::default())
}

pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Bounds the search to so many preemptions, which finds what people know how to get wrong.
pub(crate) fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}
