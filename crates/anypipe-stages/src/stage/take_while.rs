use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The items before the first of another kind; made by [`take_while`].
#[derive(Clone, Debug)]
pub struct TakeWhile<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::take_while`, where all of it is told.
pub fn take_while<F>(f: F) -> TakeWhile<F> {
    TakeWhile { name: Name::new("take_while"), f }
}

impl<F> TakeWhile<F> {
    /// What is done with each item.
    fn on_item<In>(self) -> impl FnMut(In) -> Step<In> + Send
    where
        In: Send + 'static,
        F: Fn(&In) -> bool + Send + 'static,
    {
        let Self { name, f } = self;
        move |item| if name.guard(|| f(&item)) { Step::Give(item) } else { Step::End }
    }
}

impl<In, F> Stage<In> for TakeWhile<F>
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

sequential_stage!(TakeWhile<F>, named);
