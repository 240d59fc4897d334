use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::Name;
use crate::stage::sequential_stage;

/// Rows become their items; made by [`flatten`].
#[derive(Clone, Debug)]
pub struct Flatten {
    name: Name,
}

/// The stage of `Pipeline::flatten`, where all of it is told.
pub fn flatten() -> Flatten {
    Flatten { name: Name::new("flatten") }
}

impl<In> Stage<In> for Flatten
where
    In: IntoIterator + Send + 'static,
    In::IntoIter: Send + 'static,
    In::Item: Send + 'static,
{
    type Out = In::Item;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In::Item> + Send + 'static {
        FlattenStream { input, row: None, name: self.name }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(Flatten, named);

pin_project! {
    struct FlattenStream<S: Stream>
    where
        S::Item: IntoIterator,
    {
        #[pin]
        input: S,
        // The row that is being given.
        row: Option<<S::Item as IntoIterator>::IntoIter>,
        name: Name,
    }
}

impl<S> Stream for FlattenStream<S>
where
    S: Stream,
    S::Item: IntoIterator,
{
    type Item = <S::Item as IntoIterator>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(row) = this.row {
                if let Some(item) = this.name.guard(|| row.next()) {
                    return Poll::Ready(Some(item));
                }
                *this.row = None;
                ready!(poll_go_on(cx));
            }
            match ready!(this.input.as_mut().poll_next(cx)) {
                Some(row) => *this.row = Some(this.name.guard(|| row.into_iter())),
                None => return Poll::Ready(None),
            }
        }
    }
}
