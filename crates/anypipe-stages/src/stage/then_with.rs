use std::future::Future;

use anypipe_core::drive::{At, Work};

use crate::{AsyncWith, Parallel};

/// The work of [`then_with`]: an asynchronous closure with a state of its worker.
#[derive(Clone, Debug)]
pub struct ThenWith<I, F> {
    init: I,
    f: F,
}

/// The stage of `Pipeline::then_with`, where all of it is told.
pub fn then_with<I, F>(init: I, f: F) -> Parallel<ThenWith<I, F>> {
    Parallel::new("then_with", ThenWith { init, f })
}

impl<In, St, U, I, Fut, F> Work<In> for ThenWith<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = St> + Send + 'static,
    F: for<'a> AsyncWith<'a, St, In, Out = U> + Send + Sync + 'static,
{
    type Out = U;
    type State = Option<St>;

    async fn call(&self, state: &mut Option<St>, _at: At<'_>, item: In) -> Option<U> {
        let state = match state {
            Some(state) => state,
            None => state.insert((self.init)().await),
        };
        Some((self.f)(state, item).await)
    }
}

/// The work of [`try_then_with`]: an asynchronous, fallible closure with a state that may not come about.
#[derive(Clone, Debug)]
pub struct TryThenWith<I, F> {
    init: I,
    f: F,
}

/// The stage of `Pipeline::try_then_with`, where all of it is told.
pub fn try_then_with<I, F>(init: I, f: F) -> Parallel<TryThenWith<I, F>> {
    Parallel::new("try_then_with", TryThenWith { init, f })
}

impl<In, St, U, E, I, Fut, F> Work<In> for TryThenWith<I, F>
where
    In: Send + 'static,
    St: Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    I: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<St, E>> + Send + 'static,
    F: for<'a> AsyncWith<'a, St, In, Out = Result<U, E>> + Send + Sync + 'static,
{
    type Out = Result<U, E>;
    type State = Option<St>;

    fn is_err(made: &Result<U, E>) -> bool {
        made.is_err()
    }

    async fn call(&self, state: &mut Option<St>, _at: At<'_>, item: In) -> Option<Result<U, E>> {
        let state = match state {
            Some(state) => state,
            None => match (self.init)().await {
                Ok(made) => state.insert(made),
                Err(error) => return Some(Err(error)),
            },
        };
        Some((self.f)(state, item).await)
    }
}
