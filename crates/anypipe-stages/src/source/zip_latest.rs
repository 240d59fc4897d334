use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::{in_stage, poll_go_on};
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several};
use super::lanes::{Lane, Lanes, Row};
use super::zip::{pair, row};

/// Gives a row of the latest items whenever a source gives one; see [`zip_latest`].
#[derive(Clone, Copy, Debug)]
pub struct ZipLatest;

/// The source of `Pipeline::zip_latest` and of `source::zip_latest`, where all of it is told.
pub fn zip_latest<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<ZipLatest, S> {
    Several::new(ZipLatest, sources)
}

impl How for ZipLatest {
    const NAME: &'static str = "zip_latest";
}

impl<A, B> Combine<A, B> for ZipLatest
where
    A: Clone + Send + 'static,
    B: Clone + Send + 'static,
{
    type Out = (A, B);

    fn combine<Y: Source<Item = B>>(
        self,
        first: impl Source<Item = A>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = (A, B)> + Send + 'static {
        Latest::new(pair(first, second, scope), true, Self::NAME, |(a, b)| {
            Some((a.item()?.clone(), b.item()?.clone()))
        })
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        first + second + Holds::at_most(2)
    }
}

impl<T: Clone + Send + 'static> CombineMany<T> for ZipLatest {
    type Out = Vec<T>;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = Vec<T>> + Send + 'static {
        let clone = |lanes: &Vec<Lane<T>>| lanes.iter().map(|lane| lane.item().cloned()).collect();
        Latest::new(row(sources, scope), true, Self::NAME, clone)
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        let latest = Holds::at_most(sources.len());
        sources.sum::<Holds>() + latest
    }
}

/// Rows of the latest items.
pub(super) struct Latest<L, R> {
    row: Row<L>,
    /// True where a row needs an item of every lane.
    whole: bool,
    /// The operator's name, told where copying an item panics.
    name: &'static str,
    /// Makes a row of the latest items.
    copy: fn(&L) -> Option<R>,
    /// Set once the lanes were closed.
    over: bool,
}

impl<L: Lanes, R> Latest<L, R> {
    pub(super) fn new(lanes: L, whole: bool, name: &'static str, copy: fn(&L) -> Option<R>) -> Self {
        let row = Row::new(lanes);
        let over = row.is_empty();
        Self { row, whole, name, copy, over }
    }
}

// The lanes are only ever moved.
impl<L, R> Unpin for Latest<L, R> {}

impl<L: Lanes, R> Stream for Latest<L, R> {
    type Item = R;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let this = self.get_mut();
        loop {
            if this.over {
                return this.row.poll_closed(cx).map(|()| None);
            }
            if ready!(this.row.poll_event(this.whole, cx)) {
                if let Some(row) = in_stage(this.name, || (this.copy)(&this.row.lanes)) {
                    return Poll::Ready(Some(row));
                }
                ready!(poll_go_on(cx));
            } else {
                this.row.close();
                this.over = true;
            }
        }
    }
}
