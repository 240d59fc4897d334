use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;

use futures_core::Stream;

use crate::drive::{Boundary, Key, Limits, Outlet, Weigh, Work};
use crate::holds::Holds;
use crate::scope::{Scope, in_stage};
use crate::stage::Stage;

/// A boundary: some [`Work`], done on each item in tasks of its own, with all that options can set. The carrier
/// of every option: each changes one of its parts.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::{At, Parallel, Work};
/// use anypipe::{Holds, Stage};
///
/// struct Double;
///
/// impl Work<u32> for Double {
///     type Out = u32;
///     type State = ();
///
///     async fn call(&self, _state: &mut (), _at: At<'_>, item: u32) -> Option<u32> {
///         Some(item * 2)
///     }
/// }
///
/// let double = Parallel::new("double", Double).edit(|boundary| boundary.workers(3).buffer_size(4));
/// assert_eq!(Stage::<u32>::holds(&double), Holds::at_most(7));
/// ```
#[derive(Clone)]
pub struct Parallel<W, K = NoKey, V = NoWeight> {
    boundary: Boundary,
    work: W,
    key: K,
    weight: V,
}

impl<W> Parallel<W> {
    /// Work in one task, with the default buffer, in order.
    pub fn new(name: impl Into<Cow<'static, str>>, work: W) -> Self {
        Self::within(Boundary::new(name), work)
    }

    /// Work in the tasks of a boundary.
    pub fn within(boundary: Boundary, work: W) -> Self {
        Self { boundary, work, key: NoKey, weight: NoWeight }
    }
}

impl<W, K, V> Parallel<W, K, V> {
    /// The same with other workers, another buffer, order or name.
    pub fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }

    /// The same with other work.
    pub fn map_work<X>(self, map: impl FnOnce(W) -> X) -> Parallel<X, K, V> {
        let Self { boundary, work, key, weight } = self;
        Parallel { boundary, work: map(work), key, weight }
    }

    /// The same with a key for each item: items of one key are worked on one after the other, in order.
    pub fn keyed<F>(self, key: F) -> Parallel<W, ByKey<F>, V> {
        let Self { boundary, work, weight, .. } = self;
        Parallel { boundary, work, key: ByKey(key), weight }
    }

    /// The same with finished items bounded by the weight `max` instead of by a number.
    ///
    /// # Panics
    ///
    /// Where `max` is 0.
    #[track_caller]
    pub fn weighed<F>(self, max: usize, weigh: F) -> Parallel<W, K, ByWeight<F>> {
        assert!(
            max > 0,
            "`buffer_weight(0, ..)`: nothing could ever wait; `rendezvous()` holds no finished items"
        );
        let Self { boundary, work, key, .. } = self;
        Parallel { boundary, work, key, weight: ByWeight { max, weigh } }
    }

    /// How many tasks there are, and how much waits behind them.
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// The same, to keep.
    pub fn into_boundary(self) -> Boundary {
        self.boundary
    }
}

impl<In, W, K, V> Stage<In> for Parallel<W, K, V>
where
    In: Send + 'static,
    W: Work<In>,
    K: OfItems<Key<In>> + Send + 'static,
    V: OfItems<(usize, Weigh<W::Out>)> + Send + 'static,
{
    type Out = W::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = W::Out> + Send + 'static {
        let limits = Limits { key: self.key.into_limit(), weight: self.weight.into_limit() };
        let out: Outlet<W::Out> = self.boundary.attach_with(input, self.work, limits, scope);
        out
    }

    fn holds(&self) -> Holds {
        if V::IS_SET { Holds::UNBOUNDED } else { self.boundary.holds() }
    }
}

impl<W, K, V> fmt::Debug for Parallel<W, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parallel").field("boundary", &self.boundary).finish_non_exhaustive()
    }
}

/// A limit `L` that depends on the items: [`NoKey`] or [`ByKey`], [`NoWeight`] or [`ByWeight`].
pub trait OfItems<L> {
    /// True where there is one.
    const IS_SET: bool;

    /// The limit, where there is one.
    fn into_limit(self) -> Option<L>;
}

/// Items have no keys.
#[derive(Clone, Copy, Debug)]
pub struct NoKey;

impl<L> OfItems<L> for NoKey {
    const IS_SET: bool = false;

    fn into_limit(self) -> Option<L> {
        None
    }
}

/// Items have the key that a closure tells.
#[derive(Clone, Copy)]
pub struct ByKey<F>(F);

impl<In, F, K> OfItems<Key<In>> for ByKey<F>
where
    F: Fn(&In) -> K + Send + Sync + 'static,
    K: Hash,
{
    const IS_SET: bool = true;

    fn into_limit(self) -> Option<Key<In>> {
        // Always the same hasher: a run must not depend on chance.
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        Some(Arc::new(move |item| in_stage("keyed", || hasher.hash_one((self.0)(item)))))
    }
}

impl<F> fmt::Debug for ByKey<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByKey").finish_non_exhaustive()
    }
}

/// Finished items are bounded by their number.
#[derive(Clone, Copy, Debug)]
pub struct NoWeight;

impl<L> OfItems<L> for NoWeight {
    const IS_SET: bool = false;

    fn into_limit(self) -> Option<L> {
        None
    }
}

/// Finished items are bounded by the weight that a closure tells.
#[derive(Clone, Copy)]
pub struct ByWeight<F> {
    max: usize,
    weigh: F,
}

impl<Out, F> OfItems<(usize, Weigh<Out>)> for ByWeight<F>
where
    F: Fn(&Out) -> usize + Send + Sync + 'static,
{
    const IS_SET: bool = true;

    fn into_limit(self) -> Option<(usize, Weigh<Out>)> {
        Some((self.max, Arc::new(move |item| in_stage("buffer_weight", || (self.weigh)(item)))))
    }
}

impl<F> fmt::Debug for ByWeight<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByWeight").field("max", &self.max).finish_non_exhaustive()
    }
}
