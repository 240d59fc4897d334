//! Stages that run in tasks of their own.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Boundary, Limits, Outlet, Work};
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, Named, Workers, WrapWith};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Seat;
use crate::limited::{Limitable, limits};
use crate::option::Wrap;

/// Has the options that wrap work go to the boundary form of a stage.
macro_rules! wraps {
    ($Stage:ident<$($P:ident),+>, $Work:ty) => {
        impl<$($P,)+ How> anypipe_core::option::WrapWith<How> for $Stage<$($P),+> {
            type Wrapped = $crate::Parallel<$crate::option::Wrap<How, $Work>>;

            fn wrap_with(self, how: How) -> Self::Wrapped {
                anypipe_core::option::IntoBoundary::into_boundary(self)
                    .map_work(|work| $crate::option::Wrap::new(how, work))
            }
        }
    };
}
pub(crate) use wraps;

/// A boundary: some work, done on each item in tasks of its own.
#[derive(Clone, Debug)]
pub struct Parallel<W> {
    boundary: Boundary,
    work: W,
}

impl<W> Parallel<W> {
    /// Work in one task, with the default buffer, in order.
    pub fn new(name: impl Into<Cow<'static, str>>, work: W) -> Self {
        Self { boundary: Boundary::new(name), work }
    }

    /// The same boundary with other work.
    pub(crate) fn map_work<V>(self, map: impl FnOnce(W) -> V) -> Parallel<V> {
        Parallel { boundary: self.boundary, work: map(self.work) }
    }

    pub(crate) fn into_parts(self) -> (Boundary, W) {
        (self.boundary, self.work)
    }
}

impl<In, W> Stage<In> for Parallel<W>
where
    In: Send + 'static,
    W: Work<In>,
{
    type Out = W::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = W::Out> + Send + 'static {
        let out: Outlet<W::Out> = self.attach_with(input, Limits::default(), scope);
        out
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

impl<In, W> Limitable<In> for Parallel<W>
where
    In: Send + 'static,
    W: Work<In>,
{
    fn attach_with(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        limits: Limits<In, W::Out>,
        scope: &Scope,
    ) -> Outlet<W::Out> {
        self.boundary.attach_with(input, self.work, limits, scope)
    }
}

limits!(Parallel<W>);
wraps!(Parallel<W>, W);

impl<W> IntoBoundary for Parallel<W> {
    type Boundary = Self;

    fn into_boundary(self) -> Self {
        self
    }
}

impl<W> HasBoundary for Parallel<W> {
    fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }
}

impl<W> Workers for Parallel<W> {}

impl<W> Named for Parallel<W> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.boundary = self.boundary.named(name);
        self
    }
}

/// Work that passes items on: the work of `boundary()` and `buffer(n)`.
#[derive(Clone, Copy, Debug)]
pub struct Pass;

impl<In: Send + 'static> Work<In> for Pass {
    type Out = In;
    type State = ();

    async fn init(&self) {}

    async fn call(&self, _state: &mut (), item: In) -> Option<In> {
        Some(item)
    }
}

/// What a synchronous stage does with one item: the one place from which its fused form, its form
/// with workers and its form on the blocking pool are made.
pub trait Synchronous<In>: Send + Sync + 'static {
    /// What comes of an item.
    type Out: Send + 'static;

    /// Works on one item; `None` filters it out. Whoever calls it names the stage, which has another name
    /// where it is a boundary that was [`named`](Named::named).
    fn apply(&self, item: In) -> Option<Self::Out>;
}

/// A synchronous stage's work in tasks of its own.
#[derive(Clone, Debug)]
pub struct Tasks<Y>(pub(crate) Y);

impl<In, Y> Work<In> for Tasks<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    type Out = Y::Out;
    type State = ();

    async fn init(&self) {}

    async fn call(&self, _state: &mut (), item: In) -> Option<Y::Out> {
        self.0.apply(item)
    }
}

/// A synchronous stage on the blocking pool, with as many threads at a time as it has workers, and no more: work
/// whose item was given up, by `timeout_each`, keeps its worker until it has ended.
#[derive(Clone, Debug)]
pub struct Blocking<Y> {
    boundary: Boundary,
    work: Y,
}

impl<Y> Blocking<Y> {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, work: Y) -> Self {
        Self { boundary: Boundary::new(name), work }
    }
}

impl<Y> IntoBlocking for Parallel<Tasks<Y>> {
    type Blocking = Blocking<Y>;

    fn into_blocking(self) -> Blocking<Y> {
        Blocking { boundary: self.boundary, work: self.work.0 }
    }
}

impl<In, Y> Stage<In> for Blocking<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    type Out = Y::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Y::Out> + Send + 'static {
        let out: Outlet<Y::Out> = self.attach_with(input, Limits::default(), scope);
        out
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

impl<In, Y> Limitable<In> for Blocking<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    fn attach_with(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        limits: Limits<In, Y::Out>,
        scope: &Scope,
    ) -> Outlet<Y::Out> {
        let work = OnPool { work: Arc::new(self.work) };
        self.boundary.attach_with(input, work, limits, scope)
    }
}

limits!(Blocking<Y>);

impl<Y, K> WrapWith<K> for Blocking<Y> {
    type Wrapped = Parallel<Wrap<K, OnPool<Y>>>;

    fn wrap_with(self, how: K) -> Self::Wrapped {
        let work = Wrap::new(how, OnPool { work: Arc::new(self.work) });
        Parallel { boundary: self.boundary, work }
    }
}

impl<Y> IntoBoundary for Blocking<Y> {
    type Boundary = Self;

    fn into_boundary(self) -> Self {
        self
    }
}

impl<Y> HasBoundary for Blocking<Y> {
    fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }
}

impl<Y> Workers for Blocking<Y> {}

impl<Y> Named for Blocking<Y> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.boundary = self.boundary.named(name);
        self
    }
}

/// The work of a [`Blocking`] stage: each item is one job, that the scope joins.
#[derive(Debug)]
pub struct OnPool<Y> {
    work: Arc<Y>,
}

/// All clones do the same work.
impl<Y> Clone for OnPool<Y> {
    fn clone(&self) -> Self {
        Self { work: Arc::clone(&self.work) }
    }
}

impl<In, Y> Work<In> for OnPool<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    type Out = Y::Out;
    type State = Seat<(), Y::Out>;

    async fn init(&self) -> Self::State {
        Seat::new()
    }

    fn call<'a>(
        &'a self,
        state: &'a mut Self::State,
        item: In,
    ) -> impl Future<Output = Option<Y::Out>> + Send + 'a {
        self.call_at(state, At { stage: "blocking", index: 0 }, item)
    }

    async fn call_at<'a>(&'a self, state: &'a mut Self::State, at: At<'a>, item: In) -> Option<Y::Out> {
        let work = Arc::clone(&self.work);
        state.work(at, move |_| work.apply(item)).await
    }

    fn poll_settled(&self, state: &mut Self::State, cx: &mut Context<'_>) -> Poll<()> {
        state.poll_settled(cx)
    }
}
