use std::fmt;
use std::future::Future;
use std::ops::BitOr;

use anypipe_core::{Holds, Scope, Sink, Stage};
use anypipe_stages::Joined;
use futures_core::Stream;

/// A stage, or several, without a source: what a library returns for others to put in their pipelines.
///
/// With a sink behind it, by `|` or [`into_sink`](Segment::into_sink), it is a [`Sink`].
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

    /// Puts a sink behind: a sink that has these stages before it. `|` does the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # #[cfg(feature = "smol")] anypipe::run(async {
    /// let lengths = map(|word: &str| word.len()).into_sink(sink::sum::<usize>());
    /// assert_eq!(Pipeline::from_iter(["one", "three"]).into_sink(lengths).await, 8);
    /// # });
    /// ```
    pub fn into_sink<K>(self, sink: K) -> Joined<A, K> {
        Joined { first: self.stage, second: sink }
    }
}

/// A segment that ends in a sink.
impl<In, K: Sink<In>> Sink<In> for Segment<K> {
    type Output = K::Output;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = K::Output> + Send + 'static {
        self.stage.drain(input, scope)
    }

    fn holds(&self) -> Holds {
        self.stage.holds()
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
