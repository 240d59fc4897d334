//! Pipelines and segments whose types can be written down.

use anypipe_core::{Source, Stage};
use anypipe_stages::{BoxSource, BoxStage};

use super::{Pipeline, Segment};

/// A pipeline whose type tells only its items; made by [`Pipeline::boxed`].
pub type BoxPipeline<T> = Pipeline<BoxSource<T>>;

/// A segment whose type tells only what goes in and out; made by [`Segment::boxed`].
pub type BoxSegment<In, Out> = Segment<BoxStage<In, Out>>;

impl<S: Source> Pipeline<S> {
    /// The same pipeline with a type that tells only its items: for a field, for the branches of an `if`,
    /// and to end a type that has grown long.
    ///
    /// It can't be cloned, and takes no options any more.
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
    pub fn boxed(self) -> BoxPipeline<S::Item> {
        Pipeline { source: BoxSource::new(self.source) }
    }
}

impl<G> Segment<G> {
    /// The same segment with a type that tells only what goes in and out.
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
