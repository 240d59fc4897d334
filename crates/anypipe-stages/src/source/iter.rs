use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::source::gated;
use anypipe_core::stage::{Step, fused, in_stage};
use anypipe_core::{Scope, Source};
use futures_core::Stream;

/// The items of an iterator; made by [`from_iter`].
#[derive(Clone, Debug)]
pub struct FromIter<I> {
    iter: I,
}

/// The source of `Pipeline::from_iter`, where all of it is told.
pub fn from_iter<I: IntoIterator>(iter: I) -> FromIter<I> {
    FromIter { iter }
}

impl<I> Source for FromIter<I>
where
    I: IntoIterator + Send + 'static,
    I::IntoIter: Send + 'static,
    I::Item: Send + 'static,
{
    type Item = I::Item;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = I::Item> + Send + 'static {
        fused(self.stream(), Step::Give)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = I::Item> + Send + 'static {
        gated(self.stream(), scope)
    }
}

impl<I: IntoIterator> FromIter<I> {
    fn stream(self) -> IterStream<I::IntoIter> {
        IterStream { iter: in_stage("from_iter", || self.iter.into_iter()) }
    }
}

/// To be dropped at its end.
struct IterStream<I> {
    iter: I,
}

// The iterator is never pinned.
impl<I> Unpin for IterStream<I> {}

impl<I: Iterator> Stream for IterStream<I> {
    type Item = I::Item;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(in_stage("from_iter", || self.iter.next()))
    }
}
