use anypipe_core::drive::{At, Work};

use crate::{AsyncRef, Parallel};

/// The work of [`filter_async`]: an asynchronous look at each item.
#[derive(Clone, Debug)]
pub struct FilterAsync<F> {
    f: F,
}

/// The stage of `Pipeline::filter_async`, where all of it is told.
pub fn filter_async<F>(f: F) -> Parallel<FilterAsync<F>> {
    Parallel::new("filter_async", FilterAsync { f })
}

impl<In, F> Work<In> for FilterAsync<F>
where
    In: Send + Sync + 'static,
    F: for<'a> AsyncRef<'a, In, Out = bool> + Send + Sync + 'static,
{
    type Out = In;
    type State = ();

    async fn call(&self, _state: &mut (), _at: At<'_>, item: In) -> Option<In> {
        let kept = (self.f)(&item).await;
        kept.then_some(item)
    }
}
