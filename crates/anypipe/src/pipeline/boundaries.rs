//! Boundaries by themselves.

use anypipe_stages::stage::BoundaryStage;

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
    buffer(n: usize) -> BoundaryStage;
    [] where
}
