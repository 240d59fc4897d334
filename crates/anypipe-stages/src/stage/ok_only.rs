use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// The values only; made by [`ok_only`].
#[derive(Clone, Copy, Debug)]
pub struct OkOnly;

/// The stage of `Pipeline::ok_only`, where all of it is told.
pub fn ok_only() -> OkOnly {
    OkOnly
}

impl<T, E> Stage<Result<T, E>> for OkOnly
where
    T: Send + 'static,
    E: Send + 'static,
{
    type Out = T;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, E>> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        each(input, Result::ok)
    }
}

sequential_stage!(OkOnly, "ok_only");
