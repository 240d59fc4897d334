//! Operators whose items go to several branches.

use anypipe_stages::stage::{Branches, Broadcast, Route, Tee};

use super::operator::operator;

operator! {
    /// Gives every item to every branch, and what the branches give as it comes.
    ///
    /// `In: Clone` → the branches' item. Branches are a tuple of up to eight stages that give the same items,
    /// or a `Vec` of equal stages; a sink becomes one by [`into_stage`](crate::sink::IntoStage::into_stage), which
    /// gives what the sink does, or by [`into_silent_stage`](crate::sink::IntoStage::into_silent_stage).
    /// Fused, apart from the branches; holds up to 64 items before each, besides what they hold. Ends when all
    /// branches have ended; one that ends early frees the rest.
    ///
    /// The slowest branch sets the pace: a buffer in it (`.buffer(n)`) lets the others run ahead.
    /// Subscribers that must not hold each other back want a channel each. A branch that waits for another's
    /// output never gets it once the buffers are full: make no cycles.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn both(numbers: Vec<i64>) -> Vec<i64> {
    ///     let branches = (filter(|n: &i64| *n > 0), map(|n: i64| -n));
    ///     Pipeline::from_iter(numbers).broadcast(branches).collect().await
    /// }
    /// ```
    #[doc(alias("Subject"))]
    broadcast<B>(branches: B) -> Broadcast<B>;
    [] where S::Item: Clone, B: Branches<S::Item>,
}

operator! {
    /// Gives each item to the branch whose index `f` tells, and what the branches give as it comes.
    ///
    /// `In` → the branches' item. Branches are as those of [`broadcast`](Self::broadcast). Fused, apart from
    /// the branches; holds one item, and up to 64 before each branch, besides what they hold. Items for a
    /// branch that has ended are dropped. Ends when all branches have ended.
    ///
    /// A branch that is held back holds back the rest once its buffer is full: give it a buffer
    /// (`.buffer(n)`) that takes its bursts, or workers.
    ///
    /// # Panics
    ///
    /// The run, where `f` tells an index that there is no branch for, and where `f` panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn served(requests: Vec<String>) -> Vec<String> {
    ///     let quick = map(|request: String| format!("{request}: at once"));
    ///     let slow = then(async |request: String| format!("{request}: in a while")).workers(8);
    ///     let branch = |request: &String| usize::from(request.starts_with("report"));
    ///     Pipeline::from_iter(requests).route(branch, (quick, slow)).collect().await
    /// }
    /// ```
    #[doc(alias("groupBy", "partition", "pull_routing"))]
    route<F, B>(f: F, branches: B) -> Route<F, B>;
    [] where F: Fn(&S::Item) -> usize + Send + Sync + 'static, B: Branches<S::Item>,
}

operator! {
    /// Gives every item to a sink, and on.
    ///
    /// **What comes after may cut it off.** Where the rest of the pipeline ends early (`take(n)`, `first()`, an `Err` in
    /// `try_collect()`) the sink is cancelled there and then: up to 64 items that have gone on wait before it, and
    /// are dropped, besides what it holds and is at work on. So, where it must see all that went on, as an audit log
    /// must:
    ///
    /// - put what ends early before it: `.take(n).tee(log)` gives the log all of it;
    /// - or write an item before it goes on, in a stage: `.then(write)`, whose `write` gives the item back. Nothing
    ///   comes out that was not written, however the run ends. The second example does it in batches.
    ///
    /// `In: Clone` → `In`. Fused, apart from the sink, which has a task of its own; holds up to 64 items before
    /// the sink, and what that holds. Ends when the input and the sink have ended. The sink sees no item that has not gone
    /// on; where the input comes out of a boundary, copies of what waits there may be made before.
    ///
    /// A sink that is slow holds back the rest; one that ends early frees it. What the sink gives must be
    /// `()`, or a `Result` of it, whose `Err` fails the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::channel::Sender;
    /// use anypipe::prelude::*;
    ///
    /// // Each line goes to the log, and its length on.
    /// async fn lengths(lines: Vec<String>, log: Sender<String>) -> Vec<usize> {
    ///     let sink = anypipe::sink::send_to(log);
    ///     Pipeline::from_iter(lines).tee(sink).map(|line| line.len()).collect().await
    /// }
    /// ```
    ///
    /// A log that misses nothing, written in batches: a batch goes on when it was written.
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// # async fn write(batch: &[u32]) { let _ = batch; }
    /// async fn first_large(payments: Vec<u32>) -> Option<u32> {
    ///     Pipeline::from_iter(payments)
    ///         .chunks_timeout(100, Duration::from_millis(5))
    ///         .then(async |batch| {
    ///             write(&batch).await;
    ///             batch
    ///         })
    ///         .flatten()
    ///         .filter(|payment| *payment > 1_000_000)
    ///         .first()
    ///         .await
    /// }
    /// ```
    #[doc(alias("alsoTo", "wireTap"))]
    tee<K>(sink: K) -> Tee<K>;
    [] where S::Item: Clone, K: anypipe_core::Sink<S::Item, Output: anypipe_stages::sink::NothingToTell>,
}
