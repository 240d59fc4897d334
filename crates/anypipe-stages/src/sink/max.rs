use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gives the largest item; made by [`max`].
#[derive(Clone, Copy, Debug)]
pub struct Max;

/// The sink of `Pipeline::max`, where all of it is told.
pub fn max() -> Max {
    Max
}

impl<In> Sink<In> for Max
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
            let more = |best, item| if in_stage("max", || item >= best) { item } else { best };
            Some(items.fold(best, more).await)
        }
    }
}
