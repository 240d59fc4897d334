use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Folds the items into one value, asynchronously; made by [`fold_async`].
#[derive(Clone, Debug)]
pub struct FoldAsync<A, F> {
    start: A,
    f: F,
}

/// The sink of `Pipeline::fold_async`, where all of it is told.
pub fn fold_async<A, F>(start: A, f: F) -> FoldAsync<A, F> {
    FoldAsync { start, f }
}

impl<In, A, F, Fut> Sink<In> for FoldAsync<A, F>
where
    In: Send + 'static,
    A: Send + 'static,
    F: FnMut(A, In) -> Fut + Send + 'static,
    Fut: Future<Output = A> + Send + 'static,
{
    type Output = A;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = A> + Send + 'static {
        let mut items = Items::new(input, scope);
        let Self { start, mut f } = self;
        async move {
            let mut folded = start;
            while let Some(item) = items.next().await {
                folded = in_stage("fold_async", || f(folded, item)).await;
            }
            folded
        }
    }
}
