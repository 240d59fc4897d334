//! Groups and windows: stages for the items of each key, lists by number and by time.

use std::hash::Hash;
use std::time::Duration;

use anypipe_core::Stage;
use anypipe_stages::stage::GroupBy;
use anypipe_stages::{Joined, Piped};

use super::operator::operator;
use super::{Pipeline, Segment};

operator! {
    /// Gives the items of each key to stages of their own, which `stages` makes of the key, and gives what these give as it
    /// comes: batches, running sums, limits for each user, host or file. Up to `limit` groups are open at once.
    ///
    /// `In` → what the stages give; a group may have any stages, with tasks too, and a sink by
    /// [`into_stage`](crate::sink::IntoStage::into_stage). A group is opened by its first item. **Where an item has a new key and
    /// `limit` groups are open, the one that is idle longest is closed**: its input ends, its stages give the rest (a shorter last
    /// list), and the new group is opened when they have ended. [`idle_timeout(d)`](Pipeline::idle_timeout), directly behind it,
    /// closes groups that no item comes for. A later item of a key whose group was closed opens a new one. At the end of the
    /// input all are closed.
    ///
    /// Items of one key go one after the other, and what comes of them in the order that its stages keep, also from one group
    /// to the next of the key; groups overtake each other. An `Err` is an item like any other, with a key. Items for a group
    /// whose stages have ended (`take(3)`) are dropped, until that is closed as another would be.
    ///
    /// Fused, apart from the groups; it holds one item, and up to 64 before each group, besides what the stages hold, which
    /// only these know. A group that is held back holds back the rest once its 64 wait.
    ///
    /// # Panics
    ///
    /// Where `limit` is 0; the run, where `key` or `stages` panics, or a stage of a group.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// struct Event { user: u32, text: String }
    ///
    /// // Lists of up to 100 events, each of one user; of those who are quiet for a minute nothing is kept.
    /// fn batches(events: Pipeline<impl Source<Item = Event>>) -> Pipeline<impl Source<Item = (u32, Vec<Event>)>> {
    ///     events
    ///         .group_by(
    ///             |event| event.user,
    ///             |user| chunks_timeout(100, Duration::from_secs(5)).map(move |events| (user, events)),
    ///             10_000,
    ///         )
    ///         .idle_timeout(Duration::from_secs(60))
    /// }
    /// ```
    #[doc(alias("groupBy", "mergeSubstreams"))]
    group_by<L, F>(key: L, stages: F, limit: usize) -> GroupBy<L, F>;
    [K, G] where
        L: Fn(&S::Item) -> K + Send + Sync + 'static,
        F: Fn(K) -> G + Send + Sync + 'static,
        K: Clone + Eq + Hash + Send + 'static,
        G: Stage<S::Item>,
}

/// Writes the option that belongs to `group_by` alone.
macro_rules! idle_timeout {
    ([$($P:ident),*] $Of:ty, |$this:ident, $length:ident| $made:expr) => {
        impl<$($P,)* L, F> $Of {
            /// Has [`group_by`](Pipeline::group_by) before it close a group that no item came for in `length`, by the runtime's
            /// clock.
            pub fn idle_timeout(self, length: Duration) -> Self {
                let ($this, $length) = (self, length);
                $made
            }
        }
    };
}

idle_timeout!([S] Pipeline<Piped<S, GroupBy<L, F>>>, |this, length| {
    let Piped { source, stage } = this.source;
    Pipeline { source: Piped { source, stage: stage.idle_timeout(length) } }
});
idle_timeout!([] Segment<GroupBy<L, F>>, |this, length| Segment { stage: this.stage.idle_timeout(length) });
idle_timeout!([A] Segment<Joined<A, GroupBy<L, F>>>, |this, length| {
    let Joined { first, second } = this.stage;
    Segment { stage: Joined { first, second: second.idle_timeout(length) } }
});
