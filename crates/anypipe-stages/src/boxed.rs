//! Types behind which any source, and any stage, can stand.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use anypipe_core::{Holds, Scope, Source, Stage};
use futures_core::Stream;

type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;
type Attach<T> = Box<dyn FnOnce(&Scope) -> BoxStream<T> + Send>;

/// Any source of `T`s behind one type; made by [`BoxSource::new`].
///
/// It costs an allocation when the run starts, and an indirect call for each item.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod author { pub use anypipe_stages as operators; } }
/// use anypipe::author::operators::{BoxSource, source::from_iter};
///
/// let sources: Vec<BoxSource<i32>> =
///     vec![BoxSource::new(from_iter(0..3)), BoxSource::new(from_iter(vec![7]))];
/// assert_eq!(sources.len(), 2);
/// ```
pub struct BoxSource<T> {
    /// Starts it.
    attach: Attach<T>,
    /// What the source behind it holds.
    holds: Holds,
}

impl<T: Send + 'static> BoxSource<T> {
    /// Puts `source` behind the common type.
    pub fn new(source: impl Source<Item = T>) -> Self {
        let holds = source.holds();
        Self { attach: Box::new(|scope| Box::pin(source.attach_gated(scope))), holds }
    }
}

impl<T: Send + 'static> Source for BoxSource<T> {
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        (self.attach)(scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        // What it is made of obeys already.
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        self.holds
    }
}

impl<T> fmt::Debug for BoxSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxSource").field("holds", &self.holds).finish_non_exhaustive()
    }
}

type AttachStage<In, Out> = Box<dyn FnOnce(BoxStream<In>, &Scope) -> BoxStream<Out> + Send>;

/// Any stage from `In`s to `Out`s behind one type; made by [`BoxStage::new`].
///
/// It costs two allocations when the run starts, and two indirect calls for each item.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod author { pub use anypipe_stages as operators; } }
/// use anypipe::author::operators::{BoxStage, stage};
///
/// fn scaled(by: i32) -> BoxStage<i32, i32> {
///     if by == 1 { BoxStage::new(stage::boundary()) } else { BoxStage::new(stage::map(move |n: i32| n * by)) }
/// }
/// # drop((scaled(1), scaled(2)));
/// ```
pub struct BoxStage<In, Out> {
    attach: AttachStage<In, Out>,
    /// What the stage behind it holds.
    holds: Holds,
}

impl<In: Send + 'static, Out: Send + 'static> BoxStage<In, Out> {
    /// Puts `stage` behind the common type.
    pub fn new(stage: impl Stage<In, Out = Out>) -> Self {
        let holds = stage.holds();
        Self { attach: Box::new(|input, scope| Box::pin(stage.attach(input, scope))), holds }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for BoxStage<In, Out> {
    type Out = Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Out> + Send + 'static {
        (self.attach)(Box::pin(input), scope)
    }

    fn holds(&self) -> Holds {
        self.holds
    }
}

/// Any source of `T`s that can be cloned behind one type; made by [`SharedSource::new`]. Clones give the same
/// items anew, each in a run of its own.
pub struct SharedSource<T> {
    /// Makes one to start.
    make: Arc<dyn Fn() -> BoxSource<T> + Send + Sync>,
}

impl<T: Send + 'static> SharedSource<T> {
    /// Puts `source` behind the common type.
    pub fn new(source: impl Source<Item = T> + Clone + Sync) -> Self {
        Self { make: Arc::new(move || BoxSource::new(source.clone())) }
    }
}

impl<T: Send + 'static> Source for SharedSource<T> {
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        (self.make)().attach(scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        // What it is made of obeys already.
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        (self.make)().holds()
    }
}

impl<T> Clone for SharedSource<T> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make) }
    }
}

impl<T> fmt::Debug for SharedSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSource").finish_non_exhaustive()
    }
}

/// Any stage from `In`s to `Out`s that can be cloned behind one type; made by [`SharedStage::new`]. It can be
/// kept, and used in any number of runs at the same time: each attaches a clone of its own.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub mod author { pub use anypipe_stages as operators; } }
/// use anypipe::author::operators::{SharedStage, stage};
///
/// struct Service {
///     parse: SharedStage<String, usize>,
/// }
///
/// let service = Service { parse: SharedStage::new(stage::map(|text: String| text.len())) };
/// let parse = service.parse.clone();
/// # drop((service, parse));
/// ```
pub struct SharedStage<In, Out> {
    /// Makes one to attach.
    make: Arc<dyn Fn() -> BoxStage<In, Out> + Send + Sync>,
}

impl<In: Send + 'static, Out: Send + 'static> SharedStage<In, Out> {
    /// Puts `stage` behind the common type.
    pub fn new(stage: impl Stage<In, Out = Out> + Clone + Sync) -> Self {
        Self { make: Arc::new(move || BoxStage::new(stage.clone())) }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for SharedStage<In, Out> {
    type Out = Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Out> + Send + 'static {
        (self.make)().attach(input, scope)
    }

    fn holds(&self) -> Holds {
        (self.make)().holds()
    }
}

impl<In, Out> Clone for SharedStage<In, Out> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make) }
    }
}

impl<In, Out> fmt::Debug for SharedStage<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStage").finish_non_exhaustive()
    }
}

impl<In, Out> fmt::Debug for BoxStage<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxStage").field("holds", &self.holds).finish_non_exhaustive()
    }
}
