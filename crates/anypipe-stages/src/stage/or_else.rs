use std::future::Future;

use anypipe_core::drive::{At, Work};

use anypipe_core::option::Parallel;

/// The work of [`or_else`]: an asynchronous, fallible closure on each `Err`.
#[derive(Clone, Debug)]
pub struct OrElse<F> {
    f: F,
}

/// The stage of `Pipeline::or_else`, where all of it is told.
pub fn or_else<F>(f: F) -> Parallel<OrElse<F>> {
    Parallel::new("or_else", OrElse { f })
}

impl<T, E, E2, F, Fut> Work<Result<T, E>> for OrElse<F>
where
    T: Send + 'static,
    E: Send + 'static,
    E2: Send + 'static,
    F: Fn(E) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E2>> + Send + 'static,
{
    type Out = Result<T, E2>;
    type State = ();

    fn is_err(made: &Result<T, E2>) -> bool {
        made.is_err()
    }

    async fn call(&self, _state: &mut (), _at: At<'_>, item: Result<T, E>) -> Option<Result<T, E2>> {
        Some(match item {
            Ok(value) => Ok(value),
            Err(error) => (self.f)(error).await,
        })
    }
}
