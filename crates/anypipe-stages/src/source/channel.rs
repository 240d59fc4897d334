use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::channel::{ChannelReceiver, RecvError};
use anypipe_core::{RunError, Scope, Source};
use futures_core::Stream;
use pin_project_lite::pin_project;

/// The items of a channel; made by [`from_channel`].
#[derive(Debug)]
pub struct FromChannel<R, T> {
    receiver: R,
    item: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::from_channel`, where all of it is told.
pub fn from_channel<T, R: ChannelReceiver<T>>(receiver: R) -> FromChannel<R, T> {
    FromChannel { receiver, item: PhantomData }
}

impl<T, R> Source for FromChannel<R, T>
where
    T: Send + 'static,
    R: ChannelReceiver<T>,
{
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let receive = |mut receiver: R| async move {
            let received = receiver.recv().await;
            (received, receiver)
        };
        let receiving = Some(receive(self.receiver));
        ChannelStream { receiving, receive, scope: Some(scope.clone()), over: false }
    }
}

pin_project! {
    // One receive after the other, each in the same place.
    struct ChannelStream<N, Fut> {
        #[pin]
        receiving: Option<Fut>,
        receive: N,
        // Fails the run where a sender vanished.
        scope: Option<Scope>,
        over: bool,
    }
}

impl<T, R, N, Fut> Stream for ChannelStream<N, Fut>
where
    N: FnMut(R) -> Fut,
    Fut: Future<Output = (Result<T, RecvError>, R)>,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        let Some(receiving) = this.receiving.as_mut().as_pin_mut() else {
            return if *this.over { Poll::Ready(None) } else { Poll::Pending };
        };
        let (outcome, receiver) = ready!(receiving.poll(cx));
        match outcome {
            Ok(item) => {
                this.receiving.set(Some((this.receive)(receiver)));
                Poll::Ready(Some(item))
            }
            Err(RecvError::Broken) => {
                // Not an end: the stream stays pending, and the run fails.
                this.receiving.set(None);
                if let Some(scope) = this.scope.take() {
                    scope.fail(RunError::broken("from_channel"));
                }
                Poll::Pending
            }
            Err(_) => {
                this.receiving.set(None);
                *this.over = true;
                Poll::Ready(None)
            }
        }
    }
}
