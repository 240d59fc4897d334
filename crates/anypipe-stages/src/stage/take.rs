use anypipe_core::stage::{Step, ended, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// The first items only; made by [`take`].
#[derive(Clone, Copy, Debug)]
pub struct Take {
    n: usize,
}

/// The stage of `Pipeline::take`, where all of it is told.
pub fn take(n: usize) -> Take {
    Take { n }
}

impl Take {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Step<In> + Send {
        let mut left = self.n;
        move |item| {
            left -= 1;
            if left == 0 { Step::GiveLast(item) } else { Step::Give(item) }
        }
    }
}

impl<In: Send + 'static> Stage<In> for Take {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let (is_over, step) = (self.n == 0, self.on_item());
        if is_over { ended(input, step) } else { fused(input, step) }
    }
}

sequential_stage!(Take, "take");
