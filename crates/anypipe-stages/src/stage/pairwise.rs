use anypipe_core::stage::each;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// Items with the ones before them; made by [`pairwise`].
#[derive(Clone, Debug)]
pub struct Pairwise {
    name: Name,
}

/// The stage of `Pipeline::pairwise`, where all of it is told.
pub fn pairwise() -> Pairwise {
    Pairwise { name: Name::new("pairwise") }
}

impl Pairwise {
    /// What is done with each item.
    fn on_item<In: Clone + Send + 'static>(self) -> impl FnMut(In) -> Option<(In, In)> + Send {
        let mut last: Option<In> = None;
        move |item: In| {
            let before = last.replace(self.name.guard(|| item.clone()));
            before.map(|before| (before, item))
        }
    }
}

impl<In: Clone + Send + 'static> Stage<In> for Pairwise {
    type Out = (In, In);

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = (In, In)> + Send + 'static {
        each(input, self.on_item())
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Pairwise, named);
