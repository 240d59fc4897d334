use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The items up to the first of a kind; made by [`until`].
#[derive(Clone, Debug)]
pub struct Until<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::until`, where all of it is told.
pub fn until<F>(f: F) -> Until<F> {
    Until { name: Name::new("until"), f }
}

impl<F> Until<F> {
    /// What is done with each item.
    fn on_item<In>(self) -> impl FnMut(In) -> Step<In> + Send
    where
        In: Send + 'static,
        F: Fn(&In) -> bool + Send + 'static,
    {
        let Self { name, f } = self;
        move |item| if name.guard(|| f(&item)) { Step::GiveLast(item) } else { Step::Give(item) }
    }
}

impl<In, F> Stage<In> for Until<F>
where
    In: Send + 'static,
    F: Fn(&In) -> bool + Send + 'static,
{
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        fused(input, self.on_item())
    }
}

sequential_stage!(Until<F>, named);
