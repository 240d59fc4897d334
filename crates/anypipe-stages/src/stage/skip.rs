use anypipe_core::stage::each;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;

/// All items but the first; made by [`skip`].
#[derive(Clone, Copy, Debug)]
pub struct Skip {
    n: usize,
}

/// The stage of `Pipeline::skip`, where all of it is told.
pub fn skip(n: usize) -> Skip {
    Skip { n }
}

impl Skip {
    /// What is done with each item.
    fn on_item<In: Send + 'static>(self) -> impl FnMut(In) -> Option<In> + Send {
        let mut left = self.n;
        move |item| {
            if left == 0 {
                return Some(item);
            }
            left -= 1;
            None
        }
    }
}

impl<In: Send + 'static> Stage<In> for Skip {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        each(input, self.on_item())
    }
}

sequential_stage!(Skip, "skip");
