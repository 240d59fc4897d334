//! Pipelines and segments: what users write. One file for each category of operator; each method is a
//! line over [`Pipeline::pipe`] or [`Segment::pipe`].

mod aggregate;
mod boundaries;
mod boxed;
mod branches;
pub(crate) mod combine;
mod expand;
pub(crate) mod files;
mod groups;
mod higher;
mod operator;
mod options;
mod results;
mod segment;
mod select;
pub(crate) mod sources;
mod terminals;
mod time;
mod transform;
mod wraps;

/// The free functions of all operators.
pub(crate) mod free {
    pub use super::aggregate::*;
    pub use super::boundaries::*;
    pub use super::branches::*;
    pub use super::combine::*;
    pub use super::expand::*;
    pub use super::groups::*;
    pub use super::higher::*;
    pub use super::results::*;
    pub use super::select::*;
    pub use super::time::*;
    pub use super::transform::*;
}

use std::fmt;
use std::ops::BitOr;

use anypipe_core::source::Gated;
use anypipe_core::{Holds, Scope, Source, Stage};
use anypipe_stages::Piped;
use futures_core::Stream;

pub use self::boxed::{BoxPipeline, BoxSegment, SharedPipeline, SharedSegment};
pub use self::segment::{Segment, segment};
pub use self::wraps::EachItem;

/// A source with stages behind it: a description, of which nothing runs until a terminal's run is
/// awaited.
///
/// # Examples
///
/// ```
/// use anypipe::prelude::*;
///
/// async fn lengths(words: Vec<String>) -> Vec<usize> {
///     Pipeline::from_iter(words).map(|word| word.len()).collect().await
/// }
/// ```
#[must_use = "a pipeline does nothing until a terminal's run is awaited"]
#[derive(Clone)]
pub struct Pipeline<S> {
    source: S,
}

impl<S: Source> Pipeline<Gated<S>> {
    /// A pipeline of any source.
    pub fn from_source(source: S) -> Self {
        Self { source: Gated::new(source) }
    }
}

impl<S> Pipeline<S> {
    /// Puts a stage behind: an operator of anypipe's or of others, a [`Segment`], a tuple of stages.
    #[doc(alias("pump", "through", "via"))]
    pub fn pipe<G: Stage<S::Item>>(self, stage: G) -> Pipeline<Piped<S, G>>
    where
        S: Source,
    {
        Pipeline { source: Piped { source: self.source, stage } }
    }

    /// The most items the pipeline can hold between its source and its end, [`Holds::UNBOUNDED`] where
    /// an operator in it knows no bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// let pipeline = Pipeline::from_iter(0..100)
    ///     .then(async |n| n + 1).workers(3).buffer_size(10)
    ///     .map(|n| n * 2);
    /// assert_eq!(pipeline.max_in_flight().limit(), Some(13));
    /// ```
    pub fn max_in_flight(&self) -> Holds
    where
        S: Source,
    {
        self.source.holds()
    }
}

/// A pipeline is a source itself, for those who combine sources.
impl<S: Source> Source for Pipeline<S> {
    type Item = S::Item;

    fn attach(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        self.source.attach(scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        // It begins with a gate, or was made of pipelines that do.
        self.source.attach(scope)
    }

    fn holds(&self) -> Holds {
        self.source.holds()
    }
}

impl<S: Source, G: Stage<S::Item>> BitOr<G> for Pipeline<S> {
    type Output = Pipeline<Piped<S, G>>;

    fn bitor(self, stage: G) -> Self::Output {
        self.pipe(stage)
    }
}

impl<S> fmt::Debug for Pipeline<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").finish_non_exhaustive()
    }
}
