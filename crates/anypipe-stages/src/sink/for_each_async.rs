use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Calls an asynchronous closure with each item; made by [`for_each_async`].
#[derive(Clone, Debug)]
pub struct ForEachAsync<F> {
    f: F,
}

/// The sink of `Pipeline::for_each_async`, where all of it is told.
pub fn for_each_async<F>(f: F) -> ForEachAsync<F> {
    ForEachAsync { f }
}

impl<In, F, Fut> Sink<In> for ForEachAsync<F>
where
    In: Send + 'static,
    F: FnMut(In) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut items = Items::new(input, scope);
        let mut f = self.f;
        async move {
            while let Some(item) = items.next().await {
                in_stage("for_each_async", || f(item)).await;
            }
        }
    }
}
