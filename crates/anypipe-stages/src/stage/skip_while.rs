use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The items from the first of another kind on; made by [`skip_while`].
#[derive(Clone, Debug)]
pub struct SkipWhile<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::skip_while`, where all of it is told.
pub fn skip_while<F>(f: F) -> SkipWhile<F> {
    SkipWhile { name: Name::new("skip_while"), f }
}

impl<F> SkipWhile<F> {
    /// What is done with each item.
    fn on_item<In>(self) -> impl FnMut(In) -> Option<In> + Send
    where
        In: Send + 'static,
        F: Fn(&In) -> bool + Send + 'static,
    {
        let Self { name, f } = self;
        let mut skipping = true;
        move |item| {
            skipping = skipping && name.guard(|| f(&item));
            (!skipping).then_some(item)
        }
    }
}

impl<In, F> Stage<In> for SkipWhile<F>
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
        each(input, self.on_item())
    }
}

sequential_stage!(SkipWhile<F>, named);
