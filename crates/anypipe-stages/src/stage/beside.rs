use anypipe_core::{Holds, Scope, Source, Stage};
use futures_core::Stream;

use crate::source::{
    Chain, Combine, Given, How, Merge, MergeFirst, MergeSortedBy, Pair, Race, Zip, ZipLatest,
    ZipLatestPartial, ZipStrict,
};
use crate::stage::one_task;
use crate::{Joined, Parallel, Pass};

/// The stage form of what makes one source of two: its input is the first of them.
#[derive(Clone, Debug)]
pub struct Beside<K, B> {
    how: K,
    other: B,
}

/// Writes the function that makes the stage form of an operator.
macro_rules! beside {
    ($($(#[$doc:meta])* $name:ident -> $How:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// A stage can close its input, but not wait for the tasks behind it to end, as the source form
            /// does; the run waits for them.
            pub fn $name<B>(other: B) -> Beside<$How, B> {
                Beside { how: $How, other }
            }
        )*
    };
}

beside! {
    /// Gives the items of the input and of the other as they come; see [`source::merge`](crate::source::merge).
    ///
    /// `In` → `In`. Fused; holds what the other holds.
    merge -> Merge;
    /// Gives the items of the input, then those of the other; see [`source::chain`](crate::source::chain).
    ///
    /// `In` → `In`. Fused; holds what the other holds.
    chain -> Chain;
    /// Gives pairs of one item of each; see [`source::zip`](crate::source::zip).
    ///
    /// `A` → `(A, B)`. Fused; holds one item, besides what the other holds.
    zip -> Zip;
    /// Gives pairs of one item of each, and an `Err` where they don't end together; see
    /// [`source::zip_strict`](crate::source::zip_strict).
    ///
    /// `A` → `Result<(A, B), UnequalEnds>`. Fused; holds one item, besides what the other holds.
    zip_strict -> ZipStrict;
    /// Gives pairs of the latest items; see [`source::zip_latest`](crate::source::zip_latest).
    ///
    /// `A` → `(A, B)`. Fused; holds two items, besides what the other holds.
    zip_latest -> ZipLatest;
    /// Gives pairs of the latest items, as far as there are any; see
    /// [`source::zip_latest_partial`](crate::source::zip_latest_partial).
    ///
    /// `A` → `(Option<A>, Option<B>)`. Fused; holds two items, besides what the other holds.
    zip_latest_partial -> ZipLatestPartial;
    /// Gives the items of the one that gives an item first; see [`source::race`](crate::source::race).
    ///
    /// `In` → `In`. Fused; holds one item, besides what the other holds.
    race -> Race;
}

/// Gives the items of the input before those of the other; see [`source::merge_first`](crate::source::merge_first).
///
/// `In` → `In`. Fused; holds what the other holds.
///
/// # Panics
///
/// Where `most` is 0.
#[track_caller]
pub fn merge_first<B>(other: B, most: usize) -> Beside<MergeFirst, B> {
    Beside { how: MergeFirst::new(most), other }
}

/// Gives the items of the input and of the other, sorted; see
/// [`source::merge_sorted_by`](crate::source::merge_sorted_by).
///
/// `In` → `In`. Fused; holds two items, besides what the other holds.
pub fn merge_sorted_by<B, F>(other: B, compare: F) -> Beside<MergeSortedBy<F>, B> {
    Beside { how: MergeSortedBy::new(compare), other }
}

impl<In, K, B> Stage<In> for Beside<K, B>
where
    In: Send + 'static,
    B: Source,
    K: Combine<In, B::Item>,
{
    type Out = K::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = K::Out> + Send + 'static {
        Pair { how: self.how, first: Given(input), second: self.other }.attach(scope)
    }

    fn holds(&self) -> Holds {
        K::holds(Holds::NONE, self.other.holds())
    }
}

one_task!(
    Beside<K: How, B>,
    Joined,
    |stage| (Parallel::new(K::NAME, Pass), stage),
    |first, second| Joined { first, second }
);
