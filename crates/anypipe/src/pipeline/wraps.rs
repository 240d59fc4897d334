//! The options that wrap the work of the stage before on each item.

use std::time::Duration;

use anypipe_core::Source;
use anypipe_core::option::WrapWith;
use anypipe_core::run::TimedOut;
use anypipe_stages::option::{
    CatchPanics, Locate, Panicked, RetryPolicy, TimeoutEach, TryCatchPanics, TryTimeoutEach, WithInput,
};

use super::{Pipeline, Segment};

/// Writes the options that are the same for `Pipeline` and for `Segment`.
macro_rules! wraps {
    ($Of:ident, $inner:ident) => {
        impl<G> $Of<G> {
            /// Has the stage before try an item again where it gives an `Err`; the last `Err` goes on.
            ///
            /// `In: Clone`; `Result<T, E>` → `Result<T, E>`. An item that is tried again holds the line while
            /// results come in order; with `.unordered()` and workers others overtake it. Each try is the work
            /// with the options before this one: `.timeout_each(d).retry(policy)` limits each try,
            /// `.retry(policy).timeout_each(d)` all tries together.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            /// use anypipe::prelude::*;
            /// use anypipe::stage::RetryPolicy;
            ///
            /// # async fn fetch(url: String) -> Result<String, String> { Ok(url) }
            /// async fn pages(urls: Vec<String>) -> Result<Vec<String>, String> {
            ///     let policy = RetryPolicy::new(4)
            ///         .backoff(Duration::from_millis(50), Duration::from_secs(1))
            ///         .jitter(0.5);
            ///     Pipeline::from_iter(urls).then(fetch).workers(8).retry(policy).try_collect().await
            /// }
            /// ```
            #[doc(alias("recoverWithRetries", "retryWhen"))]
            pub fn retry<P>(self, policy: RetryPolicy) -> $Of<P>
            where
                G: WrapWith<RetryPolicy, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(policy) }
            }

            /// Has the errors of the stage before tell the stage's name and the item's place in its input, as
            /// [`Located`](crate::stage::Located).
            ///
            /// `Result<T, E>` → `Result<T, Located<E>>`. Behind `and_then` and `try_then` it locates the errors
            /// of that stage only, and the errors that pass must be able to take them in.
            ///
            /// # Examples
            ///
            /// ```
            /// use anypipe::prelude::*;
            /// use anypipe::stage::Located;
            ///
            /// # async fn parse(line: String) -> Result<u32, String> { Err(line) }
            /// async fn first_mistake(lines: Vec<String>) -> Option<Located<String>> {
            ///     let parsed = Pipeline::from_iter(lines).then(parse).named("parse").located();
            ///     parsed.err_only().first().await // "stage `parse`, item 7: .."
            /// }
            /// ```
            pub fn located<P>(self) -> $Of<P>
            where
                G: WrapWith<Locate, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(Locate) }
            }

            /// Has the errors of the stage before carry the item they happened to, as
            /// [`Failed`](crate::stage::Failed).
            ///
            /// `In: Clone`; `Result<T, E>` → `Result<T, Failed<In, E>>`. Each item is cloned before the work.
            /// Behind `and_then` and `try_then` it is as with [`located`](Self::located).
            ///
            /// # Examples
            ///
            /// ```
            /// use anypipe::prelude::*;
            ///
            /// # async fn send(mail: String) -> Result<(), String> { Ok(()) }
            /// async fn unsent(mails: Vec<String>) -> Vec<String> {
            ///     let sent = Pipeline::from_iter(mails).then(send).with_input();
            ///     sent.err_only().map(|failed| failed.input).collect().await
            /// }
            /// ```
            pub fn with_input<P>(self) -> $Of<P>
            where
                G: WrapWith<WithInput, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(WithInput) }
            }

            /// As [`timeout_each`](EachItem::timeout_each), for a stage that gives results whose error can be
            /// made of a [`TimedOut`].
            ///
            /// `Result<T, E>` → `Result<T, E>`, `E: From<TimedOut>`. In a pipeline, where the items are known,
            /// `timeout_each` does this by itself; in a segment it must be said.
            pub fn try_timeout_each<P>(self, limit: Duration) -> $Of<P>
            where
                G: WrapWith<TryTimeoutEach, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(TryTimeoutEach { limit }) }
            }

            /// As [`catch_panics`](EachItem::catch_panics), for a stage that gives results whose error can be
            /// made of a [`Panicked`].
            ///
            /// `Result<T, E>` → `Result<T, E>`, `E: From<Panicked>`. In a pipeline, where the items are known,
            /// `catch_panics` does this by itself; in a segment it must be said.
            pub fn try_catch_panics<P>(self) -> $Of<P>
            where
                G: WrapWith<TryCatchPanics, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(TryCatchPanics) }
            }
        }

        impl<G> EachItem for $Of<G> {
            type Inner = G;
            type Of<P> = $Of<P>;

            fn timeout_each<P>(self, limit: Duration) -> $Of<P>
            where
                G: WrapWith<TimeoutEach, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(TimeoutEach { limit }) }
            }

            fn catch_panics<P>(self) -> $Of<P>
            where
                G: WrapWith<CatchPanics, Wrapped = P>,
            {
                $Of { $inner: self.$inner.wrap_with(CatchPanics) }
            }
        }
    };
}

wraps!(Pipeline, source);
wraps!(Segment, stage);

/// The options that make a result of each item: they are in the prelude.
///
/// Where the items of a pipeline are results already, whose error can be made of the new one, the method of
/// the same name of [`Pipeline`] comes before these: it leaves the results as they are.
pub trait EachItem: Sized {
    /// The source or stage that the option is for.
    type Inner;
    /// The same with another one.
    type Of<P>;

    /// Limits the work of the stage before on each item: what takes longer is dropped, and gives an `Err` of
    /// [`TimedOut`]; what is in time gives an `Ok`.
    ///
    /// `U` → `Result<U, TimedOut>`; in a pipeline of `Result<T, E>` with an `E: From<TimedOut>` the items stay
    /// as they are, and the error is made of the [`TimedOut`]. Work that never gives way can't be stopped. Nor can
    /// work on a thread (`.blocking()`): its item gives the `Err` in time, and its worker takes no other before the
    /// thread is done. There each item is a job, which costs some 30 µs: the task must not be on the thread that blocks, since it looks at
    /// the clock meanwhile.
    /// [`timeout`](Pipeline::timeout) limits the wait for an item instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// # async fn fetch(url: String) -> String { url }
    /// async fn quick_ones(urls: Vec<String>) -> Vec<String> {
    ///     let pages = Pipeline::from_iter(urls).then(fetch).workers(4).timeout_each(Duration::from_secs(1));
    ///     pages.ok_only().collect().await
    /// }
    /// ```
    fn timeout_each<P>(self, limit: Duration) -> Self::Of<P>
    where
        Self::Inner: WrapWith<TimeoutEach, Wrapped = P>;

    /// Turns a panic in the work of the stage before on an item into an `Err` of [`Panicked`] in its place; what
    /// doesn't panic gives an `Ok`. The run goes on, and the worker's state is made anew.
    ///
    /// `U` → `Result<U, Panicked>`; in a pipeline of `Result<T, E>` with an `E: From<Panicked>` the items stay as
    /// they are, and the error is made of the [`Panicked`]. A synchronous stage becomes a boundary. Panics
    /// elsewhere (in a source, in `scan`, in the sink) still fail the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn shares(counts: Vec<u32>) -> Vec<u32> {
    ///     // Dividing by zero panics.
    ///     Pipeline::from_iter(counts).map(|n| 100 / n).catch_panics().ok_only().collect().await
    /// }
    /// ```
    fn catch_panics<P>(self) -> Self::Of<P>
    where
        Self::Inner: WrapWith<CatchPanics, Wrapped = P>;
}

// These come before the methods of `EachItem` wherever their bounds hold.

impl<S, T, E> Pipeline<S>
where
    S: Source<Item = Result<T, E>>,
    E: From<TimedOut>,
{
    /// As [`EachItem::timeout_each`], for items that are results: they stay as they are, and an error is made of
    /// the [`TimedOut`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    /// use anypipe::time::TimedOut;
    ///
    /// enum Error {
    ///     TooLate,
    ///     NotFound,
    /// }
    ///
    /// impl From<TimedOut> for Error {
    ///     fn from(_: TimedOut) -> Self {
    ///         Error::TooLate
    ///     }
    /// }
    ///
    /// # async fn fetch(url: String) -> Result<String, Error> { Err(Error::NotFound) }
    /// async fn pages(urls: Vec<String>) -> Result<Vec<String>, Error> {
    ///     Pipeline::from_iter(urls).then(fetch).timeout_each(Duration::from_secs(1)).try_collect().await
    /// }
    /// ```
    pub fn timeout_each<P>(self, limit: Duration) -> Pipeline<P>
    where
        S: WrapWith<TryTimeoutEach, Wrapped = P>,
    {
        self.try_timeout_each(limit)
    }
}

impl<S, T, E> Pipeline<S>
where
    S: Source<Item = Result<T, E>>,
    E: From<Panicked>,
{
    /// As [`EachItem::catch_panics`], for items that are results: they stay as they are, and an error is made of
    /// the [`Panicked`].
    #[doc(alias("catch_unwind"))]
    pub fn catch_panics<P>(self) -> Pipeline<P>
    where
        S: WrapWith<TryCatchPanics, Wrapped = P>,
    {
        self.try_catch_panics()
    }
}
