use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// The future of work that filters nothing out. An `async` block around one would be built for each stage, and is more than all
    /// the rest; and each worker would have room for all that it is called with.
    pub(crate) struct Made<Fut> {
        #[pin]
        future: Fut,
    }
}

impl<Fut> Made<Fut> {
    pub(crate) fn new(future: Fut) -> Self {
        Self { future }
    }
}

impl<Fut: Future> Future for Made<Fut> {
    type Output = Option<Fut::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Some)
    }
}
