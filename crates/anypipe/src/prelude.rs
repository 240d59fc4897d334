//! What most programs want in sight: `use anypipe::prelude::*;`.

pub use anypipe_core::drive::auto;
pub use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, Named, Workers};
pub use anypipe_core::{Holds, Run, RunError, Sink, Source, Stage};

pub use crate::pipeline::{
    BoxPipeline, BoxSegment, Pipeline, Segment, SharedPipeline, SharedSegment, segment,
};
#[cfg(feature = "signal")]
pub use anypipe_signal::StopOnSignals;

pub use crate::sink::IntoStage;
pub use crate::stage::*;
pub use crate::using::{using, using_fold, using_ref};
pub use crate::{sink, source, stage};
