//! Operators that make something else of each item.

use std::future::Future;

use anypipe_stages::Parallel;
use anypipe_stages::stage::{FlatMap, Flatten, Inspect, Map, Then};

use super::operator::operator;

operator! {
    /// Turns each item into another.
    ///
    /// `In` → `U`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `map` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn squares() -> Vec<u64> {
    ///     Pipeline::from_iter(1..=3).map(|n| n * n).collect().await // [1, 4, 9]
    /// }
    /// ```
    map<F>(f: F) -> Map<F>;
    [U] where F: Fn(S::Item) -> U + Send + Sync + 'static, U: Send + 'static,
}

operator! {
    /// Turns each item into another, asynchronously.
    ///
    /// `In` → `U`, asynchronous. A boundary: a task of its own, that holds the buffer (64) and one item
    /// for each worker (1). Takes `.workers(n)`; results then come in input order unless `.unordered()`
    /// is asked for.
    ///
    /// # Panics
    ///
    /// A panic of `f` fails the run, which tells it as "stage `then` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn fetch(url: String) -> String {
    ///     format!("the page at {url}")
    /// }
    ///
    /// async fn pages(urls: Vec<String>) -> Vec<String> {
    ///     Pipeline::from_iter(urls).then(fetch).workers(3).buffer_size(10).collect().await
    /// }
    /// ```
    then<F>(f: F) -> Parallel<Then<F>>;
    [Fut] where
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
}

operator! {
    /// Turns each item into a row of items, given one after the other.
    ///
    /// `In` → `I::Item` of an `I: IntoIterator`, synchronous. Fused; holds one row, however long it is.
    /// With `.workers(n)` the rows are made by the workers.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn words(lines: Vec<String>) -> Vec<String> {
    ///     let split = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    ///     Pipeline::from_iter(lines).flat_map(split).collect().await
    /// }
    /// ```
    flat_map<F>(f: F) -> FlatMap<F>;
    [I] where
        F: Fn(S::Item) -> I + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
}

operator! {
    /// Gives the items of each row, one after the other.
    ///
    /// `I: IntoIterator` → `I::Item`. Fused; holds one row, however long it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn flat() -> Vec<u8> {
    ///     Pipeline::from_iter([vec![1, 2], vec![], vec![3]]).flatten().collect().await // [1, 2, 3]
    /// }
    /// ```
    flatten() -> Flatten;
    [] where S::Item: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static>,
}

operator! {
    /// Looks at each item on its way.
    ///
    /// `In` → `In`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn told() -> Vec<u8> {
    ///     Pipeline::from_iter([1, 2]).inspect(|n| println!("saw {n}")).collect().await
    /// }
    /// ```
    inspect<F>(f: F) -> Inspect<F>;
    [] where F: Fn(&S::Item) + Send + Sync + 'static,
}
