use std::ops::RangeBounds;

use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// The numbers of a range; made by [`range`].
#[derive(Clone, Copy, Debug)]
pub struct Range<R> {
    range: R,
}

/// The source of `Pipeline::range`, where all of it is told.
pub fn range<T, R>(range: R) -> Range<R>
where
    R: RangeBounds<T> + Iterator<Item = T>,
{
    Range { range }
}

impl<T, R> Source for Range<R>
where
    T: Send + 'static,
    R: RangeBounds<T> + Iterator<Item = T> + Send + 'static,
{
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let mut range = self.range;
        produce(move || in_stage("range", || range.next()))
    }
}
