use std::future::Future;

use anypipe_core::drive::fold_items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Folds the items into one value; made by [`fold`].
#[derive(Clone, Debug)]
pub struct Fold<A, F> {
    start: A,
    f: F,
}

/// The sink of `Pipeline::fold`, where all of it is told.
pub fn fold<A, F>(start: A, f: F) -> Fold<A, F> {
    Fold { start, f }
}

impl<In, A, F> Sink<In> for Fold<A, F>
where
    In: Send + 'static,
    A: Send + 'static,
    F: FnMut(A, In) -> A + Send + 'static,
{
    type Output = A;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = A> + Send + 'static {
        let Self { start, mut f } = self;
        fold_items(input, scope, || start, move |folded, item| in_stage("fold", || f(folded, item)))
    }
}
