//! Running aggregates; those that end in one value are terminals.

use anypipe_stages::stage::{Accumulate, AccumulateFrom};

use super::operator::operator;

operator! {
    /// Gives a running fold: the first item as it is, then what `f` makes of the last result and the next
    /// item.
    ///
    /// `In` → `In`, synchronous; clones each result. Fused; holds one item, the last result.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sums() -> Vec<u32> {
    ///     Pipeline::from_iter(0..5).accumulate(|sum, n| sum + n).collect().await // [0, 1, 3, 6, 10]
    /// }
    /// ```
    accumulate<F>(f: F) -> Accumulate<F>;
    [] where F: Fn(S::Item, S::Item) -> S::Item + Send + 'static, S::Item: Clone,
}

operator! {
    /// Gives a running fold: `init` first, then what `f` makes of the last result and the next item.
    ///
    /// `In` → `A`, synchronous; clones each result. Fused; holds one item, the last result. Where there are no
    /// items there is `init`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn balances(payments: Vec<i64>) -> Vec<i64> {
    ///     Pipeline::from_iter(payments).accumulate_from(100, |balance, paid| balance - paid).collect().await
    /// }
    /// ```
    accumulate_from<A, F>(init: A, f: F) -> AccumulateFrom<A, F>;
    [] where F: Fn(A, S::Item) -> A + Send + 'static, A: Clone + Send + 'static,
}
