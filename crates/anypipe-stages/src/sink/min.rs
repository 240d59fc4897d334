use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gives the smallest item; made by [`min`].
#[derive(Clone, Copy, Debug)]
pub struct Min;

/// The sink of `Pipeline::min`, where all of it is told.
pub fn min() -> Min {
    Min
}

impl<In> Sink<In> for Min
where
    In: Ord + Send + 'static,
{
    type Output = Option<In>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Option<In>> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            let best = items.next().await?;
            let less = |best, item| if in_stage("min", || item < best) { item } else { best };
            Some(items.fold(best, less).await)
        }
    }
}
