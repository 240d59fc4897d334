//! What cases are written with.

mod around;
mod clock;
mod flow;
mod guard;
mod site;
mod wait;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use anypipe_core::run::{TaskGroup, inherit, task_group};

use futures_core::Stream;

pub(crate) use self::around::Around;
pub(crate) use self::clock::{
    Clock, crowd, is_exact, is_virtual, runtime, settle, sleep, steps, unit, until,
};
pub(crate) use self::flow::{Flow, flow};
pub(crate) use self::guard::{Dropped, Tells};
pub(crate) use self::site::Site;
pub(crate) use self::wait::{Waiter, Wakes, beside, kept, wait};
use crate::case::note_tried;
pub(crate) use crate::registry::give_way;

/// Runs a body that spawns children, and waits for all of them.
pub(crate) async fn together<R, F, Fut>(body: F) -> R
where
    R: Send + 'static,
    F: FnOnce(TaskGroup<R>) -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    task_group(inherit, body).await
}

/// Polls once, without waiting.
pub(crate) async fn once<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx))).await
}

/// Polls once, in a poll that has just begun: what is free is had, since nothing has gone on for long.
pub(crate) async fn fresh<F: Future + Unpin>(future: F) -> Poll<F::Output> {
    give_way().await;
    once(future).await
}

/// Polls a future this often at the most, giving way in between, then drops it.
pub(crate) async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx: &mut Context<'_>| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// The next item of a stream.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// The text of the panic of a call.
pub(crate) fn panic_of<R>(call: impl FnOnce() -> R) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(call)).err()?;
    Some(text_of(&*panic))
}

/// The text of the panic of a future.
pub(crate) async fn panic_in<F: Future>(future: F) -> Option<String> {
    let mut future = Box::pin(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(|_| None),
        Err(panic) => Poll::Ready(Some(text_of(&*panic))),
    })
    .await
}

pub(crate) fn text_of(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    let text = literal.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a payload that is no text".to_owned())
}

/// Notes what is being tried, until it is done: a test that fails or hangs in between tells it.
pub(crate) struct Crumb(());

impl Crumb {
    pub(crate) fn new(told: &str) -> Self {
        note_tried(Some(told));
        Self(())
    }

    #[expect(clippy::unused_self, reason = "only what was begun is done")]
    pub(crate) fn done(self) {
        note_tried(None);
    }
}

/// A stream of what a closure gives when it is polled.
pub(crate) fn poll_stream<T, F>(poll: F) -> impl Stream<Item = T>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<T>> + Unpin,
{
    struct Polled<F>(F);
    impl<T, F: FnMut(&mut Context<'_>) -> Poll<Option<T>> + Unpin> Stream for Polled<F> {
        type Item = T;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
            (self.0)(cx)
        }
    }
    Polled(poll)
}
