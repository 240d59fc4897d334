//! Operators on results.

use std::future::Future;

use anypipe_stages::Parallel;
use anypipe_stages::sink::NothingToTell;
use anypipe_stages::stage::{AndThen, DeadLetter};

use super::operator::operator;

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
    and_then<F>(f: F) -> Parallel<AndThen<F>>;
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
    /// `Result<T, E>` → `T`. Fused, apart from the sink, which has a task of its own; holds up to 9 errors
    /// before the sink, and a sink that is slow holds back the rest when that many wait. Ends when the input
    /// and the sink have ended.
    ///
    /// No error is lost: the run fails where the sink gives an `Err`, and where an error comes after the sink
    /// has ended. With [`with_input`](Self::with_input) on the stage before, an error carries its item.
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
    dead_letter<K>(sink: K) -> DeadLetter<K>;
    [T, E] where
        S: anypipe_core::Source<Item = Result<T, E>>,
        K: anypipe_core::Sink<E, Output: NothingToTell>,
        T: Send + 'static,
        E: Send + 'static,
}
