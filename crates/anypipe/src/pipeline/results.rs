//! Operators on results.

use std::future::Future;

use anypipe_stages::sink::NothingToTell;
use anypipe_stages::stage::{
    DeadLetter, ErrOnly, InspectErr, InspectOk, MapErr, MapOk, OkOnly, OrElse, Recover, Then, TryFilter,
};
use anypipe_stages::{Joined, OnOk, Parallel, Piped};

use super::operator::operator;
use super::{Pipeline, Segment, segment};

operator! {
    /// Turns the value of each `Ok` into a result, asynchronously; an `Err` passes unchanged, in its turn.
    ///
    /// `Result<T, E>` → `Result<U, E>`, asynchronous. A boundary: holds its buffer (64) and one item for
    /// each worker (1).
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn halves() -> Result<Vec<u32>, String> {
    ///     Pipeline::from_iter(["2", "x"])
    ///         .map(|text| text.parse::<u32>().map_err(|error| error.to_string()))
    ///         .and_then(async |n| Ok(n / 2))
    ///         .try_collect()
    ///         .await // Err("invalid digit found in string")
    /// }
    /// ```
    #[doc(alias(
        "try_buffer_unordered", "try_buffered", "try_filter_map", "try_flat_map",
        "try_for_each_concurrent", "try_par_for_each", "try_par_map", "try_par_then"
    ))]
    and_then<F>(f: F) -> OnOk<Parallel<Then<F>>>;
    [T, E, U, Fut] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
        U: Send + 'static,
}

operator! {
    /// Gives every error to a sink, and the values on.
    ///
    /// `Result<T, E>` → `T`. Fused, apart from the sink, which has a task of its own; holds up to 65 errors
    /// before the sink, and what that holds; a sink that is slow holds back the rest when that many wait. Ends when the
    /// input and the sink have ended.
    ///
    /// In a run that goes to its end no error is lost: the run fails where the sink gives an `Err`, and where an error
    /// comes after the sink has ended. Where what comes after ends early (`take(n)`) the sink is cancelled there
    /// and then, as that of [`tee`](Self::tee): put what ends early before this. With [`with_input`](Self::with_input)
    /// on the stage before, an error carries its item.
    ///
    /// Stages with a sink behind them write in batches: `.dead_letter(chunks(100) | sink::try_each(write))`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<String>) -> Vec<u32> {
    ///     Pipeline::from_iter(texts)
    ///         .map(|text| text.parse::<u32>())
    ///         .dead_letter(sink::for_each(|error| eprintln!("{error}")))
    ///         .collect()
    ///         .await
    /// }
    /// ```
    #[doc(alias("divertTo"))]
    dead_letter<K>(sink: K) -> DeadLetter<K>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        K: anypipe_core::Sink<E, Output: NothingToTell>,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Turns each `Err` into another result, asynchronously; an `Ok` passes unchanged, in its turn.
    ///
    /// `Result<T, E>` → `Result<T, E2>`, asynchronous. A boundary: holds its buffer (64) and one item for each
    /// worker (1). An `f` that fails in turn gives its own error: none is lost.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `or_else` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # async fn ask_the_mirror(url: String) -> Result<String, String> { Err(url) }
    /// // What fails (here: with its address) is asked of the mirror.
    /// fn fetched(
    ///     pages: Pipeline<impl Source<Item = Result<String, String>>>,
    /// ) -> Pipeline<impl Source<Item = Result<String, String>>> {
    ///     pages.or_else(ask_the_mirror).workers(4)
    /// }
    /// ```
    or_else<F>(f: F) -> Parallel<OrElse<F>>;
    [T, E, E2, Fut] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(E) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E2>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
        E2: Send + 'static,
}

operator! {
    /// Turns the value of each `Ok` into another; an `Err` passes unchanged.
    ///
    /// `Result<T, E>` → `Result<U, E>`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `map_ok` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn doubled(texts: Vec<&'static str>) -> Vec<Option<u32>> {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).map_ok(|n| n * 2);
    ///     numbers.map(Result::ok).collect().await
    /// }
    /// ```
    map_ok<F>(f: F) -> MapOk<F>;
    [T, E, U] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(T) -> U + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
        U: Send + 'static,
}

operator! {
    /// Turns the error of each `Err` into another; an `Ok` passes unchanged.
    ///
    /// `Result<T, E>` → `Result<T, E2>`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `map_err` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<&'static str>) -> Result<Vec<u32>, String> {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>());
    ///     numbers.map_err(|error| error.to_string()).try_collect().await
    /// }
    /// ```
    #[doc(alias("err_into"))]
    map_err<F>(f: F) -> MapErr<F>;
    [T, E, E2] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(E) -> E2 + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
        E2: Send + 'static,
}

operator! {
    /// Looks at the value of each `Ok` on its way.
    ///
    /// `Result<T, E>` → `Result<T, E>`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `inspect_ok` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<&'static str>) -> usize {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>());
    ///     numbers.inspect_ok(|n| println!("{n}")).count().await
    /// }
    /// ```
    #[doc(alias("try_foreach"))]
    inspect_ok<F>(f: F) -> InspectOk<F>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(&T) + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Looks at the error of each `Err` on its way.
    ///
    /// `Result<T, E>` → `Result<T, E>`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `inspect_err` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<&'static str>) -> Vec<u32> {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>());
    ///     numbers.inspect_err(|error| eprintln!("{error}")).ok_only().collect().await
    /// }
    /// ```
    inspect_err<F>(f: F) -> InspectErr<F>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(&E) + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Lets the values through for which `f` is true; an `Err` passes unchanged.
    ///
    /// `Result<T, E>` → `Result<T, E>`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `try_filter` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn even(texts: Vec<&'static str>) -> Result<Vec<u32>, std::num::ParseIntError> {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>());
    ///     numbers.try_filter(|n| n % 2 == 0).try_collect().await
    /// }
    /// ```
    try_filter<F>(f: F) -> TryFilter<F>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(&T) -> bool + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Turns the error of each `Err` into a value; the values of the others go on as they are. This leaves the
    /// results.
    ///
    /// `Result<T, E>` → `T`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `recover` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<&'static str>) -> Vec<u32> {
    ///     let numbers = Pipeline::from_iter(texts).map(|text| text.parse::<u32>());
    ///     numbers.recover(|_| 0).collect().await
    /// }
    /// ```
    #[doc(alias("catchError", "handleErrorWith", "onErrorResumeNext"))]
    recover<F>(f: F) -> Recover<F>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        F: Fn(E) -> T + Send + Sync + 'static,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Gives the values and drops the errors. [`dead_letter`](Self::dead_letter) keeps both.
    ///
    /// `Result<T, E>` → `T`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<&'static str>) -> Vec<u32> {
    ///     Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).ok_only().collect().await
    /// }
    /// ```
    ok_only() -> OkOnly;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        T: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Gives the errors and drops the values.
    ///
    /// `Result<T, E>` → `E`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn mistakes(texts: Vec<&'static str>) -> usize {
    ///     Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).err_only().count().await
    /// }
    /// ```
    #[doc(alias("errors_only"))]
    err_only() -> ErrOnly;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        T: Send + 'static,
        E: Send + 'static,
}

// Written out: the errors need not fit before `.located()` or `.with_input()` has changed them, so what it
// makes is not asked to be a stage here.

impl<S> Pipeline<S> {
    /// As [`and_then`](Self::and_then), for an `f` with errors of its own, that are turned into those that pass
    /// as `?` would.
    ///
    /// `Result<T, P>` → `Result<U, P>`, where `f` gives a `Result<U, E>` and `P: From<E>`; asynchronous. A
    /// boundary: holds its buffer (64) and one item for each worker (1). The conversion comes after
    /// [`located`](Self::located) and [`with_input`](Self::with_input), so that several stages can fail in the
    /// same way.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use anypipe::stage::{Failed, Located};
    ///
    /// # async fn load(id: u32) -> Result<u32, String> { Ok(id) }
    /// # async fn check(row: u32) -> Result<u32, String> { Ok(row) }
    /// async fn rows(ids: Vec<u32>) -> Vec<Result<u32, Failed<u32, Located<String>>>> {
    ///     let rows = Pipeline::from_iter(ids).then(load).named("load").located().with_input();
    ///     rows.try_then(check).named("check").located().with_input().collect().await
    /// }
    /// ```
    #[doc(alias("try_map"))]
    pub fn try_then<F, T, P, U, E, Fut>(self, f: F) -> Pipeline<Piped<S, OnOk<Parallel<Then<F>>>>>
    where
        S: anypipe_core::Source<Item = Result<T, P>>,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
    {
        Pipeline { source: Piped { source: self.source, stage: anypipe_stages::stage::try_then(f) } }
    }
}

impl<G> Segment<G> {
    /// As [`Pipeline::try_then`].
    pub fn try_then<F>(self, f: F) -> Segment<Joined<G, OnOk<Parallel<Then<F>>>>> {
        self.pipe(anypipe_stages::stage::try_then(f))
    }
}

/// As [`Pipeline::try_then`], for `|`.
pub fn try_then<F>(f: F) -> Segment<OnOk<Parallel<Then<F>>>> {
    segment(anypipe_stages::stage::try_then(f))
}
