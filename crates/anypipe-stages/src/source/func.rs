use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::channel::{Receiver, Sender, bounded};
use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, RunError, Scope, Source};
use futures_core::Stream;

/// An asynchronous generator; made by [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F, T> {
    f: F,
    item: std::marker::PhantomData<fn() -> T>,
}

/// Gives what an asynchronous function sends.
///
/// → `T`. Runs in a task of its own; holds its buffer (64). The items end when the function has
/// returned and every [`Sender`] is gone; a sender that vanished fails the run as *broken*.
pub fn from_fn<T, F, Fut>(f: F) -> FromFn<F, T>
where
    F: FnOnce(Sender<T>) -> Fut,
    Fut: Future<Output = ()>,
{
    FromFn { f, item: std::marker::PhantomData }
}

impl<T, F, Fut> Source for FromFn<F, T>
where
    T: Send + 'static,
    F: FnOnce(Sender<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let (sender, receiver) = bounded(DEFAULT_BUFFER);
        // The generator ends when nobody takes its items any more, even while its future is pending.
        let watched = sender.clone();
        let future = in_stage("from_fn", || (self.f)(sender));
        scope.spawn("from_fn", async move {
            let mut future = std::pin::pin!(future);
            let mut closed = std::pin::pin!(watched.closed());
            std::future::poll_fn(|cx| {
                if closed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                future.as_mut().poll(cx)
            })
            .await;
        });
        FnStream { receiver, scope: scope.clone() }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(DEFAULT_BUFFER)
    }
}

struct FnStream<T> {
    receiver: Receiver<T>,
    scope: Scope,
}

impl<T> Stream for FnStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match std::task::ready!(Pin::new(&mut self.receiver).poll_next(cx)) {
            Some(Ok(item)) => Poll::Ready(Some(item)),
            Some(Err(_)) => {
                // Not an end: the stream stays pending, and the run fails.
                if !self.scope.is_cancelled() {
                    self.scope.fail(RunError::broken("from_fn"));
                }
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}
