use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// Every so manyth item; made by [`step_by`].
#[derive(Clone, Copy, Debug)]
pub struct StepBy {
    n: usize,
}

/// The stage of `Pipeline::step_by`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn step_by(n: usize) -> StepBy {
    assert!(n > 0, "`step_by(0)`: a step goes on by at least one item");
    StepBy { n }
}

impl StepBy {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Option<In> + Send {
        let mut before = 0;
        move |item| {
            if before == 0 {
                before = self.n - 1;
                return Some(item);
            }
            before -= 1;
            None
        }
    }
}

impl<In: Send + 'static> Stage<In> for StepBy {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        each(input, self.on_item())
    }
}

sequential_stage!(StepBy, "step_by");
