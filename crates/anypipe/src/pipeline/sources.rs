//! Constructors of pipelines, and the free functions beside them.

use std::future::Future;

use anypipe_core::channel::{ChannelReceiver, Sender};
use anypipe_core::source::Gated;
use anypipe_stages::source::{self as sources, FromChannel, FromFn, FromIter, FromStream};
use futures_core::Stream;

use super::Pipeline;

/// Only a place for the constructors: `Pipeline::from_iter` needs a type for `Pipeline`'s parameter.
impl Pipeline<()> {
    /// The items of an iterator, in order. A long one gives way to the runtime now and then.
    ///
    /// → `I::Item`. Holds nothing. The iterator runs in the task that pulls it, so it must not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn all() -> Vec<u8> {
    ///     Pipeline::from_iter([1, 2, 3]).collect().await
    /// }
    /// ```
    #[expect(clippy::should_implement_trait, reason = "the field's name for it; a pipeline isn't collected")]
    pub fn from_iter<I>(iter: I) -> Pipeline<Gated<FromIter<I>>>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
    {
        Pipeline::from_source(sources::from_iter(iter))
    }

    /// The items of any stream.
    ///
    /// → `S::Item`. Holds nothing of its own. A stream's end is an end: one whose producer vanished can't
    /// be told from one that was complete.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use futures_core::Stream;
    ///
    /// async fn count<S: Stream<Item = u8> + Send + 'static>(stream: S) -> usize {
    ///     Pipeline::from_stream(stream).fold(0, |count, _| count + 1).await
    /// }
    /// ```
    pub fn from_stream<S>(stream: S) -> Pipeline<Gated<FromStream<S>>>
    where
        S: Stream<Item: Send + 'static> + Send + 'static,
    {
        Pipeline::from_source(sources::from_stream(stream))
    }

    /// What an asynchronous function sends: a generator.
    ///
    /// → `T`. Runs in a task of its own; holds its buffer (64). The items end when the function has
    /// returned and every sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn countdown() -> Vec<u8> {
    ///     let pipeline = Pipeline::from_fn(|sender| async move {
    ///         for n in [3, 2, 1] {
    ///             if sender.send(n).await.is_err() {
    ///                 return; // nobody takes the rest
    ///             }
    ///         }
    ///     });
    ///     pipeline.collect().await
    /// }
    /// ```
    pub fn from_fn<T, F, Fut>(f: F) -> Pipeline<Gated<FromFn<F, T>>>
    where
        T: Send + 'static,
        F: FnOnce(Sender<T>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Pipeline::from_source(sources::from_fn(f))
    }

    /// What a channel's receiver receives: anypipe's own, or a runtime's behind its adapter.
    ///
    /// → `T`. Holds nothing of its own. A sender that vanished fails the run as *broken*.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::channel::bounded;
    /// use anypipe::prelude::*;
    ///
    /// async fn received() -> Vec<u8> {
    ///     let (sender, receiver) = bounded(2);
    ///     sender.try_send(1).unwrap();
    ///     drop(sender);
    ///     Pipeline::from_channel(receiver).collect().await // [1]
    /// }
    /// ```
    pub fn from_channel<T, R>(receiver: R) -> Pipeline<Gated<FromChannel<R, T>>>
    where
        T: Send + 'static,
        R: ChannelReceiver<T>,
    {
        Pipeline::from_source(sources::from_channel(receiver))
    }
}
