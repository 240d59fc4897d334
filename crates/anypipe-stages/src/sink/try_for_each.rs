use std::future::Future;
use std::ops::ControlFlow;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Calls a fallible closure with each value of results; made by [`try_for_each`].
#[derive(Clone, Debug)]
pub struct TryForEach<F> {
    f: F,
}

/// The sink of `Pipeline::try_for_each`, where all of it is told.
pub fn try_for_each<F>(f: F) -> TryForEach<F> {
    TryForEach { f }
}

impl<T, E, F> Sink<Result<T, E>> for TryForEach<F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnMut(T) -> Result<(), E> + Send + 'static,
{
    type Output = Result<(), E>;

    fn drain(
        self,
        input: impl Stream<Item = Result<T, E>> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Result<(), E>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let scope = scope.clone();
        let mut f = self.f;
        async move {
            let call = |item: Result<T, E>| {
                let done = item.and_then(|value| in_stage("try_for_each", || f(value)));
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
