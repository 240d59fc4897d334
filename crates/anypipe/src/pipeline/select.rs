//! Operators that let some items through.

use std::future::Future;

use anypipe_stages::stage::{
    Dedup, DedupByKey, Filter, FilterAsync, FilterMap, FilterMapAsync, Nth, Skip, SkipLast, SkipWhile,
    StepBy, Take, TakeLast, TakeWhile, Until,
};
use anypipe_stages::{AsyncRef, Parallel};

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
    #[doc(alias("filterfalse", "find_any", "ignoreElements"))]
    filter<F>(f: F) -> Filter<F>;
    [] where F: Fn(&S::Item) -> bool + Send + Sync + 'static,
}

operator! {
    /// Turns each item into another, or into nothing.
    ///
    /// `In` → `U`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<String>) -> Vec<u32> {
    ///     Pipeline::from_iter(texts).filter_map(|text| text.parse::<u32>().ok()).collect().await
    /// }
    /// ```
    #[doc(alias("compress"))]
    filter_map<F>(f: F) -> FilterMap<F>;
    [U] where F: Fn(S::Item) -> Option<U> + Send + Sync + 'static, U: Send + 'static,
}

operator! {
    /// Lets the items through for which `f`'s future gives true.
    ///
    /// `In` → `In`, asynchronous. A boundary: holds the buffer (64) and one item for each worker (1). Takes
    /// `.workers(n)`. The future borrows the item; what `f` captures it can't lend to its future: clone it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn is_known(name: &str) -> bool {
    ///     name.len() > 3
    /// }
    ///
    /// async fn known(names: Vec<String>) -> Vec<String> {
    ///     Pipeline::from_iter(names)
    ///         .filter_async(async |name| is_known(name).await)
    ///         .workers(4)
    ///         .collect()
    ///         .await
    /// }
    /// ```
    filter_async<F>(f: F) -> Parallel<FilterAsync<F>>;
    [] where
        F: AsyncFn(&S::Item) -> bool,
        F: for<'a> AsyncRef<'a, S::Item, Out = bool> + Send + Sync + 'static,
        S::Item: Sync,
}

operator! {
    /// Turns each item into another, or into nothing, asynchronously.
    ///
    /// `In` → `U`, asynchronous. A boundary: holds the buffer (64) and one item for each worker (1). Takes
    /// `.workers(n)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn look_up(name: String) -> Option<u32> {
    ///     name.parse().ok()
    /// }
    ///
    /// async fn numbers(names: Vec<String>) -> Vec<u32> {
    ///     Pipeline::from_iter(names).filter_map_async(look_up).workers(4).collect().await
    /// }
    /// ```
    filter_map_async<F>(f: F) -> Parallel<FilterMapAsync<F>>;
    [Fut, U] where
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<U>> + Send + 'static,
        U: Send + 'static,
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

operator! {
    /// Gives the last `n` items, when the source has ended. `take_last(0)` drains it and gives nothing.
    ///
    /// `In` → `In`. Fused; holds `n` items.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).take_last(2).collect().await // [3, 4]
    /// }
    /// ```
    #[doc(alias("takeLast", "takelast"))]
    take_last(n: usize) -> TakeLast;
    [] where
}

operator! {
    /// Leaves out the first `n` items.
    ///
    /// `In` → `In`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).skip(2).collect().await // [2, 3, 4]
    /// }
    /// ```
    #[doc(alias("islice"))]
    skip(n: usize) -> Skip;
    [] where
}

operator! {
    /// Leaves out the last `n` items: each comes when `n` more have come. `skip_last(0)` leaves out none.
    ///
    /// `In` → `In`. Fused; holds `n` items.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).skip_last(2).collect().await // [0, 1, 2]
    /// }
    /// ```
    #[doc(alias("skipLast", "skiplast"))]
    skip_last(n: usize) -> SkipLast;
    [] where
}

operator! {
    /// Gives the item with this index, counted from 0, or none where there are fewer; the source is dropped with
    /// it.
    ///
    /// `In` → `In`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).nth(2).collect().await // [2]
    /// }
    /// ```
    #[doc(alias("elementAt", "getitem"))]
    nth(index: usize) -> Nth;
    [] where
}

operator! {
    /// Gives the first item and every `n`th after it.
    ///
    /// `In` → `In`. Fused, holds nothing.
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
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).step_by(2).collect().await // [0, 2, 4]
    /// }
    /// ```
    step_by(n: usize) -> StepBy;
    [] where
}

operator! {
    /// Gives the items up to the first for which `f` is false, without that one; the source is dropped with it.
    ///
    /// `In` → `In`, synchronous. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).take_while(|n| *n < 3).collect().await // [0, 1, 2]
    /// }
    /// ```
    #[doc(alias("takeWhile", "takewhile"))]
    take_while<F>(f: F) -> TakeWhile<F>;
    [] where F: Fn(&S::Item) -> bool + Send + 'static,
}

operator! {
    /// Gives the items up to the first for which `f` is true, that one included; the source is dropped with it.
    ///
    /// `In` → `In`, synchronous. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).until(|n| *n == 3).collect().await // [0, 1, 2, 3]
    /// }
    /// ```
    until<F>(f: F) -> Until<F>;
    [] where F: Fn(&S::Item) -> bool + Send + 'static,
}

operator! {
    /// Leaves out the items before the first for which `f` is false, and never calls `f` again.
    ///
    /// `In` → `In`, synchronous. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter(0..5).skip_while(|n| *n < 3).collect().await // [3, 4]
    /// }
    /// ```
    #[doc(alias("dropwhile", "skipWhile", "try_skip_while", "try_take_while"))]
    skip_while<F>(f: F) -> SkipWhile<F>;
    [] where F: Fn(&S::Item) -> bool + Send + 'static,
}

operator! {
    /// Leaves out items that are equal to the one before.
    ///
    /// `In` → `In`, synchronous; clones each item that it gives. Fused; holds one item.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter([1, 1, 2, 1]).dedup().collect().await // [1, 2, 1]
    /// }
    /// ```
    #[doc(alias("distinctUntilChanged"))]
    dedup() -> Dedup;
    [] where S::Item: Clone + PartialEq,
}

operator! {
    /// Leaves out items whose key is equal to that of the one before.
    ///
    /// `In` → `In`, synchronous. Fused; holds a key, and no item.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn some() -> Vec<u8> {
    ///     Pipeline::from_iter([11, 12, 20]).dedup_by_key(|n| n / 10).collect().await // [11, 20]
    /// }
    /// ```
    dedup_by_key<F>(f: F) -> DedupByKey<F>;
    [K] where F: Fn(&S::Item) -> K + Send + 'static, K: PartialEq + Send + 'static,
}
