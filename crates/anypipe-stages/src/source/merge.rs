use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several};
use crate::attached::Attached;
use crate::many::Many;

/// Gives the items of all sources as they come; see [`merge`].
#[derive(Clone, Copy, Debug)]
pub struct Merge;

/// The source of `Pipeline::merge` and of `source::merge`, where all of it is told.
pub fn merge<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<Merge, S> {
    Several::new(Merge, sources)
}

impl How for Merge {
    const NAME: &'static str = "merge";
}

impl<T: Send + 'static> Combine<T, T> for Merge {
    type Out = T;

    fn combine<Y: Source<Item = T>>(
        self,
        first: impl Source<Item = T>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let mut many = Many::new();
        many.push(Attached::stream(first.attach(scope)));
        many.push(Attached::stream(second.attach(scope)));
        Merged { many }
    }
}

impl<T: Send + 'static> CombineMany<T> for Merge {
    type Out = T;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let mut many = Many::new();
        for source in sources {
            many.push(Attached::stream(source.attach(scope)));
        }
        Merged { many }
    }
}

/// The items of streams, as they come.
pub(crate) struct Merged<T> {
    pub(crate) many: Many<T>,
}

impl<T> Stream for Merged<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match ready!(self.many.poll_next(cx)) {
                Some((_, Some(item))) => return Poll::Ready(Some(item)),
                // One has ended.
                Some((_, None)) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}
