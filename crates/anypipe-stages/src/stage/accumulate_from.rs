use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::Name;
use crate::stage::sequential_stage;

/// A running fold with a start; made by [`accumulate_from`].
#[derive(Clone, Debug)]
pub struct AccumulateFrom<A, F> {
    name: Name,
    init: A,
    f: F,
}

/// The stage of `Pipeline::accumulate_from`, where all of it is told.
pub fn accumulate_from<A, F>(init: A, f: F) -> AccumulateFrom<A, F> {
    AccumulateFrom { name: Name::new("accumulate_from"), init, f }
}

impl<A, F> AccumulateFrom<A, F> {
    /// Takes an item in and gives the result; the start where there is none.
    fn on_item<In>(self) -> impl FnMut(Option<In>) -> Option<A> + Send
    where
        In: Send + 'static,
        A: Clone + Send + 'static,
        F: Fn(A, In) -> A + Send + 'static,
    {
        let Self { name, init, f } = self;
        // Empty only while `f` has it.
        let mut last = Some(init);
        move |item| {
            name.guard(|| {
                if let Some(item) = item {
                    last = last.take().map(|last| f(last, item));
                }
                last.clone()
            })
        }
    }
}

impl<In, A, F> Stage<In> for AccumulateFrom<A, F>
where
    In: Send + 'static,
    A: Clone + Send + 'static,
    F: Fn(A, In) -> A + Send + 'static,
{
    type Out = A;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = A> + Send + 'static {
        Running { input, fold: self.on_item(), started: false }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(AccumulateFrom<A, F>, named);

pin_project! {
    struct Running<S, F> {
        #[pin]
        input: S,
        // Takes an item in and gives the result; the start where there is none.
        fold: F,
        started: bool,
    }
}

impl<S, A, F> Stream for Running<S, F>
where
    S: Stream,
    F: FnMut(Option<S::Item>) -> Option<A>,
{
    type Item = A;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<A>> {
        let this = self.project();
        if !std::mem::replace(this.started, true) {
            return Poll::Ready((this.fold)(None));
        }
        let item = ready!(this.input.poll_next(cx));
        Poll::Ready(item.and_then(|item| (this.fold)(Some(item))))
    }
}
