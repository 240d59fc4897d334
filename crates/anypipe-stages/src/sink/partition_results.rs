use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::drive::Items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

use crate::IsResult;

/// Gathers values and errors apart; made by [`partition_results`].
#[derive(Debug)]
pub struct PartitionResults<A, B> {
    collections: PhantomData<fn() -> (A, B)>,
}

/// The sink of `Pipeline::partition_results`, where all of it is told.
pub fn partition_results<A, B>() -> PartitionResults<A, B> {
    PartitionResults { collections: PhantomData }
}

impl<R, A, B> Sink<R> for PartitionResults<A, B>
where
    R: IsResult,
    A: Default + Extend<R::Ok> + Send + 'static,
    B: Default + Extend<R::Err> + Send + 'static,
{
    type Output = (A, B);

    fn drain(
        self,
        input: impl Stream<Item = R> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = (A, B)> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            let (mut values, mut errors) = (A::default(), B::default());
            let keep = |item: R| match item.into_result() {
                Ok(value) => values.extend(Some(value)),
                Err(error) => errors.extend(Some(error)),
            };
            items.for_each(keep).await;
            (values, errors)
        }
    }
}
