use std::borrow::Cow;

use anypipe_core::option::{Named, OfTask, pass_options};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

/// A stage whose items depend on each other, with the task behind it that it is fused into.
#[derive(Clone, Debug)]
pub struct Sequential<G, P> {
    stage: G,
    task: P,
}

impl<G, P> Sequential<G, P> {
    /// Puts a task behind a stage, such as [`Pass`](crate::Pass) in a [`Parallel`](crate::Parallel).
    pub fn new(stage: G, task: P) -> Self {
        Self { stage, task }
    }
}

impl<In, G, P> Stage<In> for Sequential<G, P>
where
    G: Stage<In>,
    P: Stage<G::Out>,
{
    type Out = P::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = P::Out> + Send + 'static {
        self.task.attach(self.stage.attach(input, scope), scope)
    }

    fn holds(&self) -> Holds {
        self.stage.holds() + self.task.holds()
    }
}

pass_options!(Sequential<G, [P]>, OfTask, G, |both, edit| Sequential {
    stage: both.stage,
    task: both.task.configure(edit)
});

/// Both its closure and its task are called so.
impl<G: Named, P: Named> Named for Sequential<G, P> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { stage: self.stage.named(name.clone()), task: self.task.named(name) }
    }
}
