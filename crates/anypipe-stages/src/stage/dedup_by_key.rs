use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The first of items in a row with equal keys; made by [`dedup_by_key`].
#[derive(Clone, Debug)]
pub struct DedupByKey<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::dedup_by_key`, where all of it is told.
pub fn dedup_by_key<F>(f: F) -> DedupByKey<F> {
    DedupByKey { name: Name::new("dedup_by_key"), f }
}

impl<F> DedupByKey<F> {
    /// What is done with each item.
    fn on_item<In, K>(self) -> impl FnMut(In) -> Option<In> + Send
    where
        In: Send + 'static,
        K: PartialEq + Send + 'static,
        F: Fn(&In) -> K + Send + 'static,
    {
        let Self { name, f } = self;
        let mut last = None;
        move |item| {
            let seen = name.guard(|| {
                let key = Some(f(&item));
                let seen = last == key;
                last = key;
                seen
            });
            (!seen).then_some(item)
        }
    }
}

impl<In, K, F> Stage<In> for DedupByKey<F>
where
    In: Send + 'static,
    K: PartialEq + Send + 'static,
    F: Fn(&In) -> K + Send + 'static,
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

sequential_stage!(DedupByKey<F>, named);
