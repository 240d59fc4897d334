use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Folds the items into one of them; made by [`reduce`].
#[derive(Clone, Debug)]
pub struct Reduce<F> {
    f: F,
}

/// The sink of `Pipeline::reduce`, where all of it is told.
pub fn reduce<F>(f: F) -> Reduce<F> {
    Reduce { f }
}

impl<In, F> Sink<In> for Reduce<F>
where
    In: Send + 'static,
    F: FnMut(In, In) -> In + Send + 'static,
{
    type Output = Option<In>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Option<In>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let mut f = self.f;
        async move {
            let first = items.next().await?;
            Some(items.fold(first, |reduced, item| in_stage("reduce", || f(reduced, item))).await)
        }
    }
}
