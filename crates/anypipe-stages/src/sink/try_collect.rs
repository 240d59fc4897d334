use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use anypipe_core::drive::Items;
use anypipe_core::stage::holding;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

use crate::IsResult;

/// Gathers the values of results; made by [`try_collect`].
#[derive(Debug)]
pub struct TryCollect<C> {
    collection: PhantomData<fn() -> C>,
}

/// The sink of `Pipeline::try_collect`, where all of it is told.
pub fn try_collect<C>() -> TryCollect<C> {
    TryCollect { collection: PhantomData }
}

impl<R, C> Sink<R> for TryCollect<C>
where
    R: IsResult,
    C: Default + Extend<R::Ok> + Send + 'static,
{
    type Output = Result<C, R::Err>;

    fn drain(
        self,
        input: impl Stream<Item = R> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Result<C, R::Err>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let scope = scope.clone();
        async move {
            let mut collection = C::default();
            let keep = |item: R| {
                let kept = item.into_result().map(|value| collection.extend(Some(value)));
                kept.or_else(|error| scope.keep_error(error))
                    .map_or_else(ControlFlow::Break, ControlFlow::Continue)
            };
            match items.try_for_each(keep).await {
                Some(error) => Err(items.end_with(holding(error, || drop(collection)))),
                None => Ok(collection),
            }
        }
    }
}
