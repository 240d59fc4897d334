use std::future::Future;

use anypipe_core::drive::Boundary;
use anypipe_core::source::gated_until;
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use crate::generate::{Generated, generate_source, only_a_buffer};

/// Items of a state; made by [`unfold`].
#[derive(Clone, Debug)]
pub struct Unfold<St, F> {
    boundary: Boundary,
    init: St,
    f: F,
}

/// The source of `Pipeline::unfold`, where all of it is told.
pub fn unfold<St, F>(init: St, f: F) -> Unfold<St, F> {
    Unfold { boundary: Boundary::new("unfold"), init, f }
}

impl<St, T, F, Fut> Unfold<St, F>
where
    St: Send + 'static,
    T: Send + 'static,
    F: Fn(St) -> Fut + Send + 'static,
    Fut: Future<Output = Option<(T, St)>> + Send + 'static,
{
    fn generate(self, scope: &Scope) -> Generated<T> {
        let Self { boundary, init, f } = self;
        let name = boundary.name().to_owned();
        generate_source(&boundary, scope, |sender| async move {
            let mut state = init;
            // Room comes first: a future that was started never waits for it.
            while let Ok(room) = sender.reserve().await {
                let made = in_stage(&name, || f(state)).await;
                let Some((item, next)) = made else { return };
                if room.send(item).is_err() {
                    return;
                }
                state = next;
            }
        })
    }
}

impl<St, T, F, Fut> Source for Unfold<St, F>
where
    St: Send + 'static,
    T: Send + 'static,
    F: Fn(St) -> Fut + Send + 'static,
    Fut: Future<Output = Option<(T, St)>> + Send + 'static,
{
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        self.generate(scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        gated_until(self.generate(scope), scope, |items| items.get_mut().stop())
    }

    fn holds(&self) -> Holds {
        // The item in the making has its room already; without a buffer there is that one.
        let holds = self.boundary.holds().limit();
        holds.map_or(Holds::UNBOUNDED, |holds| Holds::at_most((holds - 1).max(1)))
    }
}

only_a_buffer!(Unfold<St, F>);
