use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// Items with their numbers; made by [`enumerate`] and [`enumerate_from`].
#[derive(Clone, Copy, Debug)]
pub struct Enumerate {
    start: usize,
}

/// The stage of `Pipeline::enumerate`, where all of it is told.
pub fn enumerate() -> Enumerate {
    enumerate_from(0)
}

/// The stage of `Pipeline::enumerate_from`, where all of it is told.
pub fn enumerate_from(start: usize) -> Enumerate {
    Enumerate { start }
}

impl Enumerate {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Option<(usize, In)> + Send {
        let mut next = self.start;
        move |item| {
            let number = next;
            next = next.wrapping_add(1);
            Some((number, item))
        }
    }
}

impl<In: Send + 'static> Stage<In> for Enumerate {
    type Out = (usize, In);

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = (usize, In)> + Send + 'static {
        each(input, self.on_item())
    }
}

sequential_stage!(Enumerate, "enumerate");
