//! Operators that make something else of each item.

use std::future::Future;

use anypipe_core::Source;
use anypipe_stages::source::{Cycle, cycle};
use anypipe_stages::stage::{
    Chunks, Enumerate, FlatMap, Flatten, Inspect, Intersperse, Map, MapWith, Pairwise, Scan, Then, ThenWith,
    TryThenWith,
};
use anypipe_stages::{AsyncWith, Parallel};

use super::Pipeline;
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
    #[doc(alias(
        "StreamNotifyClose", "map_blocking", "par_for_each_blocking", "par_map", "starmap", "timeInterval",
        "timestamp"
    ))]
    map<F>(f: F) -> Map<F>;
    [U] where F: Fn(S::Item) -> U + Send + Sync + 'static, U: Send + 'static,
}

operator! {
    /// Turns each item into another, asynchronously.
    ///
    /// `In` → `U`, asynchronous. A boundary: a task of its own, that holds the buffer (64) and one item
    /// for each worker (1). Takes `.workers(n)`; results then come in input order unless `.unordered()`
    /// is asked for. What an asynchronous closure needs from outside it is given by [`using`](crate::using):
    /// `then(using(client, async |client, url| client.get(url).await))`.
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
    #[doc(alias("evalMap", "mapAsync", "parEvalMap", "par_for_each", "par_then", "par_then_unordered"))]
    then<F>(f: F) -> Parallel<Then<F>>;
    [Fut] where
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
}

operator! {
    /// Turns each item into another with a state that `init` makes once for each worker, before its first
    /// item: a buffer, a parser, with `.blocking()` a connection.
    ///
    /// `In` → `U`, synchronous. Fused, holds nothing; takes `.workers(n)` and `.blocking()`. The state is
    /// made, used and handed on where the closure runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn shout(words: Vec<String>) -> Vec<usize> {
    ///     let lengths = |buffer: &mut String, word: String| {
    ///         buffer.clear();
    ///         buffer.extend(word.chars().flat_map(char::to_uppercase));
    ///         buffer.len()
    ///     };
    ///     Pipeline::from_iter(words).map_with(String::new, lengths).workers(2).collect().await
    /// }
    /// ```
    #[doc(alias("map_init"))]
    map_with<I, F>(init: I, f: F) -> MapWith<I, F>;
    [St, U] where
        I: Fn() -> St + Send + Sync + 'static,
        F: Fn(&mut St, S::Item) -> U + Send + Sync + 'static,
        St: Send + 'static,
        U: Send + 'static,
}

operator! {
    /// Turns each item into another, asynchronously, with a state that `init` makes once for each worker,
    /// before its first item: a connection, a cache.
    ///
    /// `In` → `U`, asynchronous. A boundary: holds the buffer (64) and one item for each worker (1). Takes
    /// `.workers(n)`. For an `init` that can fail there is [`try_then_with`](Self::try_then_with). What `f`
    /// captures it can't lend to its future: put it into the state. What all workers share is lent by
    /// [`using`](crate::using).
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// struct Connection;
    ///
    /// impl Connection {
    ///     async fn open() -> Self { Self }
    ///     async fn get(&mut self, url: &str) -> String { format!("the page at {url}") }
    /// }
    ///
    /// async fn pages(urls: Vec<String>) -> Vec<String> {
    ///     Pipeline::from_iter(urls)
    ///         .then_with(Connection::open, async |connection, url| connection.get(&url).await)
    ///         .workers(3) // three connections
    ///         .collect()
    ///         .await
    /// }
    /// ```
    then_with<I, F>(init: I, f: F) -> Parallel<ThenWith<I, F>>;
    [St, Fut, U] where
        I: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = St> + Send + 'static,
        F: AsyncFn(&mut St, S::Item) -> U,
        F: for<'a> AsyncWith<'a, St, S::Item, Out = U> + Send + Sync + 'static,
        St: Send + 'static,
        U: Send + 'static,
}

operator! {
    /// Turns each item into a result, asynchronously, with a state that `init` makes once for each worker,
    /// before its first item; where that fails, the item becomes the `Err`, and the worker tries again with
    /// its next.
    ///
    /// `In` → `Result<U, E>`, asynchronous. A boundary: holds the buffer (64) and one item for each worker
    /// (1). Takes `.workers(n)`. No error is lost, since each belongs to an item: `try_collect` stops at the
    /// first, other stages go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    /// use anypipe::prelude::*;
    ///
    /// struct Connection;
    ///
    /// impl Connection {
    ///     async fn open() -> io::Result<Self> { Ok(Self) }
    ///     async fn get(&mut self, url: &str) -> io::Result<String> { Ok(format!("the page at {url}")) }
    /// }
    ///
    /// async fn pages(urls: Vec<String>) -> io::Result<Vec<String>> {
    ///     Pipeline::from_iter(urls)
    ///         .try_then_with(Connection::open, async |connection, url| connection.get(&url).await)
    ///         .workers(3)
    ///         .try_collect()
    ///         .await
    /// }
    /// ```
    try_then_with<I, F>(init: I, f: F) -> Parallel<TryThenWith<I, F>>;
    [St, Fut, U, E] where
        I: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<St, E>> + Send + 'static,
        F: AsyncFn(&mut St, S::Item) -> Result<U, E>,
        F: for<'a> AsyncWith<'a, St, S::Item, Out = Result<U, E>> + Send + Sync + 'static,
        St: Send + 'static,
        U: Send + 'static,
        E: Send + 'static,
}

operator! {
    /// Gives each item with its number, counted from 0.
    ///
    /// `In` → `(usize, In)`, synchronous. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbered() -> Vec<(usize, char)> {
    ///     Pipeline::from_iter(['a', 'b']).enumerate().collect().await // [(0, 'a'), (1, 'b')]
    /// }
    /// ```
    enumerate() -> Enumerate;
    [] where
}

operator! {
    /// Gives each item with its number, counted from `start`.
    ///
    /// `In` → `(usize, In)`, synchronous. Fused, holds nothing. After `usize::MAX` comes 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbered() -> Vec<(usize, char)> {
    ///     Pipeline::from_iter(['a', 'b']).enumerate_from(1).collect().await // [(1, 'a'), (2, 'b')]
    /// }
    /// ```
    enumerate_from(start: usize) -> Enumerate;
    [] where
}

operator! {
    /// Turns each item into another with a state that goes from item to item; `None` ends the output, and
    /// the source is dropped.
    ///
    /// `In` → `U`, synchronous. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn while_affordable(prices: Vec<u32>) -> Vec<u32> {
    ///     let pay = |purse: &mut u32, price| {
    ///         *purse = purse.checked_sub(price)?;
    ///         Some(price)
    ///     };
    ///     Pipeline::from_iter(prices).scan(100, pay).collect().await
    /// }
    /// ```
    #[doc(alias(
        "batch_while", "map_while", "statefulMap", "stateful_batching", "stateful_map", "stateful_then",
        "try_enumerate", "try_stateful_then", "with_state"
    ))]
    scan<St, F>(init: St, f: F) -> Scan<St, F>;
    [U] where
        F: Fn(&mut St, S::Item) -> Option<U> + Send + 'static,
        St: Send + 'static,
        U: Send + 'static,
}

operator! {
    /// Puts every `n` items together in a list. The last list is shorter where the items don't come out
    /// even; there is none where there were no items.
    ///
    /// `In` → `Vec<In>`, synchronous. Fused; holds `n` items. A list waits until it is full: `chunks_timeout`
    /// gives it after a while too.
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
    /// async fn lists() -> Vec<Vec<u8>> {
    ///     Pipeline::from_iter(0..5).chunks(2).collect().await // [[0, 1], [2, 3], [4]]
    /// }
    /// ```
    #[doc(alias(
        "batched", "bufferCount", "grouped", "par_chunks", "par_reduce", "try_chunks", "try_ready_chunks"
    ))]
    chunks(n: usize) -> Chunks;
    [] where
}

operator! {
    /// Gives each item but the first together with the one before it.
    ///
    /// `In` → `(In, In)`, synchronous; clones each item once. Fused; holds one item.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn steps(heights: Vec<i32>) -> Vec<i32> {
    ///     Pipeline::from_iter(heights).pairwise().map(|(from, to)| to - from).collect().await
    /// }
    /// ```
    pairwise() -> Pairwise;
    [] where S::Item: Clone,
}

impl<S> Pipeline<S> {
    /// Repeats the pipeline for ever: each round is a clone of it. A round that gives nothing ends the
    /// output, instead of spinning.
    ///
    /// Holds what the pipeline holds. The tasks of a round have ended before the next starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn round_and_round() -> Vec<u8> {
    ///     Pipeline::from_iter([1, 2]).cycle().take(5).collect().await // [1, 2, 1, 2, 1]
    /// }
    /// ```
    pub fn cycle(self) -> Pipeline<Cycle<S>>
    where
        S: Source + Clone,
    {
        Pipeline { source: cycle(self.source) }
    }
}

operator! {
    /// Turns each item into a row of items, given one after the other.
    ///
    /// `In` → `I::Item` of an `I: IntoIterator`, synchronous. Fused; holds one row, however long it is.
    /// Takes `.workers(n)` and `.blocking()`: the rows are then made there. What a lazy row does for an item
    /// it does where the item is taken, so a row of blocking work wants to be a `Vec`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn words(lines: Vec<String>) -> Vec<String> {
    ///     let split = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    ///     Pipeline::from_iter(lines).flat_map(split).workers(2).collect().await
    /// }
    /// ```
    #[doc(alias("mapConcat"))]
    flat_map<F>(f: F) -> FlatMap<Map<F>>;
    [I] where
        F: Fn(S::Item) -> I + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
}

operator! {
    /// Turns each item into a row of items, asynchronously; they are given one after the other.
    ///
    /// `In` → `I::Item` of an `I: IntoIterator`, asynchronous. A boundary: holds rows, however long they
    /// are. Takes `.workers(n)`. For streams instead of rows see `concat_map`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn links(url: String) -> Vec<String> {
    ///     vec![format!("{url}/a"), format!("{url}/b")]
    /// }
    ///
    /// async fn all_links(urls: Vec<String>) -> Vec<String> {
    ///     Pipeline::from_iter(urls).flat_map_async(links).workers(3).collect().await
    /// }
    /// ```
    flat_map_async<F>(f: F) -> FlatMap<Parallel<Then<F>>>;
    [Fut, I] where
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = I> + Send + 'static,
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
    #[doc(alias("onEach", "tap"))]
    inspect<F>(f: F) -> Inspect<F>;
    [] where F: Fn(&S::Item) + Send + Sync + 'static,
}

operator! {
    /// Gives `separator` between each two items.
    ///
    /// `In: Clone` → `In`. Fused; holds one item. A separator goes out when the item behind it has come: there is none before the
    /// first, nor after the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn listed(words: Vec<String>) -> String {
    ///     Pipeline::from_iter(words).intersperse(", ".to_owned()).fold(String::new(), |all, part| all + &part).await
    /// }
    /// ```
    intersperse<T>(separator: T) -> Intersperse<T>;
    [] where S: Source<Item = T>, T: Clone + Send + 'static,
}
