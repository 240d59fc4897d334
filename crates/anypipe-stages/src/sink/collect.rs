use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::drive::Items;
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
        let mut items = Items::new(input, scope);
        async move {
            let mut collection = C::default();
            items.for_each(|item| collection.extend(Some(item))).await;
            collection
        }
    }
}
