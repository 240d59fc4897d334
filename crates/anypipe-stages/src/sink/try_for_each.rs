use std::future::Future;
use std::ops::ControlFlow;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

use crate::IsResult;

/// Calls a fallible closure with each value of results; made by [`try_for_each`].
#[derive(Clone, Debug)]
pub struct TryForEach<F> {
    f: F,
}

/// The sink of `Pipeline::try_for_each`, where all of it is told.
pub fn try_for_each<F>(f: F) -> TryForEach<F> {
    TryForEach { f }
}

impl<R, F> Sink<R> for TryForEach<F>
where
    R: IsResult,
    F: FnMut(R::Ok) -> Result<(), R::Err> + Send + 'static,
{
    type Output = Result<(), R::Err>;

    fn drain(
        self,
        input: impl Stream<Item = R> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Result<(), R::Err>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let scope = scope.clone();
        let mut f = self.f;
        async move {
            let call = |item: R| {
                let done = item.into_result().and_then(|value| in_stage("try_for_each", || f(value)));
                let done = done.or_else(|error| scope.keep_error(error));
                done.map_or_else(ControlFlow::Break, ControlFlow::Continue)
            };
            match items.try_for_each(call).await {
                Some(error) => Err(items.end_with(error)),
                None => Ok(()),
            }
        }
    }
}
