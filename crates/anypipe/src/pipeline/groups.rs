//! Groups and windows: stages for the items of each key, lists by number and by time.

use std::hash::Hash;
use std::time::Duration;

use anypipe_core::Stage;
use anypipe_stages::stage::{GroupBy, WindowEventTime, WindowTime, Windows};
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

operator! {
    /// Gathers items in lists of `n`, each of which begins `step` items after the one before: they overlap where `step` is less
    /// than `n`, and leave items out where it is more.
    ///
    /// `In: Clone` → `Vec<In>`, synchronous. Fused; holds up to `n` items, and while it gives a list clones of those that the
    /// next has in common with it. Only whole lists are given, as by `slice::windows`: none where there are fewer than `n`
    /// items. [`chunks`](Self::chunks) gives a shorter last list.
    ///
    /// # Panics
    ///
    /// Where `n` or `step` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// // The mean of each three in a row.
    /// async fn smooth(values: Vec<f64>) -> Vec<f64> {
    ///     Pipeline::from_iter(values).windows(3, 1).map(|three| three.iter().sum::<f64>() / 3.0).collect().await
    /// }
    /// ```
    #[doc(alias("bufferCount", "sliding", "windowCount"))]
    windows(n: usize, step: usize) -> Windows;
    [] where S::Item: Clone,
}

operator! {
    /// Gathers the items that come in each stretch of time of this `length`, one of which begins `every` so often: one after the
    /// other where the two are equal, overlapping where `every` is shorter, with gaps, whose items are left out, where it is longer.
    ///
    /// `In: Clone` → [`TimeWindow<In>`](crate::stage::TimeWindow), which has its `start`, `end` and `items`. Time is the runtime's
    /// clock, and begins when the first item is asked for. A window is given when it has ended, those that are left at the end of the
    /// input; none is empty. Fused: while nobody asks for an item none come. Holds what comes in that time, each item once for each
    /// window it is in, which has no bound: put [`throttle`](Self::throttle) before it, or count and add up instead of gathering.
    ///
    /// # Panics
    ///
    /// Where `length` or `every` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// // Each second, how many requests there were in the last ten.
    /// fn rates(requests: Pipeline<impl Source<Item = String>>) -> Pipeline<impl Source<Item = usize>> {
    ///     requests
    ///         .map(|_| ())
    ///         .window_time(Duration::from_secs(10), Duration::from_secs(1))
    ///         .map(|window| window.items.len())
    /// }
    /// ```
    #[doc(alias("windowTime"))]
    window_time(length: Duration, every: Duration) -> WindowTime;
    [] where S::Item: Clone,
}

operator! {
    /// As [`window_time`](Self::window_time), by the time that each item tells itself, as what has passed since a moment of your
    /// choice. Items may come out of order, by `lateness` at the most; one that comes after all its windows were given is an `Err`.
    ///
    /// `In: Clone` → `Result<`[`TimeWindow<In>`](crate::stage::TimeWindow)`, `[`TooLate<In>`](crate::stage::TooLate)`>`. Windows
    /// begin at that moment and `every` so often after it. A window is given, in order, once an item has come whose time is
    /// `lateness` past its end; those that are left at the end of the input. No clock is looked at: while nothing comes
    /// nothing is given, and one item that is far ahead ends all before it. What is too late is lost nowhere: take it aside with
    /// [`dead_letter`](Self::dead_letter), count it, or let it go with [`ok_only`](Self::ok_only).
    ///
    /// Fused; holds the items of the windows that are open, which has no bound.
    ///
    /// # Panics
    ///
    /// Where `length` or `every` is zero; the run, where `at` panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, SystemTime, UNIX_EPOCH};
    /// use anypipe::prelude::*;
    ///
    /// #[derive(Clone)]
    /// struct Event { at: SystemTime, bytes: u64 }
    ///
    /// // What was sent in each minute; events may be five seconds late.
    /// async fn traffic(events: Vec<Event>) -> Vec<u64> {
    ///     let at = |event: &Event| event.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    ///     let minute = Duration::from_secs(60);
    ///     Pipeline::from_iter(events)
    ///         .window_event_time(at, minute, minute, Duration::from_secs(5))
    ///         .ok_only()
    ///         .map(|minute| minute.items.iter().map(|event| event.bytes).sum::<u64>())
    ///         .collect()
    ///         .await
    /// }
    /// ```
    window_event_time<F>(at: F, length: Duration, every: Duration, lateness: Duration) -> WindowEventTime<F>;
    [] where S::Item: Clone, F: Fn(&S::Item) -> Duration + Send + Sync + 'static,
}
