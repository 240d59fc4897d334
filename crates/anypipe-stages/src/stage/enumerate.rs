use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// Items with their numbers; made by [`enumerate`] and [`enumerate_from`].
#[derive(Clone, Copy, Debug)]
pub struct Enumerate {
    start: usize,
}

/// Gives each item with its number, counted from 0.
///
/// `In` → `(usize, In)`, synchronous. Fused, holds nothing.
pub fn enumerate() -> Enumerate {
    enumerate_from(0)
}

/// Gives each item with its number, counted from `start`.
///
/// `In` → `(usize, In)`, synchronous. Fused, holds nothing. After `usize::MAX` comes 0.
pub fn enumerate_from(start: usize) -> Enumerate {
    Enumerate { start }
}

impl<In: Send + 'static> Stage<In> for Enumerate {
    type Out = (usize, In);

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = (usize, In)> + Send + 'static {
        let mut next = self.start;
        fused(input, move |item| {
            let number = next;
            next = next.wrapping_add(1);
            Step::Give((number, item))
        })
    }
}

sequential_stage!(Enumerate, "enumerate");
