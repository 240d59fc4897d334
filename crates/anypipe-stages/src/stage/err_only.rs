use anypipe_core::stage::{Step, fused};
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
        fused(input, |item| match item {
            Ok(_) => Step::Skip,
            Err(error) => Step::Give(error),
        })
    }
}

sequential_stage!(ErrOnly, "err_only");
