//! Sinks as values: for [`tee`](crate::Pipeline::tee), [`dead_letter`](crate::Pipeline::dead_letter),
//! [`into_sink`](crate::Pipeline::into_sink) and branches.
//!
//! What a terminal does its sink does too: `pipeline.into_sink(sink::collect())` is
//! `pipeline.collect()`. Stages with a sink behind them are a sink: `chunks(100) | sink::try_each(write)`.
//! [`IntoStage::into_stage`] makes a branch of one.
//!
//! # Examples
//!
//! ```
//! use anypipe::prelude::*;
//!
//! # fn insert(rows: Vec<u32>) -> Result<(), String> { if rows.len() > 100 { Err("too many".to_owned()) } else { Ok(()) } }
//! /// Writes rows in batches: for any pipeline, as a branch, beside the way or at its end.
//! fn rows() -> impl Sink<u32, Output = Result<(), String>> {
//!     chunks(100) | sink::try_each(insert)
//! }
//!
//! # #[cfg(feature = "smol")] anypipe::run(async {
//! assert_eq!(Pipeline::from_iter(0..1000).into_sink(rows()).await, Ok(()));
//! assert_eq!(Pipeline::from_iter(0..1000).tee(rows()).count().await, 1000);
//! # });
//! ```

pub use anypipe_core::Sink;
pub use anypipe_stages::sink::*;

use crate::{Segment, segment};

/// Makes a stage of a sink, so that it can be a branch of `broadcast` or `route`.
pub trait IntoStage: Sized {
    /// The sink as a stage that gives one item: what the sink gives, once its input has ended.
    ///
    /// `In` → the sink's output. A task of its own drains the sink; holds what the sink holds, and one item. What
    /// follows makes an item of it that fits those of the other branches. Dropped before its end, it cancels the
    /// sink, and gives nothing.
    ///
    /// # Examples
    ///
    /// Two aggregates of one pass:
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// #[derive(Debug, PartialEq)]
    /// enum Told {
    ///     Count(usize),
    ///     Longest(Option<usize>),
    /// }
    ///
    /// # #[cfg(feature = "smol")] anypipe::run(async {
    /// let count = sink::count().into_stage().map(Told::Count);
    /// let longest = (map(|word: &str| word.len()) | sink::max()).into_stage().map(Told::Longest);
    /// let words = Pipeline::from_iter(["one", "two", "three"]);
    /// let mut told: Vec<Told> = words.broadcast((count, longest)).collect().await;
    /// told.sort_by_key(|told| matches!(told, Told::Longest(_)));
    /// assert_eq!(told, [Told::Count(3), Told::Longest(Some(5))]);
    /// # });
    /// ```
    fn into_stage(self) -> Segment<SinkStage<Self>> {
        segment(SinkStage::new(self))
    }

    /// The sink as a stage that gives nothing, whatever the items are that others give beside it.
    ///
    /// `In` → `Out`, of which none ever comes. As [`into_stage`](IntoStage::into_stage) otherwise; the stage ends when
    /// the sink has. What the sink gives must be `()`, or a `Result` of it: an `Err` fails the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn small(numbers: Vec<u32>) -> Vec<u32> {
    ///     let large = sink::for_each(|n| eprintln!("{n} is too large")).into_silent_stage();
    ///     Pipeline::from_iter(numbers).route(|n| usize::from(*n > 9), (map(|n| n), large)).collect().await
    /// }
    /// ```
    fn into_silent_stage<Out>(self) -> Segment<SilentStage<Self, Out>> {
        segment(SinkStage::new(self).silent())
    }
}

impl<K: Send + 'static> IntoStage for K {}
