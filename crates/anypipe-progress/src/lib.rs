//! Progress bars of a run, drawn by [`indicatif`].
//!
//! Users meet it with the feature `progress` of the `anypipe` crate, as `anypipe::progress`.
//!
//! ```
//! use anypipe_core::Run;
//! use anypipe_progress::{ShowProgress, bars};
//!
//! fn shown<T: Send + 'static>(run: Run<T>) -> Run<T> {
//!     run.progress(bars().total(10_000))
//! }
//! ```
//!
//! While the run goes on there is a bar for each stage, which shows the part of the time that it is at work: the slow one
//! is full. The last bar is that of the run. It shows how many items are done, of how many, how many a second, and how long
//! the rest will take. Done is what came from the sources and isn't held by any stage: where a stage makes many items of
//! one, that is rough. What is fused into one task as a whole counts nothing, and shows only its time.
//!
//! At the end the bars of the stages go, and one line says what came of it. Where the run is dropped, nothing is left.
//! Where standard error is no terminal nothing is drawn, and the run isn't watched.

mod bars;
mod shown;

use anypipe_core::Run;
pub use indicatif;

pub use self::bars::{Bars, bars};
use self::shown::Shown;

/// Shows the progress of a run, in one line.
///
/// # Examples
///
/// ```
/// use anypipe_core::{Run, run::inherit};
/// use anypipe_progress::{ShowProgress, bars};
///
/// let run = Run::new("answer", inherit, |_scope| async { 42 });
/// let run = run.progress(bars());
/// # drop(run);
/// ```
pub trait ShowProgress: Sized {
    /// Draws these bars as long as the run goes on.
    ///
    /// They are drawn on the runtime's threads for blocking work, and the last time where the run is awaited.
    ///
    /// # Panics
    ///
    /// Where the run was polled already.
    #[doc(alias("tqdm", "pbar"))]
    fn progress(self, bars: Bars) -> Self;
}

impl<T: Send + 'static> ShowProgress for Run<T> {
    fn progress(self, bars: Bars) -> Self {
        if bars.is_hidden() {
            return self;
        }
        let every = bars.every;
        let mut shown = Shown::new(bars, self.control());
        self.watch(every, move |part| shown.show(&part))
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
