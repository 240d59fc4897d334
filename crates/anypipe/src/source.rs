//! Sources as free functions, for `|`.

pub use anypipe_core::source::{Gated, Source};
pub use anypipe_stages::source::WalkEntry;

pub use crate::pipeline::combine::many::*;
pub use crate::pipeline::files::{blocking_iter, read_chunks, read_lines, walk};
pub use crate::pipeline::sources::{
    channel, count_from, empty, from_fn, interval, iter, never, once, range, repeat, repeat_n, stream, throw,
    unfold,
};
