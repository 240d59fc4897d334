use std::future::Future;

use anypipe_core::drive::Work;

use crate::Parallel;

/// The work of [`and_then`]: an asynchronous, fallible closure on each `Ok`.
#[derive(Clone, Debug)]
pub struct AndThen<F> {
    f: F,
}

/// Turns the value of each `Ok` into a result, asynchronously; an `Err` passes unchanged, in its turn.
///
/// `Result<T, E>` → `Result<U, E>`, asynchronous. A boundary: holds its buffer (64) and one item for
/// each worker (1).
pub fn and_then<F>(f: F) -> Parallel<AndThen<F>> {
    Parallel::new("and_then", AndThen { f })
}

impl<T, E, U, F, Fut> Work<Result<T, E>> for AndThen<F>
where
    T: Send + 'static,
    E: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<U, E>> + Send + 'static,
{
    type Out = Result<U, E>;
    type State = ();

    async fn init(&self) {}

    async fn call(&self, _state: &mut (), item: Result<T, E>) -> Option<Result<U, E>> {
        Some(match item {
            Ok(value) => (self.f)(value).await,
            Err(error) => Err(error),
        })
    }
}
