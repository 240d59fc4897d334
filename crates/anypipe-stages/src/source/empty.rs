use std::marker::PhantomData;

use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// No items; made by [`empty`].
#[derive(Clone, Copy, Debug)]
pub struct Empty<T> {
    item: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::empty`, where all of it is told.
pub fn empty<T>() -> Empty<T> {
    Empty { item: PhantomData }
}

impl<T: Send + 'static> Source for Empty<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        produce(|| None)
    }
}
