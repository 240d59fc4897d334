//! What asynchronous closures capture: they can't lend it to their futures, and so it is given to them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anypipe_stages::{AsyncUsing, AsyncUsingFold};

/// What these closures give.
type Lent<'a, Out> = Pin<Box<dyn Future<Output = Out> + Send + 'a>>;

/// A closure of one item that lends `value` to its future: `using(client, async |client, url| ..)`.
///
/// An asynchronous closure that captures anything is no `Fn`, not even for a number: its future borrows from the closure, which may
/// be gone before it. Here the value is shared by all workers, by reference; it needs no `Clone`, and is dropped with the run. Several
/// values are a tuple. It fits wherever a closure takes an item and gives a future: `then`, `and_then`, `or_else`,
/// `filter_map_async`, `flat_map_async`, `for_each_async` and their kin. `filter_async` takes [`using_ref`], and `fold_async` takes
/// [`using_fold`].
///
/// It costs an allocation for each item. Where that counts, capture an `Arc` and clone it: `move |url| { let client =
/// Arc::clone(&client); async move { .. } }`.
///
/// # Panics
///
/// As the closure does, within the stage.
///
/// # Examples
///
/// ```
/// use anypipe::prelude::*;
///
/// struct Client {
///     host: String,
/// }
///
/// impl Client {
///     async fn get(&self, path: String) -> String {
///         format!("{}{path}", self.host)
///     }
/// }
///
/// async fn pages(client: Client, paths: Vec<String>) -> Vec<String> {
///     Pipeline::from_iter(paths)
///         .then(using(client, async |client, path| client.get(path).await))
///         .workers(3)
///         .collect()
///         .await
/// }
/// ```
pub fn using<V, In, Out, F>(
    value: V,
    f: F,
) -> impl Fn(In) -> Lent<'static, Out> + Clone + Send + Sync + 'static
where
    V: Send + Sync + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    F: AsyncFn(&V, In) -> Out,
    F: for<'a> AsyncUsing<'a, V, In, Out = Out> + Send + Sync + 'static,
{
    let shared = Arc::new((value, f));
    move |item| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (value, f) = &*shared;
            f(value, item).await
        })
    }
}

/// As [`using`], for a closure that borrows its item: `filter_async(using_ref(index, async |index, word| ..))`.
///
/// # Panics
///
/// As the closure does, within the stage.
///
/// # Examples
///
/// ```
/// use std::collections::HashSet;
/// use anypipe::prelude::*;
///
/// async fn unknown(known: HashSet<String>, words: Vec<String>) -> Vec<String> {
///     let is_unknown = using_ref(known, async |known, word: &String| !known.contains(word));
///     Pipeline::from_iter(words).filter_async(is_unknown).collect().await
/// }
/// ```
pub fn using_ref<V, In, Out, F>(
    value: V,
    f: F,
) -> impl AsyncFn(&In) -> Out + for<'a> Fn(&'a In) -> Lent<'a, Out> + Clone + Send + Sync + 'static
where
    V: Send + Sync + 'static,
    In: Sync + 'static,
    Out: Send + 'static,
    F: AsyncFn(&V, &In) -> Out,
    F: for<'a> AsyncUsing<'a, V, &'a In, Out = Out> + Send + Sync + 'static,
{
    let shared = Arc::new((value, f));
    move |item| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (value, f) = &*shared;
            f(value, item).await
        })
    }
}

/// As [`using`], for a closure that takes what came of the items before, too: `fold_async(start, using_fold(value, ..))`.
///
/// # Panics
///
/// As the closure does, within the terminal.
///
/// # Examples
///
/// ```
/// use anypipe::prelude::*;
///
/// struct Rates;
///
/// impl Rates {
///     async fn in_cents(&self, price: u64) -> u64 { price * 100 }
/// }
///
/// async fn total(rates: Rates, prices: Vec<u64>) -> u64 {
///     let add = using_fold(rates, async |rates, sum, price| sum + rates.in_cents(price).await);
///     Pipeline::from_iter(prices).fold_async(0, add).await
/// }
/// ```
pub fn using_fold<V, A, In, Out, F>(
    value: V,
    f: F,
) -> impl Fn(A, In) -> Lent<'static, Out> + Clone + Send + Sync + 'static
where
    V: Send + Sync + 'static,
    A: Send + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    F: AsyncFn(&V, A, In) -> Out,
    F: for<'a> AsyncUsingFold<'a, V, A, In, Out = Out> + Send + Sync + 'static,
{
    let shared = Arc::new((value, f));
    move |sum, item| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (value, f) = &*shared;
            f(value, sum, item).await
        })
    }
}
