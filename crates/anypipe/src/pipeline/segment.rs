use std::fmt;
use std::ops::BitOr;

use anypipe_core::{Holds, Scope, Stage};
use anypipe_stages::Joined;
use futures_core::Stream;

/// A stage, or several, without a source: what a library returns for others to put in their pipelines.
///
/// # Examples
///
/// ```
/// use anypipe::prelude::*;
///
/// fn shout() -> Segment<impl Stage<String, Out = String>> {
///     map(|word: String| word.to_uppercase()).filter(|word: &String| !word.is_empty())
/// }
/// ```
#[must_use = "a segment does nothing until a pipeline with it is run"]
#[derive(Clone)]
pub struct Segment<G> {
    pub(super) stage: G,
}

/// A segment of any stage, for its methods and for `|`.
pub fn segment<G>(stage: G) -> Segment<G> {
    Segment { stage }
}

impl<A> Segment<A> {
    /// Puts a stage behind: an operator of anypipe's or of others, a segment, a tuple of stages.
    pub fn pipe<B>(self, stage: B) -> Segment<Joined<A, B>> {
        Segment { stage: Joined { first: self.stage, second: stage } }
    }
}

impl<In, G: Stage<In>> Stage<In> for Segment<G> {
    type Out = G::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = G::Out> + Send + 'static {
        self.stage.attach(input, scope)
    }

    fn holds(&self) -> Holds {
        self.stage.holds()
    }
}

impl<A, B> BitOr<B> for Segment<A> {
    type Output = Segment<Joined<A, B>>;

    fn bitor(self, stage: B) -> Self::Output {
        self.pipe(stage)
    }
}

impl<G> fmt::Debug for Segment<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").finish_non_exhaustive()
    }
}
