//! Terminals: each gives a run.

use anypipe_core::run::RunStream;
use anypipe_core::{Run, Sink, Source};
use anypipe_stages::sink;

use super::Pipeline;
use crate::backend::choose;

impl<S: Source> Pipeline<S> {
    /// Drains the pipeline into a sink: anypipe's own or that of others.
    pub fn into_sink<K: Sink<S::Item>>(self, sink: K) -> Run<K::Output> {
        self.terminal("sink", sink)
    }

    fn terminal<K: Sink<S::Item>>(self, name: &'static str, sink: K) -> Run<K::Output> {
        Run::drain(name, choose, self.source, sink)
    }

    /// Gathers all items in a collection: anything that is `Default + Extend`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use anypipe::prelude::*;
    ///
    /// async fn distinct(words: Vec<String>) -> BTreeSet<String> {
    ///     Pipeline::from_iter(words).collect().await
    /// }
    /// ```
    pub fn collect<C>(self) -> Run<C>
    where
        C: Default + Extend<S::Item> + Send + 'static,
    {
        self.terminal("collect", sink::collect())
    }

    /// Gathers the values of all results in a collection, or gives the first `Err` and cancels the rest.
    /// [`Run::all_errors`] gives every error instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::ParseIntError;
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<String>) -> Result<Vec<u32>, ParseIntError> {
    ///     Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).try_collect().await
    /// }
    /// ```
    pub fn try_collect<C, T, E>(self) -> Run<Result<C, E>>
    where
        S: Source<Item = Result<T, E>>,
        T: Send + 'static,
        E: Send + 'static,
        C: Default + Extend<T> + Send + 'static,
    {
        self.terminal("try_collect", sink::try_collect())
    }

    /// Calls `f` with each item, in the task of the awaiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn tell(words: Vec<String>) {
    ///     Pipeline::from_iter(words).for_each(|word| println!("{word}")).await;
    /// }
    /// ```
    pub fn for_each<F>(self, f: F) -> Run<()>
    where
        F: FnMut(S::Item) + Send + 'static,
    {
        self.terminal("for_each", sink::for_each(f))
    }

    /// Folds all items into one value, from `start` on; gives `start` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sum() -> u64 {
    ///     Pipeline::from_iter(1..=4).fold(0, |sum, n| sum + n).await // 10
    /// }
    /// ```
    pub fn fold<A, F>(self, start: A, f: F) -> Run<A>
    where
        A: Send + 'static,
        F: FnMut(A, S::Item) -> A + Send + 'static,
    {
        self.terminal("fold", sink::fold(start, f))
    }

    /// Gives the items one by one, for the rest of the futures world.
    ///
    /// Dropping the stream cancels the run. Where the run fails the stream panics;
    /// [`RunStream::checked`] gives the failure as a last item instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use futures_core::Stream;
    ///
    /// fn lengths(words: Vec<String>) -> impl Stream<Item = usize> {
    ///     Pipeline::from_iter(words).map(|word| word.len()).into_stream()
    /// }
    /// ```
    pub fn into_stream(self) -> RunStream<S::Item> {
        RunStream::new(choose, self.source)
    }
}
