use anypipe_core::stage::Step;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::gather::{Gather, gathered};
use crate::held::Held;
use crate::stage::sequential_stage;

/// Lists of items; made by [`chunks`].
#[derive(Clone, Copy, Debug)]
pub struct Chunks {
    n: usize,
}

/// The stage of `Pipeline::chunks`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn chunks(n: usize) -> Chunks {
    assert!(n > 0, "`chunks(0)`: a list needs room for at least one item");
    Chunks { n }
}

impl<In: Send + 'static> Stage<In> for Chunks {
    type Out = Vec<In>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = Vec<In>> + Send + 'static {
        gathered(input, Chunk { n: self.n, held: Held::new() })
    }

    fn holds(&self) -> Holds {
        Holds::at_most(self.n)
    }
}

sequential_stage!(Chunks, "chunks");

struct Chunk<In> {
    n: usize,
    /// The list that is growing.
    held: Held<In>,
}

impl<In> Gather<In> for Chunk<In> {
    type Out = Vec<In>;

    fn step(&mut self, item: In) -> Step<Vec<In>> {
        self.held.push(item);
        if self.held.len() < self.n { Step::Skip } else { Step::Give(self.held.take()) }
    }

    fn rest(&mut self) -> Option<Vec<In>> {
        (self.held.len() > 0).then(|| self.held.take())
    }
}
