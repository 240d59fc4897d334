use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use anypipe_core::drive::Boundary;
use anypipe_core::option::Named;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::attached::{Attached, AttachedStream};
use crate::generate::generate;

/// Makes a stage of a sink, so that it can be a branch of `broadcast` or `route`.
pub trait IntoStage: Sized {
    /// The sink as a stage that gives nothing, whatever the items are that others give beside it.
    ///
    /// `In` → `Out`, of which none ever comes. A task of its own drains the sink, which holds what it holds;
    /// the stage ends when the sink has. What the sink gives must be `()`, or a `Result` of it: an `Err`
    /// fails the run.
    fn into_stage<Out>(self) -> SinkStage<Self, Out> {
        SinkStage { name: Name::new("sink"), sink: self, out: PhantomData }
    }
}

impl<K: Send + 'static> IntoStage for K {}

/// A sink as a stage; made by [`IntoStage::into_stage`].
pub struct SinkStage<K, Out> {
    name: Name,
    sink: K,
    out: PhantomData<fn() -> Out>,
}

/// What a sink may give where nobody takes it: nothing, or an error, which fails the run.
#[diagnostic::on_unimplemented(
    message = "a sink that gives `{Self}` can't be a branch: nobody would see what it gives",
    note = "use a sink that gives `()`, or a `Result<(), E>`, whose error fails the run"
)]
pub trait NothingToTell {
    /// Makes sure that nothing is lost.
    ///
    /// # Panics
    ///
    /// Where there is an error.
    fn finish(self);
}

impl NothingToTell for () {
    fn finish(self) {}
}

impl<T: NothingToTell, E: Debug> NothingToTell for Result<T, E> {
    fn finish(self) {
        match self {
            Ok(value) => value.finish(),
            Err(error) => panic!("the sink failed: {error:?}"),
        }
    }
}

impl<In, K, Out> Stage<In> for SinkStage<K, Out>
where
    In: Send + 'static,
    K: Sink<In, Output: NothingToTell>,
    Out: Send + 'static,
{
    type Out = Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Out> + Send + 'static {
        AttachedStream(drain_beside(&self.name, self.sink, input, scope))
    }
}

/// Drains a sink in a task of its own; gives a stream without items that ends when the sink has. Dropped
/// before, it cancels the sink.
pub(crate) fn drain_beside<In, K, Out>(
    name: &Name,
    sink: K,
    input: impl Stream<Item = In> + Send + 'static,
    scope: &Scope,
) -> Attached<Out>
where
    In: Send + 'static,
    K: Sink<In, Output: NothingToTell>,
    Out: Send + 'static,
{
    let scope = scope.child();
    let told = name.clone();
    let ended = generate(&Boundary::new(name.0.clone()), &scope, |sender| {
        let drained = sink.drain(input, &scope);
        async move {
            let output = drained.await;
            in_stage(&told.0, || output.finish());
            drop(sender);
        }
    });
    Attached::own(ended, scope)
}

impl<K, Out> Named for SinkStage<K, Out> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.name = Name(name);
        self
    }
}

impl<K: Clone, Out> Clone for SinkStage<K, Out> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), sink: self.sink.clone(), out: PhantomData }
    }
}

impl<K: Debug, Out> Debug for SinkStage<K, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkStage").field("name", &self.name).field("sink", &self.sink).finish()
    }
}
