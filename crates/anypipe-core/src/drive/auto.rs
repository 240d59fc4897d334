//! As many workers as are worth having.

use std::ops::RangeInclusive;

use super::Boundary;

/// How many workers a stage is to have: a `usize`, or [`auto(..)`](auto).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number of workers",
    label = "a `usize`, or `auto(1..=n)`"
)]
pub trait WorkerCount {
    /// Gives a boundary so many.
    fn apply(self, boundary: Boundary) -> Boundary;
}

impl WorkerCount for usize {
    #[track_caller]
    fn apply(self, boundary: Boundary) -> Boundary {
        boundary.workers(self)
    }
}

/// As many workers as are worth having, between two numbers; made by [`auto`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auto {
    range: RangeInclusive<usize>,
}

/// As many workers as are worth having, in this range: for `.workers(auto(1..=256))`.
///
/// The stage begins with the fewest, and is watched while it runs, by the runtime's clock, in steps of a tenth of a second or
/// so. While it holds up the others, which its workers' waits tell, it gets twice as many as long as these do more, then as
/// many as it took for that, and now and then a few more or less on trial. Work that is mostly polling, as what
/// computes is, never has more workers than there are cores, unless the range begins with more or it is `.blocking()`.
/// For that the whole run is watched, as from a first [`picture`](crate::run::Control::picture) on.
/// Where they wait for others much of their time, some are let go; where the same workers suddenly do much more or less, it begins anew. Throughput
/// decides, not how long an item takes.
///
/// The bound that is told beforehand (`max_in_flight()`, `holds()`) counts the most;
/// [`StageControl::max_in_flight`](crate::run::StageControl::max_in_flight) tells it as it is, and
/// [`changes`](crate::run::StageControl::changes) what was changed, and why. A call of
/// [`set_workers`](crate::run::StageControl::set_workers) ends the watching.
///
/// # Panics
///
/// Where it is asked of a stage: where the range begins with 0, is empty, or ends over 1 048 576.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::{Boundary, WorkerCount, auto};
/// use anypipe::Holds;
///
/// let boundary = auto(1..=256).apply(Boundary::new("fetch"));
/// assert_eq!(boundary.holds(), Holds::at_most(256 + 64));
/// ```
pub fn auto(range: RangeInclusive<usize>) -> Auto {
    Auto { range }
}

impl WorkerCount for Auto {
    #[track_caller]
    fn apply(self, boundary: Boundary) -> Boundary {
        boundary.workers_within(*self.range.start(), *self.range.end())
    }
}
