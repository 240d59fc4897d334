//! Sinks as values: for [`tee`](crate::Pipeline::tee), [`dead_letter`](crate::Pipeline::dead_letter),
//! [`into_sink`](crate::Pipeline::into_sink) and branches.
//!
//! What a terminal does its sink does too: `pipeline.into_sink(sink::collect())` is
//! `pipeline.collect()`. [`IntoStage::into_stage`] makes a branch of one.

pub use anypipe_core::Sink;
pub use anypipe_stages::sink::*;
