use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gives the first item; made by [`first`].
#[derive(Clone, Copy, Debug)]
pub struct First;

/// The sink of `Pipeline::first`, where all of it is told.
pub fn first() -> First {
    First
}

impl<In> Sink<In> for First
where
    In: Send + 'static,
{
    type Output = Option<In>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Option<In>> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            let first = items.next().await;
            items.end_with(first)
        }
    }
}
