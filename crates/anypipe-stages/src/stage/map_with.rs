use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Work};
use anypipe_core::option::{CanBlock, Configure, Named, NoKey, NoWeight, OfEach, Parallel};
use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::{Name, Seat};

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

impl<I, F> Configure for MapWith<I, F> {
    type Can = OfEach;
    type Last = Self;
    type Work = MapWithTasks<I, F>;
    type Key = NoKey;
    type Weight = NoWeight;
    type With<W, K, V> = Parallel<W, K, V>;

    fn configure<W, K, V>(
        self,
        edit: impl FnOnce(Parallel<MapWithTasks<I, F>>) -> Parallel<W, K, V>,
    ) -> Parallel<W, K, V> {
        edit(Parallel::new(self.name.0.clone(), MapWithTasks(self)))
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

    async fn call(&self, state: &mut Option<St>, _at: At<'_>, item: In) -> Option<U> {
        Some(self.0.apply(state, item))
    }
}

impl<I, F> CanBlock for MapWithTasks<I, F> {
    type OnPool = MapWithOnPool<I, F>;

    fn on_pool(self) -> MapWithOnPool<I, F> {
        MapWithOnPool(Arc::new(self.0))
    }
}

/// The work of [`map_with`] on the blocking pool: the state is made there too, and handed from job to job.
#[derive(Debug)]
pub struct MapWithOnPool<I, F>(Arc<MapWith<I, F>>);

/// All clones do the same work.
impl<I, F> Clone for MapWithOnPool<I, F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<In, St, U, I, F> Work<In> for MapWithOnPool<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;
    type State = Seat<St, U>;

    async fn call(&self, state: &mut Seat<St, U>, at: At<'_>, item: In) -> Option<U> {
        let work = Arc::clone(&self.0);
        state.work(at, move |state| Some(work.apply(state, item))).await
    }

    fn poll_settled(&self, state: &mut Seat<St, U>, cx: &mut Context<'_>) -> Poll<()> {
        state.poll_settled(cx)
    }
}
