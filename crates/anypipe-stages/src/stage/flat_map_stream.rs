use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Source, Stage};
use futures_core::Stream;

use crate::Name;
use crate::attached::Attached;
use crate::many::Many;
use crate::stage::sequential_stage;

/// Each item becomes a source, and their items are given as they come; made by [`flat_map_stream`].
#[derive(Clone, Debug)]
pub struct FlatMapStream<F> {
    name: Name,
    f: F,
    limit: usize,
}

/// The stage of `Pipeline::flat_map_stream`, where all of it is told.
///
/// # Panics
///
/// Where `limit` is 0.
#[track_caller]
pub fn flat_map_stream<F>(f: F, limit: usize) -> FlatMapStream<F> {
    assert!(limit > 0, "`flat_map_stream(.., 0)`: at least one source must run");
    FlatMapStream { name: Name::new("flat_map_stream"), f, limit }
}

impl<In, F, Y> Stage<In> for FlatMapStream<F>
where
    In: Send + 'static,
    F: Fn(In) -> Y + Send + Sync + 'static,
    Y: Source,
{
    type Out = Y::Item;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Y::Item> + Send + 'static {
        Flat { input: Some(Box::pin(input)), open: Many::new(), stage: self, scope: scope.clone() }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(FlatMapStream<F>, named);

struct Flat<S, F, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The sources that run.
    open: Many<T>,
    stage: FlatMapStream<F>,
    scope: Scope,
}

// The items are only ever moved.
impl<S, F, T> Unpin for Flat<S, F, T> {}

impl<S, F, Y> Stream for Flat<S, F, Y::Item>
where
    S: Stream,
    F: Fn(S::Item) -> Y,
    Y: Source,
{
    type Item = Y::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Y::Item>> {
        let Self { input: slot, open, stage, scope } = self.get_mut();
        loop {
            while let Some(input) = slot.as_mut().filter(|_| open.len() < stage.limit) {
                match input.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => {
                        let source = stage.name.guard(|| (stage.f)(item));
                        open.push(Attached::repeated(source, scope));
                    }
                    Poll::Ready(None) => *slot = None,
                    Poll::Pending => break,
                }
            }
            if open.len() == 0 {
                return if slot.is_none() { Poll::Ready(None) } else { Poll::Pending };
            }
            // Where one has ended there is room for another.
            if let Some((_, Some(item))) = ready!(open.poll_next(cx)) {
                return Poll::Ready(Some(item));
            }
            ready!(poll_go_on(cx));
        }
    }
}
