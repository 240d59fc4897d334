//! Operators that make one pipeline of several.

use std::cmp::Ordering;

use anypipe_core::Source;
use anypipe_stages::Joined;
use anypipe_stages::source::{
    Chain, Merge, MergeFirst, MergeSortedBy, Pair, Race, Zip, ZipLatest, ZipLatestPartial, ZipStrict,
};
use anypipe_stages::stage::{self, Beside};

use super::{Pipeline, Segment, segment};

/// Writes the three faces of a way to combine: the method of `Pipeline`, that of `Segment`, and the free
/// function. `$how` makes it of the arguments behind the other pipeline.
macro_rules! combine {
    (
        $(#[$doc:meta])*
        $name:ident -> $How:ident;
        [$B:ident] where $($bounds:tt)*
    ) => {
        combine! {
            $(#[$doc])*
            $name[](other) -> $How, $How;
            [$B] where $($bounds)*
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident[$($F:ident)?](other $(, $arg:ident: $Arg:ty)?) -> $How:ty, $how:expr;
        [$B:ident] where $($bounds:tt)*
    ) => {
        impl<S> Pipeline<S> {
            $(#[$doc])*
            #[track_caller]
            pub fn $name<$B $(, $F)?>(self, other: $B $(, $arg: $Arg)?) -> Pipeline<Pair<$How, S, $B>>
            where
                S: Source,
                $($bounds)*
            {
                Pipeline { source: Pair { how: $how, first: self.source, second: other } }
            }
        }

        impl<G> Segment<G> {
            #[doc = concat!("As [`Pipeline::", stringify!($name), "`](crate::Pipeline::", stringify!($name), ").")]
            #[track_caller]
            pub fn $name<$B $(, $F)?>(self, other: $B $(, $arg: $Arg)?) -> Segment<Joined<G, Beside<$How, $B>>> {
                self.pipe(stage::$name(other $(, $arg)?))
            }
        }

        #[doc = concat!("As [`Pipeline::", stringify!($name), "`](crate::Pipeline::", stringify!($name), "), for `|`.")]
        #[track_caller]
        pub fn $name<$B $(, $F)?>(other: $B $(, $arg: $Arg)?) -> Segment<Beside<$How, $B>> {
            segment(stage::$name(other $(, $arg)?))
        }
    };
}

combine! {
    /// Gives the items of both as they come. Fair: each that has an item gets its turn. Ends when both have
    /// ended.
    ///
    /// `In` → `In`. Fused; holds what both hold. [`source::merge`](crate::source::merge) takes any number.
    ///
    /// An `Err` is an item like any other. A source that isn't a [`Pipeline`] goes on after a
    /// [`stop`](anypipe_core::run::Control::stop): wrap it with [`Pipeline::from_source`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn both(urgent: Pipeline<impl Source<Item = u32>>, rest: Pipeline<impl Source<Item = u32>>) {
    ///     urgent.merge(rest).for_each(|job| println!("{job}")).await;
    /// }
    /// ```
    #[doc(alias("StreamMap"))]
    merge -> Merge;
    [B] where B: Source<Item = S::Item>,
}

combine! {
    /// Gives the items of this one before those of the other, which has its turn where this one has none now, and after `most`
    /// items of this one in a row, so that it never starves. Ends when both have ended.
    ///
    /// `In` → `In`. Fused; holds what both hold. A large `most` is strict: the other waits as long as this one has items.
    /// [`source::merge_first`](crate::source::merge_first) takes any number.
    ///
    /// # Panics
    ///
    /// Where `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// // Urgent jobs first, and one of the rest after every ten of them at the latest.
    /// async fn work(urgent: Pipeline<impl Source<Item = u32>>, rest: Pipeline<impl Source<Item = u32>>) {
    ///     urgent.merge_first(rest, 10).for_each(|job| println!("{job}")).await;
    /// }
    /// ```
    #[doc(alias("MergePreferred", "MergePrioritized"))]
    merge_first[](other, most: usize) -> MergeFirst, MergeFirst::new(most);
    [B] where B: Source<Item = S::Item>,
}

combine! {
    /// Gives the items of both, which are sorted by `compare`, as one sorted pipeline. Of equal ones that of this pipeline comes
    /// first. Ends when both have ended.
    ///
    /// `In` → `In`. Fused; holds an item of each, besides what both hold. An item goes out when the next of the other is known: one that
    /// waits holds back all. Where the two aren't sorted nothing fails, and what comes out isn't either.
    /// [`source::merge_sorted_by`](crate::source::merge_sorted_by) takes any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn both() -> Vec<u32> {
    ///     source::iter([1, 4, 9]).merge_sorted_by(source::iter([2, 4]), u32::cmp).collect().await // [1, 2, 4, 4, 9]
    /// }
    /// ```
    #[doc(alias("mergeSorted"))]
    merge_sorted_by[F](other, compare: F) -> MergeSortedBy<F>, MergeSortedBy::new(compare);
    [B] where
        B: Source<Item = S::Item>,
        F: Fn(&S::Item, &S::Item) -> Ordering + Send + Sync + 'static,
}

combine! {
    /// Gives the items of this one, then those of the other, which is not touched before this one has ended,
    /// with all its tasks.
    ///
    /// `In` → `In`. Fused; holds what one of them holds, since only one runs at a time.
    /// [`source::chain`](crate::source::chain) takes any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn five() -> Vec<u32> {
    ///     source::iter(0..2).chain(source::iter(2..5)).collect().await // [0, 1, 2, 3, 4]
    /// }
    /// ```
    #[doc(alias("concat", "defaultIfEmpty", "endWith"))]
    chain -> Chain;
    [B] where B: Source<Item = S::Item>,
}

combine! {
    /// Gives pairs of one item of each; both are awaited together. Ends as soon as one of them ends; the other
    /// is closed before that shows, and an item of it that waited for its partner is dropped.
    ///
    /// `A`, `B` → `(A, B)`. Fused; holds one item, besides what both hold.
    /// [`source::zip`](crate::source::zip) takes any number, for rows of `Vec`. Where a missing partner is a
    /// mistake use [`zip_strict`](Self::zip_strict).
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn numbered(words: Vec<String>) -> Vec<(u32, String)> {
    ///     source::iter(1..).zip(source::iter(words)).collect().await
    /// }
    /// ```
    #[doc(alias("amap", "smap", "sync_by_key"))]
    zip -> Zip;
    [B] where B: Source,
}

combine! {
    /// As [`zip`](Self::zip), with pairs as `Ok`; where the two don't end together a last item tells so: an
    /// `Err` of [`UnequalEnds`](crate::stage::UnequalEnds).
    ///
    /// `A`, `B` → `Result<(A, B), UnequalEnds>`. Fused; holds one item, besides what both hold. After the end
    /// of one the other is awaited once more, for its end or an item; with one that never gives either, use a
    /// [`timeout`](Self::timeout) before this. A [`stop`](anypipe_core::run::Control::stop) may end the two
    /// apart as well. [`source::zip_strict`](crate::source::zip_strict) takes any
    /// number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use anypipe::stage::UnequalEnds;
    ///
    /// async fn pairs(keys: Vec<String>, values: Vec<u32>) -> Result<Vec<(String, u32)>, UnequalEnds> {
    ///     source::iter(keys).zip_strict(source::iter(values)).try_collect().await
    /// }
    /// ```
    zip_strict -> ZipStrict;
    [B] where B: Source,
}

combine! {
    /// Whenever one of the two gives an item, gives a pair of the latest of each, from when both have given
    /// one. Ends when both have ended, or when one has ended without an item.
    ///
    /// `A`, `B` → `(A, B)`, both `Clone`. Fused; holds the latest item of each, besides what both hold. An item
    /// that is followed by another before its partner's first is dropped.
    /// [`source::zip_latest`](crate::source::zip_latest) takes any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// fn priced(
    ///     amounts: Pipeline<impl Source<Item = u32>>,
    ///     prices: Pipeline<impl Source<Item = u32>>,
    /// ) -> Pipeline<impl Source<Item = u32>> {
    ///     amounts.zip_latest(prices).map(|(amount, price)| amount * price)
    /// }
    /// ```
    #[doc(alias("combineLatest", "withLatestFrom", "ziplatest"))]
    zip_latest -> ZipLatest;
    [B] where B: Source<Item: Clone>, S::Item: Clone,
}

combine! {
    /// As [`zip_latest`](Self::zip_latest), but from the first item on: one that has not given any yet is
    /// `None`. Ends when both have ended.
    ///
    /// `A`, `B` → `(Option<A>, Option<B>)`, both `Clone`. Fused; holds the latest item of each, besides what
    /// both hold. [`source::zip_latest_partial`](crate::source::zip_latest_partial) takes any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// fn seen(
    ///     left: Pipeline<impl Source<Item = u32>>,
    ///     right: Pipeline<impl Source<Item = u32>>,
    /// ) -> Pipeline<impl Source<Item = usize>> {
    ///     left.zip_latest_partial(right).map(|(a, b)| a.iter().count() + b.iter().count())
    /// }
    /// ```
    #[doc(alias("zip_longest"))]
    zip_latest_partial -> ZipLatestPartial;
    [B] where B: Source<Item: Clone>, S::Item: Clone,
}

combine! {
    /// Gives the items of that one of the two which gives an item first; the other is closed before that item
    /// goes out. One that ends without an item can't win. Where both have an item, this one wins.
    ///
    /// `In` → `In`. Fused; holds one item while the other is being closed, besides what both hold.
    /// [`source::race`](crate::source::race) takes any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// fn nearest(
    ///     here: Pipeline<impl Source<Item = String>>,
    ///     there: Pipeline<impl Source<Item = String>>,
    /// ) -> Pipeline<impl Source<Item = String>> {
    ///     here.race(there)
    /// }
    /// ```
    #[doc(alias("amb", "select"))]
    race -> Race;
    [B] where B: Source<Item = S::Item>,
}

/// The same over any number of sources.
pub(crate) mod many {
    use std::cmp::Ordering;

    use anypipe_core::Source;
    use anypipe_stages::source::{self, Several};

    use super::{
        Chain, Merge, MergeFirst, MergeSortedBy, Pipeline, Race, Zip, ZipLatest, ZipLatestPartial, ZipStrict,
    };

    /// Writes a function over any number of sources.
    macro_rules! many {
        ($(#[$doc:meta])* $name:ident -> $How:ident; $(where T: $T:ident)?) => {
            $(#[$doc])*
            pub fn $name<S>(sources: impl IntoIterator<Item = S>) -> Pipeline<Several<$How, S>>
            where
                S: Source$(<Item: $T>)?,
            {
                Pipeline { source: source::$name(sources) }
            }
        };
    }

    many! {
        /// Gives the items of any number of sources as they come; over none it is empty. As
        /// [`Pipeline::merge`].
        ///
        /// → the sources' item. Fused; holds what the sources hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// async fn total(parts: Vec<Vec<u32>>) -> u32 {
        ///     source::merge(parts.into_iter().map(source::iter)).fold(0, |sum, n| sum + n).await
        /// }
        /// ```
        merge -> Merge;
    }

    /// Gives the items of any number of sources, those of each before those of the ones behind it; over none it is empty. As
    /// [`Pipeline::merge_first`].
    ///
    /// A source has its turn where those before it have none now, and at the latest when `most` items for each of those before it
    /// have come from them since its own last: after `most` for the second, twice as many for the third. So none starves, however many
    /// there are, and none gets more than one before it. A `most` of 1 has each go in its turn; a large one is strict.
    ///
    /// → the sources' item. Fused; holds what the sources hold. A source that has none is asked again when it is woken, so an item costs
    /// the logarithm of the number of sources.
    ///
    /// # Panics
    ///
    /// Where `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # #[cfg(feature = "smol")] anypipe::run(async {
    /// let (urgent, usual, idle) = (source::iter(0..4), source::iter(10..13), source::iter(20..22));
    /// let jobs = source::merge_first([urgent, usual, idle], 2).collect::<Vec<_>>();
    /// assert_eq!(jobs.await, [0, 1, 10, 2, 20, 3, 11, 12, 21]);
    /// # });
    /// ```
    #[track_caller]
    pub fn merge_first<S: Source>(
        sources: impl IntoIterator<Item = S>,
        most: usize,
    ) -> Pipeline<Several<MergeFirst, S>> {
        Pipeline { source: source::merge_first(sources, most) }
    }

    /// Gives the items of any number of sources, each of which is sorted by `compare`, as one sorted pipeline; over none it is
    /// empty. As [`Pipeline::merge_sorted_by`]; of equal items that of the first source comes first.
    ///
    /// → the sources' item. Fused; holds an item of each source, besides what they hold. An item costs as many comparisons as a
    /// heap of the sources is deep.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// // Logs of several hosts as one, by time.
    /// fn together(logs: Vec<Pipeline<impl Source<Item = (u64, String)>>>) -> Pipeline<impl Source<Item = (u64, String)>> {
    ///     source::merge_sorted_by(logs, |one, other| one.0.cmp(&other.0))
    /// }
    /// ```
    pub fn merge_sorted_by<S, F>(
        sources: impl IntoIterator<Item = S>,
        compare: F,
    ) -> Pipeline<Several<MergeSortedBy<F>, S>>
    where
        S: Source,
        F: Fn(&S::Item, &S::Item) -> Ordering + Send + Sync + 'static,
    {
        Pipeline { source: source::merge_sorted_by(sources, compare) }
    }

    many! {
        /// Gives the items of any number of sources, one source after the other; over none it is empty. As
        /// [`Pipeline::chain`].
        ///
        /// → the sources' item. Fused; holds what one source holds.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// async fn flat() -> Vec<u32> {
        ///     source::chain([source::iter(0..2), source::iter(5..6)]).collect().await // [0, 1, 5]
        /// }
        /// ```
        chain -> Chain;
    }

    many! {
        /// Gives rows of one item of each of any number of sources, until one ends; over none it is empty. As
        /// [`Pipeline::zip`].
        ///
        /// → `Vec` of the sources' item. Fused; holds an item of each source but one, besides what they hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// async fn columns() -> Vec<Vec<u32>> {
        ///     source::zip([source::iter(0..2), source::iter(5..9)]).collect().await // [[0, 5], [1, 6]]
        /// }
        /// ```
        zip -> Zip;
    }

    many! {
        /// As [`zip`], with an `Err` at the end where the sources don't end together; over none it is empty.
        /// As [`Pipeline::zip_strict`].
        ///
        /// → `Result<Vec<T>, UnequalEnds>`. Fused; holds an item of each source but one, besides what they
        /// hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// async fn is_square(columns: Vec<Vec<u32>>) -> bool {
        ///     let rows = source::zip_strict(columns.into_iter().map(source::iter));
        ///     rows.try_collect::<Vec<_>>().await.is_ok()
        /// }
        /// ```
        zip_strict -> ZipStrict;
    }

    many! {
        /// Gives a row of the latest item of each source on every item, from when all have given one; over
        /// none it is empty. As [`Pipeline::zip_latest`].
        ///
        /// → `Vec` of the sources' item, which is `Clone`. Fused; holds an item of each source, besides what
        /// they hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// fn loudest(channels: Vec<Pipeline<impl Source<Item = u32>>>) -> Pipeline<impl Source<Item = u32>> {
        ///     source::zip_latest(channels).map(|latest| latest.into_iter().max().unwrap_or(0))
        /// }
        /// ```
        zip_latest -> ZipLatest; where T: Clone
    }

    many! {
        /// As [`zip_latest`], from the first item on, with `None` for sources that have not given one; over
        /// none it is empty. As [`Pipeline::zip_latest_partial`].
        ///
        /// → `Vec<Option<T>>`, with a `T` that is `Clone`. Fused; holds an item of each source, besides what
        /// they hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// fn up(hosts: Vec<Pipeline<impl Source<Item = u32>>>) -> Pipeline<impl Source<Item = usize>> {
        ///     source::zip_latest_partial(hosts).map(|latest| latest.into_iter().flatten().count())
        /// }
        /// ```
        zip_latest_partial -> ZipLatestPartial; where T: Clone
    }

    many! {
        /// Gives the items of that one of any number of sources which gives an item first; the others are
        /// closed. Over none it is empty. As [`Pipeline::race`].
        ///
        /// → the sources' item. Fused; holds one item while the others are being closed, besides what they
        /// hold.
        ///
        /// # Examples
        ///
        /// ```
        /// use anypipe::prelude::*;
        ///
        /// fn fastest(mirrors: Vec<Pipeline<impl Source<Item = u8>>>) -> Pipeline<impl Source<Item = u8>> {
        ///     source::race(mirrors)
        /// }
        /// ```
        race -> Race;
    }
}
