use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several, attach_all};
use super::lanes::{Lane, Lanes, Row};
use crate::attached::Attached;

/// Gives rows of one item of each source; see [`zip`].
#[derive(Clone, Copy, Debug)]
pub struct Zip;

/// The source of `Pipeline::zip` and of `source::zip`, where all of it is told.
pub fn zip<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<Zip, S> {
    Several::new(Zip, sources)
}

impl How for Zip {
    const NAME: &'static str = "zip";
}

impl<A: Send + 'static, B: Send + 'static> Combine<A, B> for Zip {
    type Out = (A, B);

    fn combine<Y: Source<Item = B>>(
        self,
        first: impl Source<Item = A>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = (A, B)> + Send + 'static {
        Zipped::new(pair(first, second, scope), take_pair)
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        first + second + Holds::at_most(1)
    }
}

impl<T: Send + 'static> CombineMany<T> for Zip {
    type Out = Vec<T>;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = Vec<T>> + Send + 'static {
        Zipped::new(row(sources, scope), take_row)
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        let waiting = Holds::at_most(sources.len().saturating_sub(1));
        sources.sum::<Holds>() + waiting
    }
}

/// Two sources, side by side.
pub(super) fn pair<A: Source, B: Source>(
    first: A,
    second: B,
    scope: &Scope,
) -> (Lane<A::Item>, Lane<B::Item>) {
    (Lane::new(Attached::source(first, scope)), Lane::new(Attached::source(second, scope)))
}

/// Any number of sources, side by side.
pub(super) fn row<S: Source>(sources: Vec<S>, scope: &Scope) -> Vec<Lane<S::Item>> {
    attach_all(sources, scope).into_iter().map(Lane::new).collect()
}

pub(super) fn take_pair<A, B>(lanes: &mut (Lane<A>, Lane<B>)) -> (A, B) {
    (lanes.0.take(), lanes.1.take())
}

#[expect(clippy::ptr_arg, reason = "a lanes' type is `Vec`, not a slice of it")]
pub(super) fn take_row<T>(lanes: &mut Vec<Lane<T>>) -> Vec<T> {
    lanes.iter_mut().map(Lane::take).collect()
}

struct Zipped<L, R> {
    row: Row<L>,
    /// Makes a row of the lanes' items.
    take: fn(&mut L) -> R,
    /// Set once the lanes were closed.
    over: bool,
}

impl<L: Lanes, R> Zipped<L, R> {
    fn new(lanes: L, take: fn(&mut L) -> R) -> Self {
        let row = Row::new(lanes);
        let over = row.is_empty();
        Self { row, take, over }
    }
}

// The lanes are only ever moved.
impl<L, R> Unpin for Zipped<L, R> {}

impl<L: Lanes, R> Stream for Zipped<L, R> {
    type Item = R;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let this = self.get_mut();
        if !this.over {
            if ready!(this.row.poll_fill(cx)).is_ok() {
                let row = (this.take)(&mut this.row.lanes);
                this.row.taken();
                return Poll::Ready(Some(row));
            }
            this.row.close();
            this.over = true;
        }
        this.row.poll_closed(cx).map(|()| None)
    }
}
