use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::Name;
use crate::stage::sequential_stage;

/// The same item between each two; made by [`intersperse`].
#[derive(Clone, Debug)]
pub struct Intersperse<T> {
    name: Name,
    separator: T,
}

/// The stage of `Pipeline::intersperse`, where all of it is told.
pub fn intersperse<T>(separator: T) -> Intersperse<T> {
    Intersperse { name: Name::new("intersperse"), separator }
}

impl<In: Clone + Send + 'static> Stage<In> for Intersperse<In> {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        Interspersed { input, stage: self, next: None, began: false }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Intersperse<T>, named);

pin_project! {
    struct Interspersed<S: Stream> {
        #[pin]
        input: S,
        stage: Intersperse<S::Item>,
        // The item that comes after the separator.
        next: Option<S::Item>,
        // True once there was an item.
        began: bool,
    }
}

impl<S> Stream for Interspersed<S>
where
    S: Stream<Item: Clone>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if let Some(item) = this.next.take() {
            return Poll::Ready(Some(item));
        }
        let item = ready!(this.input.poll_next(cx));
        if item.is_none() || !std::mem::replace(this.began, true) {
            return Poll::Ready(item);
        }
        *this.next = item;
        Poll::Ready(Some(this.stage.name.guard(|| this.stage.separator.clone())))
    }
}
