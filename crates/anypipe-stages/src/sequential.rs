use std::borrow::Cow;

use anypipe_core::drive::{Boundary, Outlet};
use anypipe_core::option::{HasBoundary, IntoBoundary, Named};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Pass;

/// A stage whose items depend on each other, in a task of its own: it is fused into that task.
#[derive(Clone, Debug)]
pub struct Sequential<G> {
    boundary: Boundary,
    stage: G,
}

impl<G> Sequential<G> {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, stage: G) -> Self {
        Self { boundary: Boundary::new(name), stage }
    }
}

impl<In, G: Stage<In>> Stage<In> for Sequential<G> {
    type Out = G::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = G::Out> + Send + 'static {
        let out: Outlet<G::Out> = self.boundary.attach(self.stage.attach(input, scope), Pass, scope);
        out
    }

    fn holds(&self) -> Holds {
        self.stage.holds() + self.boundary.holds()
    }
}

impl<G> IntoBoundary for Sequential<G> {
    type Boundary = Self;

    fn into_boundary(self) -> Self {
        self
    }
}

impl<G> HasBoundary for Sequential<G> {
    fn edit(mut self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.boundary = edit(self.boundary);
        self
    }
}

/// Both its closure and its task are called so.
impl<G: Named> Named for Sequential<G> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { boundary: self.boundary.named(name.clone()), stage: self.stage.named(name) }
    }
}
