//! Boundaries with limits that depend on their items: `.keyed(f)` and `.buffer_weight(max, weigh)`.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;

use anypipe_core::drive::{Boundary, Limits, Outlet};
use anypipe_core::option::{HasBoundary, IntoBoundary, KeyedBy, Named, WeighedBy, Workers, WrapWith};
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

/// A boundary that can be attached with limits.
pub trait Limitable<In>: Stage<In> {
    /// As [`Stage::attach`], with limits.
    fn attach_with(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        limits: Limits<In, Self::Out>,
        scope: &Scope,
    ) -> Outlet<Self::Out>;
}

/// A boundary whose items of one key are worked on one after the other.
#[derive(Clone, Debug)]
pub struct Keyed<P, F> {
    boundary: P,
    key: F,
}

impl<In, P, F, K> Limitable<In> for Keyed<P, F>
where
    In: Send + 'static,
    P: Limitable<In>,
    F: Fn(&In) -> K + Send + Sync + 'static,
    K: Hash,
{
    fn attach_with(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        mut limits: Limits<In, P::Out>,
        scope: &Scope,
    ) -> Outlet<P::Out> {
        // Always the same hasher: a run must not depend on chance.
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let key = self.key;
        limits.key = Some(Arc::new(move |item| in_stage("keyed", || hasher.hash_one(key(item)))));
        self.boundary.attach_with(input, limits, scope)
    }
}

impl<In, P, F, K> Stage<In> for Keyed<P, F>
where
    In: Send + 'static,
    P: Limitable<In>,
    F: Fn(&In) -> K + Send + Sync + 'static,
    K: Hash,
{
    type Out = P::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = P::Out> + Send + 'static {
        let out: Outlet<P::Out> = self.attach_with(input, Limits::default(), scope);
        out
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

/// A boundary whose finished items wait up to a weight.
#[derive(Clone, Debug)]
pub struct Weighted<P, F> {
    boundary: P,
    max: usize,
    weigh: F,
}

impl<In, P, F> Limitable<In> for Weighted<P, F>
where
    In: Send + 'static,
    P: Limitable<In>,
    F: Fn(&P::Out) -> usize + Send + Sync + 'static,
{
    fn attach_with(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        mut limits: Limits<In, P::Out>,
        scope: &Scope,
    ) -> Outlet<P::Out> {
        let weigh = self.weigh;
        limits.weight = Some((self.max, Arc::new(move |item| in_stage("buffer_weight", || weigh(item)))));
        self.boundary.attach_with(input, limits, scope)
    }
}

impl<In, P, F> Stage<In> for Weighted<P, F>
where
    In: Send + 'static,
    P: Limitable<In>,
    F: Fn(&P::Out) -> usize + Send + Sync + 'static,
{
    type Out = P::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = P::Out> + Send + 'static {
        let out: Outlet<P::Out> = self.attach_with(input, Limits::default(), scope);
        out
    }

    /// A weight says nothing of a number.
    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

/// The options of a limited boundary are those of the boundary.
macro_rules! options_of_boundary {
    ($Limited:ident { $($rest:ident),+ }) => {
        impl<P, F> IntoBoundary for $Limited<P, F>
        where
            P: HasBoundary,
        {
            type Boundary = Self;

            fn into_boundary(self) -> Self {
                self
            }
        }

        impl<P: HasBoundary, F> HasBoundary for $Limited<P, F> {
            fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
                Self { boundary: self.boundary.edit(edit), $($rest: self.$rest),+ }
            }
        }

        impl<P: HasBoundary + Workers, F> Workers for $Limited<P, F> {}

        impl<P: WrapWith<K>, F, K> WrapWith<K> for $Limited<P, F> {
            type Wrapped = $Limited<P::Wrapped, F>;

            fn wrap_with(self, how: K) -> Self::Wrapped {
                $Limited { boundary: self.boundary.wrap_with(how), $($rest: self.$rest),+ }
            }
        }

        impl<P: Named, F> Named for $Limited<P, F> {
            fn named(self, name: Cow<'static, str>) -> Self {
                Self { boundary: self.boundary.named(name), $($rest: self.$rest),+ }
            }
        }
    };
}

options_of_boundary!(Keyed { key });
options_of_boundary!(Weighted { max, weigh });

/// Gives the boundary form of a stage its limits.
macro_rules! limits {
    ($Stage:ident<$($P:ident),+>) => {
        impl<$($P,)+ Key> anypipe_core::option::KeyedBy<Key> for $Stage<$($P),+>
        where
            Self: anypipe_core::option::IntoBoundary,
        {
            type Keyed = $crate::Keyed<<Self as anypipe_core::option::IntoBoundary>::Boundary, Key>;

            fn keyed_by(self, key: Key) -> Self::Keyed {
                $crate::limited::keyed(anypipe_core::option::IntoBoundary::into_boundary(self), key)
            }
        }

        impl<$($P,)+ Weigh> anypipe_core::option::WeighedBy<Weigh> for $Stage<$($P),+>
        where
            Self: anypipe_core::option::IntoBoundary,
        {
            type Weighed = $crate::Weighted<<Self as anypipe_core::option::IntoBoundary>::Boundary, Weigh>;

            #[track_caller]
            fn weighed_by(self, max: usize, weigh: Weigh) -> Self::Weighed {
                $crate::limited::weighted(anypipe_core::option::IntoBoundary::into_boundary(self), max, weigh)
            }
        }
    };
}
pub(crate) use limits;

pub(crate) fn keyed<P, F>(boundary: P, key: F) -> Keyed<P, F> {
    Keyed { boundary, key }
}

#[track_caller]
pub(crate) fn weighted<P, F>(boundary: P, max: usize, weigh: F) -> Weighted<P, F> {
    assert!(
        max > 0,
        "`buffer_weight(0, ..)`: nothing could ever wait; `rendezvous()` holds no finished items"
    );
    Weighted { boundary, max, weigh }
}

impl<P: HasBoundary, F, Weigh> WeighedBy<Weigh> for Keyed<P, F> {
    type Weighed = Weighted<Self, Weigh>;

    #[track_caller]
    fn weighed_by(self, max: usize, weigh: Weigh) -> Self::Weighed {
        weighted(self, max, weigh)
    }
}

impl<P: HasBoundary + Workers, F, Key> KeyedBy<Key> for Weighted<P, F> {
    type Keyed = Keyed<Self, Key>;

    fn keyed_by(self, key: Key) -> Self::Keyed {
        keyed(self, key)
    }
}
