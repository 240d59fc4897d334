use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// An item again and again; made by [`repeat`].
#[derive(Clone, Copy, Debug)]
pub struct Repeat<T> {
    item: T,
}

/// The source of `Pipeline::repeat`, where all of it is told.
pub fn repeat<T: Clone>(item: T) -> Repeat<T> {
    Repeat { item }
}

impl<T: Clone + Send + 'static> Source for Repeat<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        produce(move || Some(in_stage("repeat", || self.item.clone())))
    }
}
