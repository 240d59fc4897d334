//! Operators that go by the clock: that of the run's runtime.
//!
//! They are fused: while nobody asks them for an item they see none come. Where what follows is slow and
//! that matters, `.boundary()` behind one gives it a task of its own.

use std::time::Duration;

use anypipe_stages::stage::{ChunksTimeout, Debounce, Delay, Rate, Sample, SpaceOut, Throttle, Timeout};

use super::operator::operator;

operator! {
    /// Gathers items in lists: a list goes when it has `n` items, or `length` after its first item came, or at
    /// the end of the input. None is empty.
    ///
    /// `In` → `Vec<In>`. Fused; holds up to `n` items.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// # async fn insert(rows: Vec<u32>) {}
    /// async fn store(rows: Pipeline<impl Source<Item = u32>>) {
    ///     rows.chunks_timeout(100, Duration::from_millis(50)).for_each_async(insert).await;
    /// }
    /// ```
    #[doc(alias("batch_while_with_expiry", "bufferTime", "groupWithin", "groupedWithin"))]
    chunks_timeout(n: usize, length: Duration) -> ChunksTimeout;
    [] where
}

operator! {
    /// Lets at most `n` items through in any window of `per`; the others wait.
    ///
    /// `In` → `In`. Fused; holds one item. The end of the input shows at once. For a rate that can be changed
    /// while the run goes on see [`throttle_by`](Self::throttle_by).
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// # async fn call(url: String) -> u16 { 200 }
    /// async fn polite(urls: Vec<String>) -> Vec<u16> {
    ///     Pipeline::from_iter(urls).throttle(10, Duration::from_secs(1)).then(call).workers(4).collect().await
    /// }
    /// ```
    #[doc(alias("throttleTime"))]
    throttle(n: usize, per: Duration) -> Throttle;
    [] where
}

operator! {
    /// As [`throttle`](Self::throttle), with a [`Rate`](crate::stage::Rate) that can be changed while the run
    /// goes on, from anywhere.
    ///
    /// `In` → `In`. Fused; holds one item.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    /// use anypipe::stage::Rate;
    ///
    /// async fn total(numbers: Vec<u32>) -> u32 {
    ///     let rate = Rate::new(100, Duration::from_secs(1));
    ///     let run = Pipeline::from_iter(numbers).throttle_by(rate.clone()).sum();
    ///     rate.set(20, Duration::from_secs(1));
    ///     run.await
    /// }
    /// ```
    throttle_by(rate: Rate) -> Throttle;
    [] where
}

operator! {
    /// Leaves a gap of at least `gap` between the items; the first goes at once.
    ///
    /// `In` → `In`. Fused; holds one item. The end of the input shows at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// async fn blink(states: Vec<bool>) {
    ///     let states = Pipeline::from_iter(states).space_out(Duration::from_millis(500));
    ///     states.for_each(|on| println!("{}", if on { "on" } else { "off" })).await;
    /// }
    /// ```
    #[doc(alias("metered", "spaceout"))]
    space_out(gap: Duration) -> SpaceOut;
    [] where
}

operator! {
    /// Gives an item when no other came for `silence` after it; an item that another follows sooner is dropped.
    /// At the end of the input the last item goes at once.
    ///
    /// `In` → `In`. Fused; holds one item. An input that is never silent gives nothing:
    /// [`sample`](Self::sample) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// fn typed(keys: Pipeline<impl Source<Item = String>>) -> Pipeline<impl Source<Item = String>> {
    ///     keys.debounce(Duration::from_millis(300))
    /// }
    /// ```
    #[doc(alias("debounceTime"))]
    debounce(silence: Duration) -> Debounce;
    [] where
}

operator! {
    /// Gives the latest item at each tick, of which there is one every `period`; where none came since the last
    /// tick it gives nothing, and items that others follow before the tick are dropped. After the end of the
    /// input the last item still goes at its tick.
    ///
    /// `In` → `In`. Fused; holds one item.
    ///
    /// # Panics
    ///
    /// Where `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// async fn progress(percents: Pipeline<impl Source<Item = u32>>) {
    ///     percents.sample(Duration::from_secs(1)).for_each(|percent| println!("{percent} %")).await;
    /// }
    /// ```
    #[doc(alias("auditTime"))]
    sample(period: Duration) -> Sample;
    [] where
}

operator! {
    /// Waits once, for `length`, before the input is asked for its first item.
    ///
    /// `In` → `In`. Fused, holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    ///
    /// // The spare is only asked where the first has not answered in time.
    /// fn hedged(
    ///     first: Pipeline<impl Source<Item = String>>,
    ///     spare: Pipeline<impl Source<Item = String>>,
    /// ) -> Pipeline<impl Source<Item = String>> {
    ///     first.race(spare.delay(Duration::from_millis(200)))
    /// }
    /// ```
    #[doc(alias("initialDelay", "wait_until"))]
    delay(length: Duration) -> Delay;
    [] where
}

operator! {
    /// Gives the items as `Ok`; where the wait for one takes longer than `limit` it gives an `Err` of
    /// [`TimedOut`](crate::time::TimedOut), once, and goes on waiting. The time that the consumer takes doesn't
    /// count.
    ///
    /// `In` → `Result<In, TimedOut>`. Fused, holds nothing. [`timeout_each`](Self::timeout_each) limits the work
    /// on an item, [`Run::deadline`](crate::Run::deadline) the whole run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::prelude::*;
    /// use anypipe::time::TimedOut;
    ///
    /// async fn beats(pulse: Pipeline<impl Source<Item = u64>>) -> Result<Vec<u64>, TimedOut> {
    ///     pulse.timeout(Duration::from_secs(3)).try_collect().await
    /// }
    /// ```
    timeout(limit: Duration) -> Timeout;
    [] where
}
