use anypipe_core::stage::{Step, fused};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::held::Held;
use crate::stage::sequential_stage;

/// All items but the last; made by [`skip_last`].
#[derive(Clone, Copy, Debug)]
pub struct SkipLast {
    n: usize,
}

/// The stage of `Pipeline::skip_last`, where all of it is told.
pub fn skip_last(n: usize) -> SkipLast {
    SkipLast { n }
}

impl SkipLast {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Step<In> + Send {
        let mut held = Held::new();
        move |item| {
            held.push(item);
            if held.len() <= self.n {
                return Step::Skip;
            }
            held.pop().map_or(Step::Skip, Step::Give)
        }
    }
}

impl<In: Send + 'static> Stage<In> for SkipLast {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        fused(input, self.on_item())
    }

    fn holds(&self) -> Holds {
        Holds::at_most(self.n)
    }
}

sequential_stage!(SkipLast, "skip_last");
