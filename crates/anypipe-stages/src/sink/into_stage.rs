use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use anypipe_core::drive::Boundary;
use anypipe_core::option::Named;
use anypipe_core::run::picture::StageKind;
use anypipe_core::scope::Charted;
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::attached::{Attached, AttachedStream};
use crate::generate::generate;

/// A sink as a stage that gives what the sink does.
#[derive(Clone, Debug)]
pub struct SinkStage<K> {
    name: Name,
    sink: K,
}

impl<K> SinkStage<K> {
    /// The stage of `IntoStage::into_stage`, where all of it is told.
    pub fn new(sink: K) -> Self {
        Self { name: Name::new("sink"), sink }
    }

    /// The stage of `IntoStage::into_silent_stage`, where all of it is told.
    pub fn silent<Out>(self) -> SilentStage<K, Out> {
        SilentStage { name: self.name, sink: self.sink, out: PhantomData }
    }
}

impl<In, K> Stage<In> for SinkStage<K>
where
    In: Send + 'static,
    K: Sink<In>,
{
    type Out = K::Output;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = K::Output> + Send + 'static {
        let charted = scope.charted(self.name.0.clone(), StageKind::Sink);
        AttachedStream(drain_beside(&self.name, charted, self.sink, input, scope.child(), Some))
    }

    fn holds(&self) -> Holds {
        // And what it gives.
        self.sink.holds() + Holds::at_most(1)
    }
}

/// A sink as a stage that gives nothing, whatever `Out` is.
pub struct SilentStage<K, Out> {
    name: Name,
    sink: K,
    out: PhantomData<fn() -> Out>,
}

impl<In, K, Out> Stage<In> for SilentStage<K, Out>
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
        let charted = scope.charted(self.name.0.clone(), StageKind::Sink);
        AttachedStream(drain_silently(&self.name, charted, self.sink, input, scope))
    }

    fn holds(&self) -> Holds {
        self.sink.holds()
    }
}

/// What a sink may give where nobody takes it: nothing, or an error, which fails the run.
#[diagnostic::on_unimplemented(
    message = "a sink that gives `{Self}` can't stand here: nobody would see what it gives",
    note = "use a sink that gives `()`, or a `Result<(), E>`, whose error fails the run",
    note = "to see what it gives make it a branch: `.broadcast((.., sink.into_stage()))`"
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

/// Drains a sink in a task of its own, and gives nothing; ends when the sink has. Dropped before, it cancels the sink.
pub(crate) fn drain_silently<In, K, Out>(
    name: &Name,
    charted: Charted,
    sink: K,
    input: impl Stream<Item = In> + Send + 'static,
    scope: &Scope,
) -> Attached<Out>
where
    In: Send + 'static,
    K: Sink<In, Output: NothingToTell>,
    Out: Send + 'static,
{
    drain_beside(name, charted, sink, input, scope.child(), |output: K::Output| {
        output.finish();
        None
    })
}

/// Drains a sink in a task of its own, and gives what `tell` makes of its output.
fn drain_beside<In, K, Out>(
    name: &Name,
    charted: Charted,
    sink: K,
    input: impl Stream<Item = In> + Send + 'static,
    scope: Scope,
    tell: impl FnOnce(K::Output) -> Option<Out> + Send + 'static,
) -> Attached<Out>
where
    In: Send + 'static,
    K: Sink<In>,
    Out: Send + 'static,
{
    let told = name.clone();
    let given = generate(&Boundary::new(name.0.clone()).buffer_size(1), charted, &scope, |sender| {
        let drained = sink.drain(input, &scope);
        async move {
            let output = drained.await;
            let Some(item) = in_stage(&told.0, || tell(output)) else { return drop(sender) };
            // Who takes no items has cancelled this.
            drop(sender.send(item).await);
        }
    });
    Attached::own(given, scope)
}

impl<K> Named for SinkStage<K> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.name = Name(name);
        self
    }
}

impl<K, Out> Named for SilentStage<K, Out> {
    fn named(mut self, name: Cow<'static, str>) -> Self {
        self.name = Name(name);
        self
    }
}

impl<K: Clone, Out> Clone for SilentStage<K, Out> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), sink: self.sink.clone(), out: PhantomData }
    }
}

impl<K: Debug, Out> Debug for SilentStage<K, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SilentStage").field("name", &self.name).field("sink", &self.sink).finish()
    }
}
