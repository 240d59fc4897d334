//! Operators that let some items through.

use anypipe_stages::stage::{Filter, Take};

use super::operator::operator;

operator! {
    /// Lets the items through for which `f` is true.
    ///
    /// `In` → `In`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn even() -> Vec<u8> {
    ///     Pipeline::from_iter(0..6).filter(|n| n % 2 == 0).collect().await // [0, 2, 4]
    /// }
    /// ```
    filter<F>(f: F) -> Filter<F>;
    [] where F: Fn(&S::Item) -> bool + Send + Sync + 'static,
}

operator! {
    /// Gives the first `n` items; the source is dropped with the last of them. `take(0)` never polls it.
    ///
    /// `In` → `In`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn first_three() -> Vec<u64> {
    ///     Pipeline::from_iter(0..).take(3).collect().await // [0, 1, 2]
    /// }
    /// ```
    take(n: usize) -> Take;
    [] where
}
