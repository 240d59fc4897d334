use anypipe_core::stage::Step;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::gather::{Gather, gathered};
use crate::held::Held;
use crate::stage::sequential_stage;

/// The last items only; made by [`take_last`].
#[derive(Clone, Copy, Debug)]
pub struct TakeLast {
    n: usize,
}

/// The stage of `Pipeline::take_last`, where all of it is told.
pub fn take_last(n: usize) -> TakeLast {
    TakeLast { n }
}

impl<In: Send + 'static> Stage<In> for TakeLast {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        gathered(input, Last { n: self.n, held: Held::new() })
    }

    fn holds(&self) -> Holds {
        Holds::at_most(self.n)
    }
}

sequential_stage!(TakeLast, "take_last");

struct Last<In> {
    n: usize,
    held: Held<In>,
}

impl<In> Gather<In> for Last<In> {
    type Out = In;

    fn step(&mut self, item: In) -> Step<In> {
        if self.n > 0 {
            if self.held.len() == self.n {
                self.held.pop();
            }
            self.held.push(item);
        }
        Step::Skip
    }

    fn rest(&mut self) -> Option<In> {
        self.held.pop()
    }
}
