use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Calls a fallible asynchronous closure with each item; made by [`try_each_async`].
#[derive(Clone, Debug)]
pub struct TryEachAsync<F> {
    f: F,
}

/// The sink of `Pipeline::try_each_async`, where all of it is told.
pub fn try_each_async<F>(f: F) -> TryEachAsync<F> {
    TryEachAsync { f }
}

impl<In, E, F, Fut> Sink<In> for TryEachAsync<F>
where
    In: Send + 'static,
    E: Send + 'static,
    F: FnMut(In) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
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
            while let Some(item) = items.next().await {
                let done = in_stage("try_each_async", || f(item)).await;
                if let Err(error) = done.or_else(|error| scope.keep_error(error)) {
                    return Err(items.end_with(error));
                }
            }
            Ok(())
        }
    }
}
