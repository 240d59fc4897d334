use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gathers the items; made by [`collect`].
#[derive(Debug)]
pub struct Collect<C> {
    collection: PhantomData<fn() -> C>,
}

/// The sink of `Pipeline::collect`, where all of it is told.
pub fn collect<C>() -> Collect<C> {
    Collect { collection: PhantomData }
}

impl<In, C> Sink<In> for Collect<C>
where
    In: Send + 'static,
    C: Default + Extend<In> + Send + 'static,
{
    type Output = C;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = C> + Send + 'static {
        fold_items(input, scope, C::default, |mut collection, item| {
            collection.extend(Some(item));
            collection
        })
    }
}
