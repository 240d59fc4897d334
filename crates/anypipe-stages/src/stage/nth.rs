use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// One item only; made by [`nth`].
#[derive(Clone, Copy, Debug)]
pub struct Nth {
    index: usize,
}

/// The stage of `Pipeline::nth`, where all of it is told.
pub fn nth(index: usize) -> Nth {
    Nth { index }
}

impl Nth {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Step<In> + Send {
        let mut before = self.index;
        move |item| {
            if before == 0 {
                return Step::GiveLast(item);
            }
            before -= 1;
            Step::Skip
        }
    }
}

impl<In: Send + 'static> Stage<In> for Nth {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        fused(input, self.on_item())
    }
}

sequential_stage!(Nth, "nth");
