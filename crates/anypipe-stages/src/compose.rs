//! A source with a stage behind it, and a stage with a stage behind it.

use std::borrow::Cow;

use anypipe_core::drive::Boundary;
use anypipe_core::option::{
    HasBoundary, IntoBlocking, IntoBoundary, KeyedBy, Named, WeighedBy, Workers, WrapWith,
};
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
        impl<A, B: IntoBoundary> IntoBoundary for $Composed<A, B> {
            type Boundary = $Composed<A, B::Boundary>;

            fn into_boundary(self) -> Self::Boundary {
                $Composed { $before: self.$before, $last: self.$last.into_boundary() }
            }
        }

        impl<A, B: HasBoundary> HasBoundary for $Composed<A, B> {
            fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
                $Composed { $before: self.$before, $last: self.$last.edit(edit) }
            }
        }

        impl<A, B: Workers> Workers for $Composed<A, B> {}

        impl<A, B: IntoBlocking> IntoBlocking for $Composed<A, B> {
            type Blocking = $Composed<A, B::Blocking>;

            fn into_blocking(self) -> Self::Blocking {
                $Composed { $before: self.$before, $last: self.$last.into_blocking() }
            }
        }

        impl<A, B: KeyedBy<F>, F> KeyedBy<F> for $Composed<A, B> {
            type Keyed = $Composed<A, B::Keyed>;

            fn keyed_by(self, key: F) -> Self::Keyed {
                $Composed { $before: self.$before, $last: self.$last.keyed_by(key) }
            }
        }

        impl<A, B: WeighedBy<F>, F> WeighedBy<F> for $Composed<A, B> {
            type Weighed = $Composed<A, B::Weighed>;

            #[track_caller]
            fn weighed_by(self, max: usize, weigh: F) -> Self::Weighed {
                $Composed { $before: self.$before, $last: self.$last.weighed_by(max, weigh) }
            }
        }

        impl<A, B: WrapWith<K>, K> WrapWith<K> for $Composed<A, B> {
            type Wrapped = $Composed<A, B::Wrapped>;

            fn wrap_with(self, how: K) -> Self::Wrapped {
                $Composed { $before: self.$before, $last: self.$last.wrap_with(how) }
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
