use crate::{Parallel, Pass};
use anypipe_core::drive::Boundary;
use anypipe_core::option::HasBoundary;

/// A task and a buffer between the stages around it.
pub type BoundaryStage = Parallel<Pass>;

/// Gives what comes before it a task of its own, with the default buffer behind it.
///
/// `In` → `In`. A boundary: holds its buffer (64) and one item.
pub fn boundary() -> BoundaryStage {
    Parallel::new("boundary", Pass)
}

/// Gives what comes before it a task of its own, with a buffer of `n` items behind it.
///
/// `In` → `In`. A boundary: holds `n` items and one.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn buffer(n: usize) -> BoundaryStage {
    assert!(n > 0, "`buffer(0)`: a boundary without a buffer is `boundary().rendezvous()`");
    Parallel::new("buffer", Pass).edit(|boundary: Boundary| boundary.buffer_size(n))
}
