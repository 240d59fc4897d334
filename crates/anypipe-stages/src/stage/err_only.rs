use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// The errors only; made by [`err_only`].
#[derive(Clone, Copy, Debug)]
pub struct ErrOnly;

/// The stage of `Pipeline::err_only`, where all of it is told.
pub fn err_only() -> ErrOnly {
    ErrOnly
}

impl<T, E> Stage<Result<T, E>> for ErrOnly
where
    T: Send + 'static,
    E: Send + 'static,
{
    type Out = E;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, E>> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = E> + Send + 'static {
        each(input, Result::err)
    }
}

sequential_stage!(ErrOnly, "err_only");
