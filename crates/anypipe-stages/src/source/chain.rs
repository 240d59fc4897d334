use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several, at_most_one};
use crate::attached::Attached;

/// Gives the items of the sources one source after the other; see [`chain`].
#[derive(Clone, Copy, Debug)]
pub struct Chain;

/// The source of `Pipeline::chain` and of `source::chain`, where all of it is told.
pub fn chain<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<Chain, S> {
    Several::new(Chain, sources)
}

impl How for Chain {
    const NAME: &'static str = "chain";
}

impl<T: Send + 'static> Combine<T, T> for Chain {
    type Out = T;

    fn combine<Y: Source<Item = T>>(
        self,
        first: impl Source<Item = T>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let first = Some(Attached::source(first, scope));
        let (rest, scope) = (Some(second).into_iter(), scope.clone());
        Chained { present: first, rest, scope, attach: Attached::source }
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        at_most_one(first, second)
    }
}

impl<T: Send + 'static> CombineMany<T> for Chain {
    type Out = T;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let (rest, scope) = (sources.into_iter(), scope.clone());
        Chained { present: None, rest, scope, attach: Attached::repeated }
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        sources.fold(Holds::NONE, at_most_one)
    }
}

struct Chained<T, I: Iterator> {
    /// The source whose items are given.
    present: Option<Attached<T>>,
    /// Those that have not started.
    rest: I,
    scope: Scope,
    /// Attaches the next of them.
    attach: fn(I::Item, &Scope) -> Attached<T>,
}

// The sources are only ever moved.
impl<T, I: Iterator> Unpin for Chained<T, I> {}

impl<T, I> Stream for Chained<T, I>
where
    T: Send + 'static,
    I: Iterator<Item: Source<Item = T>>,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            if let Some(present) = &mut this.present {
                if let Some(item) = ready!(present.poll_next(cx)) {
                    return Poll::Ready(Some(item));
                }
                this.present = None;
                ready!(poll_go_on(cx));
            }
            let Some(next) = this.rest.next() else { return Poll::Ready(None) };
            this.present = Some((this.attach)(next, &this.scope));
        }
    }
}
