use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// All items but the first; made by [`skip`].
#[derive(Clone, Copy, Debug)]
pub struct Skip {
    n: usize,
}

/// The stage of `Pipeline::skip`, where all of it is told.
pub fn skip(n: usize) -> Skip {
    Skip { n }
}

impl<In: Send + 'static> Stage<In> for Skip {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let mut left = self.n;
        fused(input, move |item| {
            if left == 0 {
                return Step::Give(item);
            }
            left -= 1;
            Step::Skip
        })
    }
}

sequential_stage!(Skip, "skip");
