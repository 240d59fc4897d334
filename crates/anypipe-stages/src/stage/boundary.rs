use crate::{Parallel, Pass};
use anypipe_core::drive::Boundary;

/// A task and a buffer between the stages around it.
pub type BoundaryStage = Parallel<Pass>;

/// The stage of `Pipeline::boundary`, where all of it is told.
pub fn boundary() -> BoundaryStage {
    Parallel::new("boundary", Pass)
}

/// The stage of `Pipeline::buffer`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn buffer(n: usize) -> BoundaryStage {
    assert!(n > 0, "`buffer(0)`: a boundary without a buffer is `boundary().rendezvous()`");
    Parallel::new("buffer", Pass).edit(|boundary: Boundary| boundary.buffer_size(n))
}
