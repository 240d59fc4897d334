use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::{Step, holding, poll_go_on};
use futures_core::Stream;
use pin_project_lite::pin_project;

/// What a stage does that keeps items for a while.
pub(crate) trait Gather<In> {
    type Out;

    /// Takes an item in.
    fn step(&mut self, item: In) -> Step<Self::Out>;

    /// Gives what is left when the input has ended, one after the other.
    fn rest(&mut self) -> Option<Self::Out>;
}

pin_project! {
    /// A stream with a step for each item and something left to give at the end.
    pub(crate) struct Gathered<S, G> {
        // Dropped at the end of the input.
        #[pin]
        input: Option<S>,
        gather: G,
    }
}

pub(crate) fn gathered<S: Stream, G: Gather<S::Item>>(input: S, gather: G) -> Gathered<S, G> {
    Gathered { input: Some(input), gather }
}

impl<S, G> Stream for Gathered<S, G>
where
    S: Stream,
    G: Gather<S::Item>,
{
    type Item = G::Out;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<G::Out>> {
        let mut this = self.project();
        loop {
            let Some(input) = this.input.as_mut().as_pin_mut() else {
                return Poll::Ready(this.gather.rest());
            };
            let step = match ready!(input.poll_next(cx)) {
                Some(item) => this.gather.step(item),
                None => Step::End,
            };
            match step {
                Step::Give(item) => return Poll::Ready(Some(item)),
                Step::Skip => ready!(poll_go_on(cx)),
                Step::GiveLast(item) => {
                    return Poll::Ready(Some(holding(item, || this.input.set(None))));
                }
                Step::End => this.input.set(None),
            }
        }
    }
}
