//! Terminals: each gives a run.

// What is asked of the pipeline stands at each method, and its item is a parameter where the method gives it: with a bound of the
// whole block, or with `S::Item` in what is given, the compiler tells of a missing method, with the whole type of the pipeline, and
// not of what is wrong in it.

use std::future::Future;
use std::iter;

use anypipe_core::channel::{ChannelSender, SendError};
use anypipe_core::run::RunStream;
use anypipe_core::{Run, Sink, Source};
use anypipe_stages::{IsResult, sink};

use super::Pipeline;
use crate::backend::choose;

impl<S> Pipeline<S> {
    /// Drains the pipeline into a sink: anypipe's own, that of others, or [stages with one behind
    /// them](crate::Segment::into_sink).
    #[doc(alias("runWith"))]
    pub fn into_sink<K: Sink<S::Item>>(self, sink: K) -> Run<K::Output>
    where
        S: Source,
    {
        self.terminal("sink", sink)
    }

    fn terminal<K: Sink<S::Item>>(self, name: &'static str, sink: K) -> Run<K::Output>
    where
        S: Source,
    {
        Run::drain(name, choose, self.source, sink)
    }

    /// Gathers all items in a collection: anything that is `Default + Extend`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use anypipe::prelude::*;
    ///
    /// async fn distinct(words: Vec<String>) -> BTreeSet<String> {
    ///     Pipeline::from_iter(words).collect().await
    /// }
    /// ```
    #[doc(alias("toArray"))]
    pub fn collect<C>(self) -> Run<C>
    where
        S: Source,
        C: Default + Extend<S::Item> + Send + 'static,
    {
        self.terminal("collect", sink::collect())
    }

    /// Gathers the items that `f` says yes to in one collection, and the others in another.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn apart(numbers: Vec<i32>) -> (Vec<i32>, Vec<i32>) {
    ///     Pipeline::from_iter(numbers).partition(|n| *n < 0).await
    /// }
    /// ```
    pub fn partition<C, F>(self, f: F) -> Run<(C, C)>
    where
        S: Source,
        C: Default + Extend<S::Item> + Send + 'static,
        F: FnMut(&S::Item) -> bool + Send + 'static,
    {
        self.terminal("partition", sink::partition(f))
    }

    /// Gathers the halves of pairs in a collection each.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn columns(rows: Vec<(String, u32)>) -> (Vec<String>, Vec<u32>) {
    ///     Pipeline::from_iter(rows).unzip().await
    /// }
    /// ```
    pub fn unzip<T, U, A, B>(self) -> Run<(A, B)>
    where
        S: Source<Item = (T, U)>,
        T: Send + 'static,
        U: Send + 'static,
        A: Default + Extend<T> + Send + 'static,
        B: Default + Extend<U> + Send + 'static,
    {
        self.terminal("unzip", sink::unzip())
    }

    /// Calls `f` with each item, one after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn tell(words: Vec<String>) {
    ///     Pipeline::from_iter(words).for_each(|word| println!("{word}")).await;
    /// }
    /// ```
    pub fn for_each<F>(self, f: F) -> Run<()>
    where
        S: Source,
        F: FnMut(S::Item) + Send + 'static,
    {
        self.terminal("for_each", sink::for_each(f))
    }

    /// Folds all items into one value, from `start` on; gives `start` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sum() -> u64 {
    ///     Pipeline::from_iter(1..=4).fold(0, |sum, n| sum + n).await // 10
    /// }
    /// ```
    pub fn fold<A, F>(self, start: A, f: F) -> Run<A>
    where
        S: Source,
        A: Send + 'static,
        F: FnMut(A, S::Item) -> A + Send + 'static,
    {
        self.terminal("fold", sink::fold(start, f))
    }

    /// Calls `f` with each item and awaits it, one after the other.
    ///
    /// For several at a time put a stage before the end: `.then(f).workers(n).drain()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn tell(word: String) {
    ///     println!("{word}");
    /// }
    ///
    /// async fn tell_all(words: Vec<String>) {
    ///     Pipeline::from_iter(words).for_each_async(tell).await;
    /// }
    /// ```
    pub fn for_each_async<F, Fut>(self, f: F) -> Run<()>
    where
        S: Source,
        F: FnMut(S::Item) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.terminal("for_each_async", sink::for_each_async(f))
    }

    /// Calls `f` with each item, one after the other; gives the first `Err` of it, and cancels the rest.
    /// [`Run::all_errors`] goes on and gives every error instead.
    ///
    /// Where the items are results already [`try_for_each`](Pipeline::try_for_each) takes their values.
    ///
    /// # Errors
    ///
    /// The run's value: the first `Err` of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use anypipe::prelude::*;
    ///
    /// async fn write(lines: Vec<String>, mut file: impl Write + Send + 'static) -> std::io::Result<()> {
    ///     Pipeline::from_iter(lines).try_each(move |line| writeln!(file, "{line}")).await
    /// }
    /// ```
    pub fn try_each<F, E>(self, f: F) -> Run<Result<(), E>>
    where
        S: Source,
        F: FnMut(S::Item) -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        self.terminal("try_each", sink::try_each(f))
    }

    /// Calls `f` with each item and awaits it, one after the other; gives the first `Err` of it, and cancels the rest.
    /// [`Run::all_errors`] goes on and gives every error instead.
    ///
    /// For several at a time put a stage before the end: `.then(f).workers(n).try_each(|done| done)`.
    ///
    /// # Errors
    ///
    /// The run's value: the first `Err` of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn send(word: String) -> Result<(), String> {
    ///     if word.is_empty() { Err("nothing to send".to_owned()) } else { Ok(()) }
    /// }
    ///
    /// async fn send_all(words: Vec<String>) -> Result<(), String> {
    ///     Pipeline::from_iter(words).try_each_async(send).await
    /// }
    /// ```
    pub fn try_each_async<F, Fut, E>(self, f: F) -> Run<Result<(), E>>
    where
        S: Source,
        F: FnMut(S::Item) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        self.terminal("try_each_async", sink::try_each_async(f))
    }

    /// Folds all items into one value, from `start` on, one after the other; gives `start` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sum() -> u64 {
    ///     Pipeline::from_iter(1..=4).fold_async(0, async |sum, n| sum + n).await // 10
    /// }
    /// ```
    pub fn fold_async<A, F, Fut>(self, start: A, f: F) -> Run<A>
    where
        S: Source,
        A: Send + 'static,
        F: FnMut(A, S::Item) -> Fut + Send + 'static,
        Fut: Future<Output = A> + Send + 'static,
    {
        self.terminal("fold_async", sink::fold_async(start, f))
    }

    /// Folds all items into one, from the first on; gives `None` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn longest(words: Vec<String>) -> Option<String> {
    ///     Pipeline::from_iter(words).reduce(|a, b| if b.len() > a.len() { b } else { a }).await
    /// }
    /// ```
    pub fn reduce<T, F>(self, f: F) -> Run<Option<T>>
    where
        S: Source<Item = T>,
        T: Send + 'static,
        F: FnMut(T, T) -> T + Send + 'static,
    {
        self.terminal("reduce", sink::reduce(f))
    }

    /// Gives how many items there were.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn even() -> usize {
    ///     Pipeline::from_iter(0..9).filter(|n| n % 2 == 0).count().await // 5
    /// }
    /// ```
    pub fn count(self) -> Run<usize>
    where
        S: Source,
    {
        self.terminal("count", sink::count())
    }

    /// Adds all items up; gives the sum of nothing where there are none. Past the largest number it does what `+`
    /// does.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sum() -> u64 {
    ///     Pipeline::from_iter(1..=4).sum().await // 10
    /// }
    /// ```
    pub fn sum<A>(self) -> Run<A>
    where
        S: Source,
        A: iter::Sum<S::Item> + iter::Sum + Send + 'static,
    {
        self.terminal("sum", sink::sum())
    }

    /// Gives the smallest item, the first of several that are equal; `None` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn least() -> Option<u8> {
    ///     Pipeline::from_iter([3, 1, 2]).min().await // Some(1)
    /// }
    /// ```
    pub fn min<T>(self) -> Run<Option<T>>
    where
        S: Source<Item = T>,
        T: Ord + Send + 'static,
    {
        self.terminal("min", sink::min())
    }

    /// Gives the largest item, the last of several that are equal; `None` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn most() -> Option<u8> {
    ///     Pipeline::from_iter([3, 1, 2]).max().await // Some(3)
    /// }
    /// ```
    pub fn max<T>(self) -> Run<Option<T>>
    where
        S: Source<Item = T>,
        T: Ord + Send + 'static,
    {
        self.terminal("max", sink::max())
    }

    /// Tells whether `f` is true for every item; the rest is cancelled with the first for which it is not. True
    /// where there are no items.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn all_short(words: Vec<String>) -> bool {
    ///     Pipeline::from_iter(words).all(|word| word.len() < 9).await
    /// }
    /// ```
    pub fn all<F>(self, f: F) -> Run<bool>
    where
        S: Source,
        F: FnMut(S::Item) -> bool + Send + 'static,
    {
        self.terminal("all", sink::all(f))
    }

    /// Tells whether `f` is true for some item; the rest is cancelled with the first for which it is. False where
    /// there are no items.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn any_long(words: Vec<String>) -> bool {
    ///     Pipeline::from_iter(words).any(|word| word.len() > 9).await
    /// }
    /// ```
    pub fn any<F>(self, f: F) -> Run<bool>
    where
        S: Source,
        F: FnMut(S::Item) -> bool + Send + 'static,
    {
        self.terminal("any", sink::any(f))
    }

    /// Gives the first item, and cancels the rest; `None` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn first_even() -> Option<u64> {
    ///     Pipeline::from_iter(1..).filter(|n| n % 2 == 0).first().await // Some(2)
    /// }
    /// ```
    #[doc(alias("single"))]
    pub fn first<T>(self) -> Run<Option<T>>
    where
        S: Source<Item = T>,
        T: Send + 'static,
    {
        self.terminal("first", sink::first())
    }

    /// Gives the last item; `None` where there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn newest(words: Vec<String>) -> Option<String> {
    ///     Pipeline::from_iter(words).last().await
    /// }
    /// ```
    pub fn last<T>(self) -> Run<Option<T>>
    where
        S: Source<Item = T>,
        T: Send + 'static,
    {
        self.terminal("last", sink::last())
    }

    /// Takes all items and drops them: for a pipeline whose stages do all there is to do.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn tell(words: Vec<String>) {
    ///     Pipeline::from_iter(words).then(async |word| println!("{word}")).workers(2).drain().await;
    /// }
    /// ```
    #[doc(alias("for_each_concurrent"))]
    pub fn drain(self) -> Run<()>
    where
        S: Source,
    {
        self.terminal("drain", sink::drain())
    }

    /// Sends all items into a channel, anypipe's own or a runtime's behind its adapter, and closes this end. A run
    /// that fails or is cancelled leaves it *broken* instead.
    ///
    /// # Errors
    ///
    /// Where the receivers go first the rest is cancelled, and the item that could not be sent comes back; there is
    /// none where they went while there was nothing to send.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// use anypipe::channel::Sender;
    ///
    /// async fn feed(words: Vec<String>, sender: Sender<String>) {
    ///     if Pipeline::from_iter(words).send_to(sender).await.is_err() {
    ///         println!("nobody listens");
    ///     }
    /// }
    /// ```
    #[doc(alias("forward"))]
    pub fn send_to<C>(self, channel: C) -> Run<Result<(), SendError<Option<S::Item>>>>
    where
        S: Source,
        C: ChannelSender<S::Item>,
    {
        self.terminal("send_to", sink::send_to(channel))
    }

    /// Gives the items one by one, for the rest of the futures world.
    ///
    /// Dropping the stream cancels the run. Where the run fails the stream panics;
    /// [`RunStream::checked`] gives the failure as a last item instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use futures_core::Stream;
    ///
    /// fn lengths(words: Vec<String>) -> impl Stream<Item = usize> {
    ///     Pipeline::from_iter(words).map(|word| word.len()).into_stream()
    /// }
    /// ```
    #[doc(alias(
        "as_safe_channel",
        "by_ref",
        "fuse",
        "into_future",
        "left_stream",
        "peekable",
        "poll_next_unpin",
        "right_stream",
        "select_next_some",
        "try_next"
    ))]
    pub fn into_stream<T>(self) -> RunStream<T>
    where
        S: Source<Item = T>,
        T: Send + 'static,
    {
        RunStream::new(choose, self.source)
    }
}

/// What an `Ok` of a pipeline's results holds.
type OkOf<S> = <<S as Source>::Item as IsResult>::Ok;
/// What an `Err` of them holds.
type ErrOf<S> = <<S as Source>::Item as IsResult>::Err;

/// Terminals of results.
impl<S> Pipeline<S> {
    /// Gathers the values of all results in a collection, or gives the first `Err` and cancels the rest.
    /// [`Run::all_errors`] gives every error instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::ParseIntError;
    /// use anypipe::prelude::*;
    ///
    /// async fn numbers(texts: Vec<String>) -> Result<Vec<u32>, ParseIntError> {
    ///     Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).try_collect().await
    /// }
    /// ```
    #[doc(alias("catch_abort", "catch_error"))]
    pub fn try_collect<C>(self) -> Run<Result<C, ErrOf<S>>>
    where
        S: Source,
        S::Item: IsResult,
        C: Default + Extend<OkOf<S>> + Send + 'static,
    {
        self.terminal("try_collect", sink::try_collect())
    }

    /// Gathers the values of all results in one collection and their errors in another.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// use std::num::ParseIntError;
    ///
    /// async fn numbers(texts: Vec<String>) -> (Vec<u32>, Vec<ParseIntError>) {
    ///     Pipeline::from_iter(texts).map(|text| text.parse::<u32>()).partition_results().await
    /// }
    /// ```
    #[doc(alias("collect_split"))]
    pub fn partition_results<A, B>(self) -> Run<(A, B)>
    where
        S: Source,
        S::Item: IsResult,
        A: Default + Extend<OkOf<S>> + Send + 'static,
        B: Default + Extend<ErrOf<S>> + Send + 'static,
    {
        self.terminal("partition_results", sink::partition_results())
    }

    /// Calls `f` with the value of each result, one after the other; gives the first `Err`, of the items or of `f`, and
    /// cancels the rest. [`Run::all_errors`] goes on and gives every error instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn check(numbers: Vec<Result<u32, String>>) -> Result<(), String> {
    ///     let check = |n| if n > 9 { Err(format!("{n} is too large")) } else { Ok(()) };
    ///     Pipeline::from_iter(numbers).try_for_each(check).await
    /// }
    /// ```
    pub fn try_for_each<F, E>(self, f: F) -> Run<Result<(), E>>
    where
        S: Source,
        S::Item: IsResult<Err = E>,
        F: FnMut(OkOf<S>) -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        self.terminal("try_for_each", sink::try_for_each(f))
    }

    /// Folds the values of all results into one, from `start` on; gives the first `Err`, of the items or of `f`,
    /// and cancels the rest. [`Run::all_errors`] goes on after the errors of items and gives all of them; an error of
    /// `f` still ends the run, since `f` took what was folded.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sum(numbers: Vec<Result<u8, String>>) -> Result<u8, String> {
    ///     let add = |sum: u8, n| sum.checked_add(n).ok_or_else(|| String::from("too large"));
    ///     Pipeline::from_iter(numbers).try_fold(0, add).await
    /// }
    /// ```
    #[doc(alias("try_all", "try_any", "try_concat"))]
    pub fn try_fold<A, F, E>(self, start: A, f: F) -> Run<Result<A, E>>
    where
        S: Source,
        S::Item: IsResult<Err = E>,
        A: Send + 'static,
        F: FnMut(A, OkOf<S>) -> Result<A, E> + Send + 'static,
        E: Send + 'static,
    {
        self.terminal("try_fold", sink::try_fold(start, f))
    }
}
