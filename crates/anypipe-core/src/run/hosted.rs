//! The sink of an awaited run, in a task of the run.

// For maintainers. Whoever awaits a run may be polled anywhere: in `main`, by a `block_on`, on a thread that none of
// the runtime's tasks ever see. A sink that is polled there is woken across threads for each chunk, which takes longer
// than the chunk does. So it gets a task beside those of the stages, and the awaiter is woken once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::scope::task::BoxFuture;
use crate::scope::{Giver, Scope, is_in_task_of, promise};

/// The sink of a run, for the run's own part: in a task where the run has others, unless the run's own part is polled
/// where those are.
pub(super) fn hosted<T: Send + 'static>(
    name: &'static str,
    scope: &Scope,
    sink: impl Future<Output = T> + Send + 'static,
) -> BoxFuture<T> {
    let runtime = scope.runtime();
    let hosted = scope.has_tasks() && !is_in_task_of(runtime) && !runtime.is_current();
    scope.controls().set_sink(hosted);
    if !hosted {
        return Box::pin(sink);
    }
    let (giver, mut promise) = promise();
    scope.spawn_sink(name.into(), Box::pin(Hosted { sink, giver: Some(giver) }));
    Box::pin(poll_fn(move |cx| match ready!(Pin::new(&mut promise).poll(cx)) {
        Some(value) => Poll::Ready(value),
        // The task panicked, or lost its runtime: the scope has been told, or is being told.
        None => Poll::Pending,
    }))
}

pin_project! {
    struct Hosted<F, T> {
        #[pin]
        sink: F,
        giver: Option<Giver<T>>,
    }
}

impl<F: Future<Output = T>, T> Future for Hosted<F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let value = ready!(this.sink.poll(cx));
        if let Some(giver) = this.giver.take() {
            // Where the run was given up nobody wants it.
            drop(giver.give(value));
        }
        Poll::Ready(())
    }
}
