use std::future::Future;
use std::iter;
use std::marker::PhantomData;

use anypipe_core::drive::fold_items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Adds the items up; made by [`sum`].
#[derive(Debug)]
pub struct Sum<A> {
    sum: PhantomData<fn() -> A>,
}

/// The sink of `Pipeline::sum`, where all of it is told.
pub fn sum<A>() -> Sum<A> {
    Sum { sum: PhantomData }
}

impl<In, A> Sink<In> for Sum<A>
where
    In: Send + 'static,
    A: iter::Sum<In> + iter::Sum + Send + 'static,
{
    type Output = A;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = A> + Send + 'static {
        let add = |sum, item| in_stage("sum", || [sum, iter::once(item).sum()].into_iter().sum());
        fold_items(input, scope, || iter::empty::<In>().sum(), add)
    }
}
