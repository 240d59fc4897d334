use std::future::Future;

use anypipe_core::drive::fold_items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Calls a closure with each item; made by [`for_each`].
#[derive(Clone, Debug)]
pub struct ForEach<F> {
    f: F,
}

/// The sink of `Pipeline::for_each`, where all of it is told.
pub fn for_each<F>(f: F) -> ForEach<F> {
    ForEach { f }
}

impl<In, F> Sink<In> for ForEach<F>
where
    In: Send + 'static,
    F: FnMut(In) + Send + 'static,
{
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut f = self.f;
        fold_items(input, scope, || (), move |(), item| in_stage("for_each", || f(item)))
    }
}
