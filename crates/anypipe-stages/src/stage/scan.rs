use anypipe_core::stage::{Step, fused};
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// A closure with a state on each item; made by [`scan`].
#[derive(Clone, Debug)]
pub struct Scan<St, F> {
    name: Name,
    init: St,
    f: F,
}

/// The stage of `Pipeline::scan`, where all of it is told.
pub fn scan<St, F>(init: St, f: F) -> Scan<St, F> {
    Scan { name: Name::new("scan"), init, f }
}

impl<St, F> Scan<St, F> {
    /// What is done with each item.
    fn on_item<In, U>(self) -> impl FnMut(In) -> Step<U> + Send
    where
        In: Send + 'static,
        St: Send + 'static,
        U: Send + 'static,
        F: Fn(&mut St, In) -> Option<U> + Send + 'static,
    {
        let Self { name, init: mut state, f } = self;
        move |item| match name.guard(|| f(&mut state, item)) {
            Some(item) => Step::Give(item),
            None => Step::End,
        }
    }
}

impl<In, St, U, F> Stage<In> for Scan<St, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    F: Fn(&mut St, In) -> Option<U> + Send + 'static,
{
    type Out = U;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = U> + Send + 'static {
        fused(input, self.on_item())
    }
}

sequential_stage!(Scan<St, F>, named);
