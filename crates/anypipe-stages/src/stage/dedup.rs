use anypipe_core::stage::each;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The first of equal items in a row; made by [`dedup`].
#[derive(Clone, Debug)]
pub struct Dedup {
    name: Name,
}

/// The stage of `Pipeline::dedup`, where all of it is told.
pub fn dedup() -> Dedup {
    Dedup { name: Name::new("dedup") }
}

impl Dedup {
    /// What is done with each item.
    fn on_item<In: Clone + PartialEq + Send + 'static>(self) -> impl FnMut(In) -> Option<In> + Send {
        let mut last: Option<In> = None;
        move |item: In| {
            let seen = self.name.guard(|| {
                let seen = last.as_ref() == Some(&item);
                if !seen {
                    // The old one first: there are never two.
                    drop(last.take());
                    last = Some(item.clone());
                }
                seen
            });
            (!seen).then_some(item)
        }
    }
}

impl<In: Clone + PartialEq + Send + 'static> Stage<In> for Dedup {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        each(input, self.on_item())
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Dedup, named);
