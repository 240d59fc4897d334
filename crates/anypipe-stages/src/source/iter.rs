use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::stage::in_stage;
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
        IterStream { iter: Some(in_stage("from_iter", || self.iter.into_iter())) }
    }
}

struct IterStream<I> {
    /// The iterator, until it has ended.
    iter: Option<I>,
}

// The iterator is never pinned.
impl<I> Unpin for IterStream<I> {}

impl<I: Iterator> Stream for IterStream<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let item = match &mut self.iter {
            Some(iter) => in_stage("from_iter", || iter.next()),
            None => None,
        };
        if item.is_none() {
            self.iter = None;
        }
        Poll::Ready(item)
    }
}
