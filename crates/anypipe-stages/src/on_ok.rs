//! A boundary on results that works on their values.

use std::borrow::Cow;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Boundary, Limits, Outlet, Work};
use anypipe_core::option::{HasBoundary, IntoBoundary, Named, Workers, WrapWith};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::limited::{Limitable, limits};
use crate::option::Wrap;

/// A boundary that works on the value of each `Ok`; an `Err` passes in its turn. Options that wrap work wrap
/// that on values.
#[derive(Clone, Debug)]
pub struct OnOk<W> {
    boundary: Boundary,
    work: W,
}

impl<W> OnOk<W> {
    pub(crate) fn new(name: &'static str, work: W) -> Self {
        Self { boundary: Boundary::new(name), work }
    }
}

impl<T, P, U, E, W> Stage<Result<T, P>> for OnOk<W>
where
    T: Send + 'static,
    P: From<E> + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    W: Work<T, Out = Result<U, E>>,
{
    type Out = Result<U, P>;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, P>> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Result<U, P>> + Send + 'static {
        let out: Outlet<Result<U, P>> = self.attach_with(input, Limits::default(), scope);
        out
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

impl<T, P, U, E, W> Limitable<Result<T, P>> for OnOk<W>
where
    T: Send + 'static,
    P: From<E> + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    W: Work<T, Out = Result<U, E>>,
{
    fn attach_with(
        self,
        input: impl Stream<Item = Result<T, P>> + Send + 'static,
        limits: Limits<Result<T, P>, Result<U, P>>,
        scope: &Scope,
    ) -> Outlet<Result<U, P>> {
        self.boundary.attach_with(input, Lift(self.work), limits, scope)
    }
}

limits!(OnOk<W>);

impl<W> IntoBoundary for OnOk<W> {
    type Boundary = Self;

    fn into_boundary(self) -> Self {
        self
    }
}

impl<W> HasBoundary for OnOk<W> {
    fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }
}

impl<W> Workers for OnOk<W> {}

impl<W, K> WrapWith<K> for OnOk<W> {
    type Wrapped = OnOk<Wrap<K, W>>;

    fn wrap_with(self, how: K) -> Self::Wrapped {
        OnOk { boundary: self.boundary, work: Wrap::new(how, self.work) }
    }
}

impl<W> Named for OnOk<W> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.boundary = self.boundary.named(name);
        self
    }
}

/// Work on values, as work on results.
struct Lift<W>(W);

impl<T, P, U, E, W> Work<Result<T, P>> for Lift<W>
where
    T: Send + 'static,
    P: From<E> + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    W: Work<T, Out = Result<U, E>>,
{
    type Out = Result<U, P>;
    type State = W::State;

    fn init(&self) -> impl Future<Output = W::State> + Send {
        self.0.init()
    }

    fn is_err(made: &Result<U, P>) -> bool {
        made.is_err()
    }

    fn call<'a>(
        &'a self,
        state: &'a mut W::State,
        item: Result<T, P>,
    ) -> impl Future<Output = Option<Result<U, P>>> + Send + 'a {
        self.call_at(state, At { stage: "work", index: 0 }, item)
    }

    fn poll_settled(&self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_settled(state, cx)
    }

    async fn call_at<'a>(
        &'a self,
        state: &'a mut W::State,
        at: At<'a>,
        item: Result<T, P>,
    ) -> Option<Result<U, P>> {
        match item {
            Ok(value) => {
                let made = self.0.call_at(state, at, value).await?;
                Some(made.map_err(P::from))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
