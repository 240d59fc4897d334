//! A source with a stage behind it, and a stage with a stage or a sink behind it.

use std::borrow::Cow;
use std::future::Future;

use anypipe_core::option::{Named, pass_options};
use anypipe_core::{Holds, Scope, Sink, Source, Stage};
use futures_core::Stream;

/// A source with a stage behind it. Options go to the stage.
#[derive(Clone, Debug)]
pub struct Piped<S, G> {
    /// Where the items come from.
    pub source: S,
    /// What happens to them.
    pub stage: G,
}

impl<S, G> Source for Piped<S, G>
where
    S: Source,
    G: Stage<S::Item>,
{
    type Item = G::Out;

    fn attach(self, scope: &Scope) -> impl Stream<Item = G::Out> + Send + 'static {
        self.stage.attach(self.source.attach(scope), scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = G::Out> + Send + 'static {
        // The gate belongs where the items come from: what is on its way must come out.
        self.stage.attach(self.source.attach_gated(scope), scope)
    }

    fn holds(&self) -> Holds {
        self.source.holds() + self.stage.holds()
    }
}

/// A stage with a stage behind it, or with a sink: then it is a sink. Options go to the last.
#[derive(Clone, Debug)]
pub struct Joined<A, B> {
    /// The stage that sees the items first.
    pub first: A,
    /// The stage or the sink behind it.
    pub second: B,
}

impl<In, A, B> Stage<In> for Joined<A, B>
where
    A: Stage<In>,
    B: Stage<A::Out>,
{
    type Out = B::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = B::Out> + Send + 'static {
        self.second.attach(self.first.attach(input, scope), scope)
    }

    fn holds(&self) -> Holds {
        self.first.holds() + self.second.holds()
    }
}

impl<In, A, K> Sink<In> for Joined<A, K>
where
    A: Stage<In>,
    K: Sink<A::Out>,
{
    type Output = K::Output;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = K::Output> + Send + 'static {
        self.second.drain(self.first.attach(input, scope), scope)
    }

    fn holds(&self) -> Holds {
        self.first.holds() + self.second.holds()
    }
}

// Options go to the last.
pass_options!(Piped<S, [G]>, G::Can, G::Last, |piped, edit| Piped { source: piped.source, stage: piped.stage.configure(edit) });
pass_options!(Joined<A, [B]>, B::Can, B::Last, |joined, edit| Joined { first: joined.first, second: joined.second.configure(edit) });

impl<S, G: Named> Named for Piped<S, G> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { source: self.source, stage: self.stage.named(name) }
    }
}

impl<A, B: Named> Named for Joined<A, B> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { first: self.first, second: self.second.named(name) }
    }
}
