use std::future::Future;

use anypipe_core::drive::{At, Work};
use anypipe_core::option::Parallel;

use crate::made::Made;

/// The work of [`then`]: an asynchronous closure on each item.
#[derive(Clone, Debug)]
pub struct Then<F> {
    f: F,
}

impl<F> Then<F> {
    pub(crate) fn new(f: F) -> Self {
        Self { f }
    }
}

/// The stage of `Pipeline::then`, where all of it is told.
pub fn then<F>(f: F) -> Parallel<Then<F>> {
    Parallel::new("then", Then { f })
}

impl<In, U, F, Fut> Work<In> for Then<F>
where
    In: Send + 'static,
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = U> + Send + 'static,
    U: Send + 'static,
{
    type Out = U;
    type State = ();

    fn call<'a>(
        &'a self,
        _state: &'a mut (),
        _at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<U>> + Send + 'a {
        Made::new((self.f)(item))
    }
}
