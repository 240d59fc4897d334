use std::future::Future;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gives the last item; made by [`last`].
#[derive(Clone, Copy, Debug)]
pub struct Last;

/// The sink of `Pipeline::last`, where all of it is told.
pub fn last() -> Last {
    Last
}

impl<In> Sink<In> for Last
where
    In: Send + 'static,
{
    type Output = Option<In>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Option<In>> + Send + 'static {
        fold_items(input, scope, || None, |_, item| Some(item))
    }
}
