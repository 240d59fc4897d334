use anypipe_core::stage::each;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// A running fold; made by [`accumulate`].
#[derive(Clone, Debug)]
pub struct Accumulate<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::accumulate`, where all of it is told.
pub fn accumulate<F>(f: F) -> Accumulate<F> {
    Accumulate { name: Name::new("accumulate"), f }
}

impl<F> Accumulate<F> {
    /// What is done with each item.
    fn on_item<In>(self) -> impl FnMut(In) -> Option<In> + Send
    where
        In: Clone + Send + 'static,
        F: Fn(In, In) -> In + Send + 'static,
    {
        let Self { name, f } = self;
        let mut last: Option<In> = None;
        move |item| {
            Some(name.guard(|| {
                let made = match last.take() {
                    Some(last) => f(last, item),
                    None => item,
                };
                last.insert(made).clone()
            }))
        }
    }
}

impl<In, F> Stage<In> for Accumulate<F>
where
    In: Clone + Send + 'static,
    F: Fn(In, In) -> In + Send + 'static,
{
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

sequential_stage!(Accumulate<F>, named);
