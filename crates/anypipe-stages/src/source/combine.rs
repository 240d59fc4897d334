//! What the operators share that make one source of several.

use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use crate::attached::Attached;
use crate::stage::one_task;
use crate::{Parallel, Pass, Piped};

/// A way to make one source of several.
pub trait How: Clone + Send + 'static {
    /// The operator's name.
    const NAME: &'static str;
}

/// A way to make one source of two: [`Merge`](super::Merge), [`Zip`](super::Zip) and the rest.
pub trait Combine<A, B>: How {
    /// What comes out.
    type Out: Send + 'static;

    /// Starts both sources, or the first of them.
    fn combine<Y: Source<Item = B>>(
        self,
        first: impl Source<Item = A>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static;

    /// The most items both can hold, with the operator between them.
    fn holds(first: Holds, second: Holds) -> Holds {
        first + second
    }
}

/// A way to make one source of any number of sources of the same items.
pub trait CombineMany<T>: How {
    /// What comes out.
    type Out: Send + 'static;

    /// Starts the sources, or the first of them.
    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static;

    /// The most items they can hold, with the operator behind them.
    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        sources.sum()
    }
}

/// Two sources that `how` makes one of.
#[derive(Clone, Debug)]
pub struct Pair<K, A, B> {
    /// What is done with them.
    pub how: K,
    /// The first source.
    pub first: A,
    /// The second source.
    pub second: B,
}

impl<K, A, B> Source for Pair<K, A, B>
where
    A: Source,
    B: Source,
    K: Combine<A::Item, B::Item>,
{
    type Item = K::Out;

    fn attach(self, scope: &Scope) -> impl Stream<Item = K::Out> + Send + 'static {
        self.how.combine(self.first, self.second, scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = K::Out> + Send + 'static {
        // What it is made of obeys already.
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        K::holds(self.first.holds(), self.second.holds())
    }
}

/// Any number of sources that `how` makes one of.
#[derive(Clone, Debug)]
pub struct Several<K, S> {
    how: K,
    sources: Vec<S>,
}

impl<K, S> Several<K, S> {
    pub(super) fn new(how: K, sources: impl IntoIterator<Item = S>) -> Self {
        Self { how, sources: sources.into_iter().collect() }
    }
}

impl<K, S> Source for Several<K, S>
where
    S: Source,
    K: CombineMany<S::Item>,
{
    type Item = K::Out;

    fn attach(self, scope: &Scope) -> impl Stream<Item = K::Out> + Send + 'static {
        self.how.combine_many(self.sources, scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = K::Out> + Send + 'static {
        // What it is made of obeys already.
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        K::holds_many(&mut self.sources.iter().map(Source::holds))
    }
}

// One task behind it, that the sources without tasks of their own run in.
one_task!(
    Pair<K: How, A, B>,
    Piped,
    |source| (Parallel::new(K::NAME, Pass), source),
    |source, stage| Piped { source, stage }
);
one_task!(
    Several<K: How, S>,
    Piped,
    |source| (Parallel::new(K::NAME, Pass), source),
    |source, stage| Piped { source, stage }
);

/// A stream that is there already, as a source: the input of a stage.
pub(crate) struct Given<S>(pub(crate) S);

impl<S> Source for Given<S>
where
    S: Stream + Send + 'static,
    S::Item: Send + 'static,
{
    type Item = S::Item;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        self.0
    }

    fn attach_gated(self, _scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        self.0
    }
}

/// Attaches sources that are polled together.
pub(super) fn attach_all<S: Source>(sources: Vec<S>, scope: &Scope) -> Vec<Attached<S::Item>> {
    sources.into_iter().map(|source| Attached::source(source, scope)).collect()
}

/// The larger of two bounds.
pub(super) fn at_most_one(first: Holds, second: Holds) -> Holds {
    match first.limit().zip(second.limit()) {
        Some((first, second)) => Holds::at_most(first.max(second)),
        None => Holds::UNBOUNDED,
    }
}
