//! Operators whose items become pipelines.

use anypipe_core::Source;
use anypipe_stages::stage::{ConcatMap, FlatMapStream, SwitchMap};

use super::operator::operator;

operator! {
    /// Turns each item into a pipeline, and gives the items of one after the other, in the order of the input.
    /// Up to `limit` of them run at once: those behind the first fill a buffer (64) ahead of their turn.
    ///
    /// `In` → the item of a `Y: Source`, synchronous. Fused, apart from what runs ahead; what it holds is known
    /// by the pipelines only. A pipeline is joined before the next takes its place.
    ///
    /// # Panics
    ///
    /// Where `limit` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # async fn fetch(shelf: u32, page: u32) -> String { format!("{shelf}/{page}") }
    /// // Two shelves are read at once; the pages come in order.
    /// async fn pages(shelves: Vec<u32>) -> Vec<String> {
    ///     let read = |shelf| source::iter(0..10).then(move |page| fetch(shelf, page));
    ///     Pipeline::from_iter(shelves).concat_map(read, 2).collect().await
    /// }
    /// ```
    #[doc(alias(
        "concatMap", "concatmap", "flatMapConcat", "flat_map_unordered", "try_flatten",
        "try_flatten_unordered"
    ))]
    concat_map<F>(f: F, limit: usize) -> ConcatMap<F>;
    [Y] where F: Fn(S::Item) -> Y + Send + Sync + 'static, Y: Source,
}

operator! {
    /// Turns each item into a pipeline, and gives the items of all as they come, each pipeline in its turn. Up
    /// to `limit` of them run at once.
    ///
    /// `In` → the item of a `Y: Source`, synchronous. Fused; what it holds is known by the pipelines only. A
    /// pipeline is joined before the next takes its place. Pipelines that never end take all the places:
    /// choose the `limit` so that there are enough.
    ///
    /// # Panics
    ///
    /// Where `limit` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn all(lists: Vec<Vec<u32>>) -> Vec<u32> {
    ///     Pipeline::from_iter(lists).flat_map_stream(source::iter, 8).collect().await
    /// }
    /// ```
    #[doc(alias("flatMap", "flatMapMerge", "flatmap", "flatten_unordered", "mergeMap", "parJoin"))]
    flat_map_stream<F>(f: F, limit: usize) -> FlatMapStream<F>;
    [Y] where F: Fn(S::Item) -> Y + Send + Sync + 'static, Y: Source,
}

operator! {
    /// Turns each item into a pipeline, and gives the items of the newest one: the one before is closed when a
    /// new item comes, and joined before the next starts. The last is drained.
    ///
    /// `In` → the item of a `Y: Source`, synchronous. Fused; what it holds is known by the pipelines only. Of
    /// items that come before their pipeline could start only the newest counts: the others are dropped. An
    /// input that always has a next item never lets one start: [`throttle`](Self::throttle) it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # async fn search(query: String) -> Vec<String> { vec![query] }
    /// // What is found for the query that was typed last.
    /// fn found(queries: Pipeline<impl Source<Item = String>>) -> Pipeline<impl Source<Item = String>> {
    ///     queries.switch_map(|query| source::iter([query]).then(search).flatten())
    /// }
    /// ```
    #[doc(alias("flatMapLatest", "switch", "switchMap", "switchmap"))]
    switch_map<F>(f: F) -> SwitchMap<F>;
    [Y] where F: Fn(S::Item) -> Y + Send + Sync + 'static, Y: Source,
}
