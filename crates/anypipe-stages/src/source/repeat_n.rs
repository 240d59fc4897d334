use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// An item several times; made by [`repeat_n`].
#[derive(Clone, Copy, Debug)]
pub struct RepeatN<T> {
    item: T,
    n: usize,
}

/// The source of `Pipeline::repeat_n`, where all of it is told.
pub fn repeat_n<T: Clone>(item: T, n: usize) -> RepeatN<T> {
    RepeatN { item, n }
}

impl<T: Clone + Send + 'static> Source for RepeatN<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let mut left = self.n;
        let mut item = (left > 0).then_some(self.item);
        produce(move || {
            left = left.saturating_sub(1);
            if left == 0 { item.take() } else { in_stage("repeat_n", || item.clone()) }
        })
    }
}
