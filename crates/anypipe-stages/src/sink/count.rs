use std::future::Future;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Counts the items; made by [`count`].
#[derive(Clone, Copy, Debug)]
pub struct Count;

/// The sink of `Pipeline::count`, where all of it is told.
pub fn count() -> Count {
    Count
}

impl<In> Sink<In> for Count
where
    In: Send + 'static,
{
    type Output = usize;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = usize> + Send + 'static {
        fold_items(input, scope, || 0, |count, _| count + 1)
    }
}
