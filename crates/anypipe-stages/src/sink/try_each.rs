use std::future::Future;
use std::ops::ControlFlow;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Calls a fallible closure with each item; made by [`try_each`].
#[derive(Clone, Debug)]
pub struct TryEach<F> {
    f: F,
}

/// The sink of `Pipeline::try_each`, where all of it is told.
pub fn try_each<F>(f: F) -> TryEach<F> {
    TryEach { f }
}

impl<In, E, F> Sink<In> for TryEach<F>
where
    In: Send + 'static,
    E: Send + 'static,
    F: FnMut(In) -> Result<(), E> + Send + 'static,
{
    type Output = Result<(), E>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Result<(), E>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let scope = scope.clone();
        let mut f = self.f;
        async move {
            let call = |item: In| {
                let done = in_stage("try_each", || f(item)).or_else(|error| scope.keep_error(error));
                done.map_or_else(ControlFlow::Break, ControlFlow::Continue)
            };
            match items.try_for_each(call).await {
                Some(error) => Err(items.end_with(error)),
                None => Ok(()),
            }
        }
    }
}
