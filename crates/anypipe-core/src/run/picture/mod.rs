//! A run at one moment, and what it tells: a table, a graph, and which stage holds everything up.
//!
//! [`Control::picture`](super::Control::picture) takes one. It is plain data; of two of a run,
//! [`since`](Picture::since) gives what lies between them.

mod bottleneck;
mod dot;
mod html;
mod json;
mod mermaid;
mod names;
mod since;
mod stuck;
mod svg;
mod table;

pub use self::bottleneck::{Bottleneck, Reason, STALLED_AFTER};
pub(super) use self::stuck::Stuck;
pub use crate::scope::{
    ChangePicture, Changed, Edge, Picture, RunState, StageKind, StagePicture, Times, WorkerPicture,
    WorkerState,
};
