use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// One item; made by [`once`].
#[derive(Clone, Copy, Debug)]
pub struct Once<T> {
    item: T,
}

/// The source of `Pipeline::once`, where all of it is told.
pub fn once<T>(item: T) -> Once<T> {
    Once { item }
}

impl<T: Send + 'static> Source for Once<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let mut item = Some(self.item);
        produce(move || item.take())
    }
}
