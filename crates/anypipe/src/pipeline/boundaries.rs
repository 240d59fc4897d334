//! Boundaries by themselves.

use std::future::Future;

use anypipe_core::channel::Sender;
use anypipe_stages::stage::{BoundaryStage, BufferLossy, HandWritten, Overflow};

pub use anypipe_stages::stage::Input;

use super::operator::operator;

operator! {
    /// Gives what comes before it a task of its own, with the default buffer (64) behind it.
    ///
    /// `In` → `In`. A boundary: holds its buffer and one item.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// // The two closures run at the same time.
    /// async fn both() -> Vec<u64> {
    ///     Pipeline::from_iter(0..9).map(|n| n + 1).boundary().map(|n| n * 2).collect().await
    /// }
    /// ```
    boundary() -> BoundaryStage;
    [] where
}

operator! {
    /// Gives what comes before it a task of its own, with a buffer of `n` items behind it.
    ///
    /// `In` → `In`. A boundary: holds `n` items and one.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// assert_eq!(Pipeline::from_iter(0..9).buffer(4).max_in_flight(), Holds::at_most(5));
    /// ```
    #[doc(alias("onBackpressureBuffer", "prefetch", "prefetchN", "spawned"))]
    buffer(n: usize) -> BoundaryStage;
    [] where
}

operator! {
    /// Takes items as fast as they come, whoever is slow behind it, and has up to `n` of them wait; where there is no room, drops
    /// the one that waits longest, or the new one, as `overflow` says.
    ///
    /// `In` → `In`. A boundary with a task of its own: holds `n` items and one. It never holds back what is before it, so put it where
    /// being late is worse than missing something, and nowhere else: [`buffer`](Self::buffer) loses nothing. How many were dropped
    /// [`stats`](anypipe_core::run::Control::stats) tells, as `filtered` of the stage `buffer_lossy`. Takes `.named(..)`.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use anypipe::stage::Overflow;
    ///
    /// # async fn draw(frame: Vec<u8>) {}
    /// // A screen that can't keep up leaves out old frames.
    /// async fn show(frames: Pipeline<impl Source<Item = Vec<u8>>>) {
    ///     frames.buffer_lossy(2, Overflow::DropOldest).for_each_async(draw).await;
    /// }
    /// ```
    #[doc(alias("backpressure_with_relief_valve", "onBackpressureDrop"))]
    buffer_lossy(n: usize, overflow: Overflow) -> BufferLossy;
    [] where
}

operator! {
    /// Takes items as fast as they come, and gives the latest: of those that come while what is behind is busy, all but the
    /// last are dropped. As [`buffer_lossy`](Self::buffer_lossy) with one place, whose stage is called `latest`.
    ///
    /// `In` → `In`. A boundary with a task of its own: holds two items.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # async fn redraw(price: u32) {}
    /// async fn show(prices: Pipeline<impl Source<Item = u32>>) {
    ///     prices.latest().for_each_async(redraw).await;
    /// }
    /// ```
    #[doc(alias("conflate", "onBackpressureLatest"))]
    latest() -> BufferLossy;
    [] where
}

operator! {
    /// Has a task of your own take the input and send the output: full control.
    ///
    /// `In` → `U`, asynchronous. A boundary with a buffer of 64 behind it; what the task itself holds is
    /// unknown, so there is no bound. The output ends when the future is done and every [`Sender`] is gone. When
    /// nobody takes the output any more, the future is dropped.
    ///
    /// # Panics
    ///
    /// A panic of the task fails the run, which tells it as "stage `stage` panicked: …"; `.named(..)` gives it
    /// a name of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// /// Gives items in threes, the largest of the three first.
    /// async fn largest_first(numbers: Vec<u32>) -> Vec<u32> {
    ///     Pipeline::from_iter(numbers)
    ///         .stage(|mut input, output| async move {
    ///             let mut three = Vec::new();
    ///             while let Some(number) = input.recv().await {
    ///                 three.push(number);
    ///                 if three.len() == 3 {
    ///                     three.sort_by(|a, b| b.cmp(a));
    ///                     if output.send_many(three.drain(..)).await.is_err() {
    ///                         return; // nobody takes the rest
    ///                     }
    ///                 }
    ///             }
    ///         })
    ///         .collect()
    ///         .await
    /// }
    /// ```
    #[doc(alias("par_batching"))]
    stage<F, U>(f: F) -> HandWritten<F, U>;
    [Fut] where
        F: FnOnce(Input<S::Item>, Sender<U>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        U: Send + 'static,
}
