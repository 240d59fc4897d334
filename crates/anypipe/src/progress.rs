//! Progress bars of a run, drawn by [`indicatif`]; with the feature `progress`.
//!
//! ```
//! # #[cfg(feature = "smol")] anypipe::run(async {
//! use anypipe::prelude::*;
//! use anypipe::progress::{ShowProgress, bars};
//!
//! let doubled = Pipeline::from_iter(0..100).then(async |n| n * 2).workers(4);
//! let sum: i32 = doubled.fold(0, |sum, n| sum + n).progress(bars().total(100)).await;
//! assert_eq!(sum, 9900);
//! # });
//! ```
//!
//! While the run goes on there is a bar for each stage, which shows the part of the time that it is at work: the slow one
//! is full. The last bar is that of the run. It shows how many items are done, of how many, how many a second, and how long
//! the rest will take. Done is what came from the sources and isn't held by any stage: where a stage makes many items of
//! one, that is rough. What is fused into one task as a whole counts nothing, and shows only its time.
//!
//! At the end the bars of the stages go, and one line says what came of it. Where the run is dropped, nothing is left.
//! Where standard error is no terminal nothing is drawn, and the run isn't watched.

pub use anypipe_progress::{Bars, ShowProgress, bars, indicatif};
