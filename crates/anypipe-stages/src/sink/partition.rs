use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gathers items in two collections; made by [`partition`].
#[derive(Debug)]
pub struct Partition<F, C> {
    f: F,
    collections: PhantomData<fn() -> C>,
}

/// The sink of `Pipeline::partition`, where all of it is told.
pub fn partition<F, C>(f: F) -> Partition<F, C> {
    Partition { f, collections: PhantomData }
}

impl<In, F, C> Sink<In> for Partition<F, C>
where
    In: Send + 'static,
    F: FnMut(&In) -> bool + Send + 'static,
    C: Default + Extend<In> + Send + 'static,
{
    type Output = (C, C);

    fn drain(
        mut self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = (C, C)> + Send + 'static {
        let start = || (C::default(), C::default());
        fold_items(input, scope, start, move |(mut yes, mut no), item| {
            if (self.f)(&item) {
                yes.extend(Some(item));
            } else {
                no.extend(Some(item));
            }
            (yes, no)
        })
    }
}
