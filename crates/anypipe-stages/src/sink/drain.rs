use std::future::Future;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Drops the items; made by [`drain`].
#[derive(Clone, Copy, Debug)]
pub struct Drain;

/// The sink of `Pipeline::drain`, where all of it is told.
pub fn drain() -> Drain {
    Drain
}

impl<In> Sink<In> for Drain
where
    In: Send + 'static,
{
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        fold_items(input, scope, || (), |(), item| drop(item))
    }
}
