use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Boundary, Outlet, Work};
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, Named, Workers};
use anypipe_core::stage::{Step, fused};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::{Name, Parallel, Seat};

/// A synchronous closure with a state of its worker; made by [`map_with`].
#[derive(Clone, Debug)]
pub struct MapWith<I, F> {
    name: Name,
    init: I,
    f: F,
}

/// The stage of `Pipeline::map_with`, where all of it is told.
pub fn map_with<I, F>(init: I, f: F) -> MapWith<I, F> {
    MapWith { name: Name::new("map_with"), init, f }
}

impl<I, F> MapWith<I, F> {
    /// Works on one item, with the state that is there from the first on.
    fn apply<In, St, U>(&self, state: &mut Option<St>, item: In) -> U
    where
        I: Fn() -> St,
        F: Fn(&mut St, In) -> U,
    {
        (self.f)(state.get_or_insert_with(&self.init), item)
    }
}

impl<In, St, U, I, F> Stage<In> for MapWith<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = U> + Send + 'static {
        let mut state = None;
        fused(input, move |item| Step::Give(self.name.guard(|| self.apply(&mut state, item))))
    }
}

impl<I, F> IntoBoundary for MapWith<I, F> {
    type Boundary = Parallel<MapWithTasks<I, F>>;

    fn into_boundary(self) -> Self::Boundary {
        Parallel::new(self.name.0.clone(), MapWithTasks(self))
    }
}

impl<I, F> Workers for MapWith<I, F> {}

impl<I, F> IntoBlocking for MapWith<I, F> {
    type Blocking = MapWithBlocking<I, F>;

    fn into_blocking(self) -> Self::Blocking {
        MapWithBlocking { boundary: Boundary::new(self.name.0.clone()), stage: self }
    }
}

impl<I, F> Named for MapWith<I, F> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { name: Name(name), ..self }
    }
}

/// The work of [`map_with`] in tasks of its own.
#[derive(Clone, Debug)]
pub struct MapWithTasks<I, F>(MapWith<I, F>);

impl<In, St, U, I, F> Work<In> for MapWithTasks<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;
    type State = Option<St>;

    async fn init(&self) -> Option<St> {
        None
    }

    async fn call(&self, state: &mut Option<St>, item: In) -> Option<U> {
        Some(self.0.apply(state, item))
    }
}

impl<I, F> IntoBlocking for Parallel<MapWithTasks<I, F>> {
    type Blocking = MapWithBlocking<I, F>;

    fn into_blocking(self) -> Self::Blocking {
        let (boundary, work) = self.into_parts();
        MapWithBlocking { boundary, stage: work.0 }
    }
}

/// [`map_with`] on the blocking pool: the state is made there too, and handed from job to job.
#[derive(Clone, Debug)]
pub struct MapWithBlocking<I, F> {
    boundary: Boundary,
    stage: MapWith<I, F>,
}

impl<In, St, U, I, F> Stage<In> for MapWithBlocking<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = U> + Send + 'static {
        let out: Outlet<U> = self.boundary.attach(input, OnPool(Arc::new(self.stage)), scope);
        out
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

impl<I, F> IntoBoundary for MapWithBlocking<I, F> {
    type Boundary = Self;

    fn into_boundary(self) -> Self {
        self
    }
}

impl<I, F> HasBoundary for MapWithBlocking<I, F> {
    fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }
}

impl<I, F> Workers for MapWithBlocking<I, F> {}

impl<I, F> Named for MapWithBlocking<I, F> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { boundary: self.boundary.named(name.clone()), stage: self.stage.named(name) }
    }
}

struct OnPool<I, F>(Arc<MapWith<I, F>>);

impl<In, St, U, I, F> Work<In> for OnPool<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;
    type State = Seat<St, U>;

    async fn init(&self) -> Seat<St, U> {
        Seat::new()
    }

    fn call<'a>(
        &'a self,
        state: &'a mut Seat<St, U>,
        item: In,
    ) -> impl Future<Output = Option<U>> + Send + 'a {
        self.call_at(state, At { stage: "map_with", index: 0 }, item)
    }

    async fn call_at<'a>(&'a self, state: &'a mut Seat<St, U>, at: At<'a>, item: In) -> Option<U> {
        let work = Arc::clone(&self.0);
        state.work(at, move |state| Some(work.apply(state, item))).await
    }

    fn poll_settled(&self, state: &mut Seat<St, U>, cx: &mut Context<'_>) -> Poll<()> {
        state.poll_settled(cx)
    }
}
