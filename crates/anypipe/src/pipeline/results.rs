//! Operators on results.

use std::future::Future;

use anypipe_stages::Parallel;
use anypipe_stages::stage::AndThen;

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
