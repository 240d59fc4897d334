use std::marker::PhantomData;

use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// No items; made by [`empty`].
#[derive(Clone, Copy, Debug)]
pub struct Empty<T> {
    item: PhantomData<fn() -> T>,
}

/// Gives no items: it ends at once.
///
/// → `T`. Holds nothing.
pub fn empty<T>() -> Empty<T> {
    Empty { item: PhantomData }
}

impl<T: Send + 'static> Source for Empty<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        produce(|| None)
    }
}
