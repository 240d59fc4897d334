//! What is to be drawn.

use std::fmt;
use std::time::Duration;

use indicatif::MultiProgress;

/// The bars of a run, made by [`bars`].
pub struct Bars {
    /// How many items the sources will give.
    pub(crate) total: Option<u64>,
    pub(crate) every: Duration,
    /// True where each stage has a bar.
    pub(crate) stages: bool,
    pub(crate) multi: MultiProgress,
}

/// Bars on standard error, drawn ten times a second.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anypipe_progress::bars;
///
/// let slow_terminal = bars().total(10_000).every(Duration::from_secs(1)).without_stages();
/// # drop(slow_terminal);
/// ```
pub fn bars() -> Bars {
    Bars { total: None, every: Duration::from_millis(100), stages: true, multi: MultiProgress::new() }
}

impl Bars {
    /// How many items the run's sources will give, all together. Without it there is no end to reach, and the bar of the
    /// run only counts.
    pub fn total(mut self, items: u64) -> Self {
        self.total = Some(items);
        self
    }

    /// Draws that often.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// The bar of the run alone.
    pub fn without_stages(mut self) -> Self {
        self.stages = false;
        self
    }

    /// Draws below other bars, those of another run or the program's own. Lines that are written by
    /// `multi.println(..)` stand above all of them; what is written past it spoils them.
    pub fn within(mut self, multi: MultiProgress) -> Self {
        self.multi = multi;
        self
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.multi.is_hidden()
    }
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, every, stages, .. } = self;
        let told = &mut f.debug_struct("Bars");
        told.field("total", total).field("every", every).field("stages", stages).finish_non_exhaustive()
    }
}
