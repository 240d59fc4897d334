use std::future::Future;

use anypipe_core::drive::{At, Work};

use anypipe_core::option::Parallel;

/// The work of [`filter_map_async`]: an asynchronous closure on each item.
#[derive(Clone, Debug)]
pub struct FilterMapAsync<F> {
    f: F,
}

/// The stage of `Pipeline::filter_map_async`, where all of it is told.
pub fn filter_map_async<F>(f: F) -> Parallel<FilterMapAsync<F>> {
    Parallel::new("filter_map_async", FilterMapAsync { f })
}

impl<In, U, F, Fut> Work<In> for FilterMapAsync<F>
where
    In: Send + 'static,
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<U>> + Send + 'static,
    U: Send + 'static,
{
    type Out = U;
    type State = ();

    async fn call(&self, _state: &mut (), _at: At<'_>, item: In) -> Option<U> {
        (self.f)(item).await
    }
}
