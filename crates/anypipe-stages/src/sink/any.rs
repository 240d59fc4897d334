use std::future::Future;
use std::ops::ControlFlow;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Asks of the items whether a closure is true for any; made by [`any`].
#[derive(Clone, Debug)]
pub struct Any<F> {
    f: F,
}

/// The sink of `Pipeline::any`, where all of it is told.
pub fn any<F>(f: F) -> Any<F> {
    Any { f }
}

impl<In, F> Sink<In> for Any<F>
where
    In: Send + 'static,
    F: FnMut(In) -> bool + Send + 'static,
{
    type Output = bool;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = bool> + Send + 'static {
        let mut items = Items::new(input, scope);
        let mut f = self.f;
        async move {
            let decides = |item| {
                if in_stage("any", || f(item)) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            items.try_for_each(decides).await.is_some()
        }
    }
}
