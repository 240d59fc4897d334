//! A source with a stage behind it, and a stage with a stage behind it.

use std::borrow::Cow;

use anypipe_core::option::{Configure, Named, Parallel};
use anypipe_core::{Holds, Scope, Source, Stage};
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

/// A stage with a stage behind it. Options go to the last.
#[derive(Clone, Debug)]
pub struct Joined<A, B> {
    /// The stage that sees the items first.
    pub first: A,
    /// The stage behind it.
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

/// Passes the options of a composition on to its last stage.
macro_rules! options_of_last {
    ($Composed:ident, $before:ident, $last:ident) => {
        impl<A, B: Configure> Configure for $Composed<A, B> {
            type Can = B::Can;
            type Last = B::Last;
            type Work = B::Work;
            type Key = B::Key;
            type Weight = B::Weight;
            type With<W, K, V> = $Composed<A, B::With<W, K, V>>;

            fn configure<W, K, V>(
                self,
                edit: impl FnOnce(Parallel<B::Work, B::Key, B::Weight>) -> Parallel<W, K, V>,
            ) -> Self::With<W, K, V> {
                $Composed { $before: self.$before, $last: self.$last.configure(edit) }
            }
        }

        impl<A, B: Named> Named for $Composed<A, B> {
            fn named(self, name: Cow<'static, str>) -> Self {
                $Composed { $before: self.$before, $last: self.$last.named(name) }
            }
        }
    };
}

options_of_last!(Piped, source, stage);
options_of_last!(Joined, first, second);
