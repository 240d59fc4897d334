use std::borrow::Cow;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Key, Weigh, Work};
use anypipe_core::option::{Named, OfItems, Parallel, pass_options};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

/// A stage on the value of each `Ok`, as one on results: an `Err` passes in its turn. Options go to the stage on
/// values, so those that wrap its work wrap that.
#[derive(Clone, Debug)]
pub struct OnOk<G>(pub G);

impl<T, P, U, E, W, K, V> Stage<Result<T, P>> for OnOk<Parallel<W, K, V>>
where
    T: Send + 'static,
    P: From<E> + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
    W: Work<T, Out = Result<U, E>>,
    K: OfItems<Key<Result<T, P>>> + Send + 'static,
    V: OfItems<(usize, Weigh<Result<U, P>>)> + Send + 'static,
{
    type Out = Result<U, P>;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, P>> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Result<U, P>> + Send + 'static {
        self.0.map_work(Lift).attach(input, scope)
    }

    fn holds(&self) -> Holds {
        if V::IS_SET { Holds::UNBOUNDED } else { self.0.boundary().holds() }
    }
}

pass_options!(OnOk<[G]>, G::Can, G::Last, |on_ok, edit| OnOk(on_ok.0.configure(edit)));

impl<G: Named> Named for OnOk<G> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self(self.0.named(name))
    }
}

/// Work on values, as work on results.
struct Lift<W>(W);

impl<T, P, U, E, W> Work<Result<T, P>> for Lift<W>
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

    fn one_task(&self) -> bool {
        self.0.one_task()
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
