use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several};
use super::lanes::Lane;
use super::zip::{pair, row};
use super::zip_latest::{Latest, ZipLatest};

/// Gives a row of the latest items, as far as there are any, whenever a source gives one; see
/// [`zip_latest_partial`].
#[derive(Clone, Copy, Debug)]
pub struct ZipLatestPartial;

/// The source of `Pipeline::zip_latest_partial` and of `source::zip_latest_partial`, where all of it is told.
pub fn zip_latest_partial<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<ZipLatestPartial, S> {
    Several::new(ZipLatestPartial, sources)
}

impl How for ZipLatestPartial {
    const NAME: &'static str = "zip_latest_partial";
}

impl<A, B> Combine<A, B> for ZipLatestPartial
where
    A: Clone + Send + 'static,
    B: Clone + Send + 'static,
{
    type Out = (Option<A>, Option<B>);

    fn combine<Y: Source<Item = B>>(
        self,
        first: impl Source<Item = A>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        Latest::new(pair(first, second, scope), false, Self::NAME, |(a, b)| {
            Some((a.item().cloned(), b.item().cloned()))
        })
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        <ZipLatest as Combine<A, B>>::holds(first, second)
    }
}

impl<T: Clone + Send + 'static> CombineMany<T> for ZipLatestPartial {
    type Out = Vec<Option<T>>;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        let clone =
            |lanes: &Vec<Lane<T>>| Some(lanes.iter().map(|lane| lane.item().cloned()).collect::<Vec<_>>());
        Latest::new(row(sources, scope), false, Self::NAME, clone)
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        <ZipLatest as CombineMany<T>>::holds_many(sources)
    }
}
