//! Sources as free functions, for `|`.

pub use anypipe_core::source::{Gated, Source};
use anypipe_stages::source as sources;
use futures_core::Stream;

use crate::Pipeline;

/// As [`Pipeline::from_iter`].
pub fn iter<I>(iter: I) -> Pipeline<Gated<sources::FromIter<I>>>
where
    I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
{
    Pipeline::from_iter(iter)
}

/// As [`Pipeline::from_stream`].
pub fn stream<S>(stream: S) -> Pipeline<Gated<sources::FromStream<S>>>
where
    S: Stream<Item: Send + 'static> + Send + 'static,
{
    Pipeline::from_stream(stream)
}
