use std::task::{Context, Poll};

use anypipe_core::drive::{At, Work};
use anypipe_core::option::Wrap;

/// Work on the value of each `Ok`, as work on results: an `Err` passes in its turn. Options that wrap work wrap
/// that on values.
#[derive(Clone, Debug)]
pub struct OnOk<W>(pub W);

impl<How, W: Wrap<How>> Wrap<How> for OnOk<W> {
    type Wrapped = OnOk<W::Wrapped>;

    fn wrap(self, how: How) -> Self::Wrapped {
        OnOk(self.0.wrap(how))
    }
}

impl<T, P, U, E, W> Work<Result<T, P>> for OnOk<W>
where
    T: Send + 'static,
    P: From<E> + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    W: Work<T, Out = Result<U, E>>,
{
    type Out = Result<U, P>;
    type State = W::State;

    fn is_err(made: &Result<U, P>) -> bool {
        made.is_err()
    }

    fn poll_settled(&self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_settled(state, cx)
    }

    async fn call(&self, state: &mut W::State, at: At<'_>, item: Result<T, P>) -> Option<Result<U, P>> {
        match item {
            Ok(value) => {
                let made = self.0.call(state, at, value).await?;
                Some(made.map_err(P::from))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
