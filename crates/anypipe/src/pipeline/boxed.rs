//! Pipelines and segments whose types can be written down.

use anypipe_core::{Source, Stage};
use anypipe_stages::{BoxSource, BoxStage, SharedSource, SharedStage};

use super::{Pipeline, Segment};

/// A pipeline whose type tells only its items; made by [`Pipeline::boxed`].
pub type BoxPipeline<T> = Pipeline<BoxSource<T>>;

/// A segment whose type tells only what goes in and out; made by [`Segment::boxed`].
pub type BoxSegment<In, Out> = Segment<BoxStage<In, Out>>;

/// As [`BoxPipeline`], and can be cloned and shared between threads; made by [`Pipeline::shared`].
pub type SharedPipeline<T> = Pipeline<SharedSource<T>>;

/// As [`BoxSegment`], and can be cloned and shared between threads; made by [`Segment::shared`].
pub type SharedSegment<In, Out> = Segment<SharedStage<In, Out>>;

impl<S> Pipeline<S> {
    /// As [`boxed`](Pipeline::boxed), for a pipeline that is run more than once: it can be cloned, kept in a
    /// field and shared between threads. What it is made of must be so too: closures that own their data, no
    /// channel's only receiver.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// struct Report {
    ///     lines: SharedPipeline<String>,
    /// }
    ///
    /// impl Report {
    ///     async fn length(&self) -> usize {
    ///         self.lines.clone().map(|line| line.len()).sum().await
    ///     }
    /// }
    ///
    /// let report = Report { lines: Pipeline::from_iter(["a", "bc"]).map(str::to_owned).shared() };
    /// # drop(report);
    /// ```
    pub fn shared<T>(self) -> SharedPipeline<T>
    where
        S: Source<Item = T>,
        T: Send + 'static,
        S: Clone + Sync,
    {
        Pipeline { source: SharedSource::new(self.source) }
    }

    /// The same pipeline with a type that tells only its items: for a field, for the branches of an `if`,
    /// and to end a type that has grown long.
    ///
    /// It can't be cloned, for which there is [`shared`](Pipeline::shared), and takes no options any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// fn numbers(only_even: bool) -> BoxPipeline<u32> {
    ///     let all = Pipeline::from_iter(0..9);
    ///     if only_even { all.filter(|n| n % 2 == 0).boxed() } else { all.boxed() }
    /// }
    /// ```
    pub fn boxed<T>(self) -> BoxPipeline<T>
    where
        S: Source<Item = T>,
        T: Send + 'static,
    {
        Pipeline { source: BoxSource::new(self.source) }
    }
}

impl<G> Segment<G> {
    /// As [`boxed`](Segment::boxed), for a segment that is used more than once: it can be cloned, kept in a field
    /// and shared between threads. Each run attaches a clone of the stages, so their state is its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// struct Service {
    ///     parse: SharedSegment<String, u64>,
    /// }
    ///
    /// impl Service {
    ///     async fn sum(&self, texts: Vec<String>) -> u64 {
    ///         Pipeline::from_iter(texts).pipe(self.parse.clone()).sum().await
    ///     }
    /// }
    ///
    /// let service = Service { parse: map(|text: String| text.len() as u64).workers(4).shared() };
    /// # drop(service);
    /// ```
    pub fn shared<In, Out>(self) -> SharedSegment<In, Out>
    where
        In: Send + 'static,
        Out: Send + 'static,
        G: Stage<In, Out = Out> + Clone + Sync,
    {
        Segment { stage: SharedStage::new(self.stage) }
    }

    /// The same segment with a type that tells only what goes in and out. It can't be cloned, for which there is
    /// [`shared`](Segment::shared).
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// fn scaled(by: u32) -> BoxSegment<u32, u32> {
    ///     if by == 1 { boundary().boxed() } else { map(move |n: u32| n * by).boxed() }
    /// }
    /// ```
    pub fn boxed<In, Out>(self) -> BoxSegment<In, Out>
    where
        In: Send + 'static,
        Out: Send + 'static,
        G: Stage<In, Out = Out>,
    {
        Segment { stage: BoxStage::new(self.stage) }
    }
}
