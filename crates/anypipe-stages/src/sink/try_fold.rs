use std::future::Future;

use anypipe_core::drive::Items;
use anypipe_core::stage::{holding, in_stage};
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

use crate::IsResult;

/// Folds the values of results into one value; made by [`try_fold`].
#[derive(Clone, Debug)]
pub struct TryFold<A, F> {
    start: A,
    f: F,
}

/// The sink of `Pipeline::try_fold`, where all of it is told.
pub fn try_fold<A, F>(start: A, f: F) -> TryFold<A, F> {
    TryFold { start, f }
}

impl<R, A, F> Sink<R> for TryFold<A, F>
where
    R: IsResult,
    A: Send + 'static,
    F: FnMut(A, R::Ok) -> Result<A, R::Err> + Send + 'static,
{
    type Output = Result<A, R::Err>;

    fn drain(
        self,
        input: impl Stream<Item = R> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Result<A, R::Err>> + Send + 'static {
        let mut items = Items::new(input, scope);
        let scope = scope.clone();
        let Self { start, mut f } = self;
        async move {
            let mut folded = start;
            while let Some(item) = items.next().await {
                match item.into_result() {
                    Ok(value) => match in_stage("try_fold", || f(folded, value)) {
                        Ok(next) => folded = next,
                        Err(error) => return Err(items.end_with(error)),
                    },
                    Err(error) => {
                        if let Err(error) = scope.keep_error(error) {
                            return Err(items.end_with(holding(error, || drop(folded))));
                        }
                    }
                }
            }
            Ok(folded)
        }
    }
}
