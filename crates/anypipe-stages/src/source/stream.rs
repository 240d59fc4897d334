use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::source::gated;
use anypipe_core::stage::{Step, fused, in_stage};
use anypipe_core::{Scope, Source};
use futures_core::Stream;
use pin_project_lite::pin_project;

/// The items of a stream; made by [`from_stream`].
#[derive(Clone, Debug)]
pub struct FromStream<S> {
    stream: S,
}

/// The source of `Pipeline::from_stream`, where all of it is told.
pub fn from_stream<S: Stream>(stream: S) -> FromStream<S> {
    FromStream { stream }
}

impl<S> Source for FromStream<S>
where
    S: Stream + Send + 'static,
    S::Item: Send + 'static,
{
    type Item = S::Item;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        fused(Foreign { stream: self.stream }, Step::Give)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        gated(Foreign { stream: self.stream }, scope)
    }
}

pin_project! {
    // A stream of others, to be dropped at its end: its panics are told with a name.
    struct Foreign<S> {
        #[pin]
        stream: S,
    }
}

impl<S: Stream> Stream for Foreign<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        in_stage("from_stream", || self.project().stream.poll_next(cx))
    }
}
