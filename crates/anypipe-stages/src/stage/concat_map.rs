use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::drive::Boundary;
use anypipe_core::stage::{drop_each, poll_go_on};
use anypipe_core::{Holds, Scope, Source, Stage};
use futures_core::Stream;

use crate::attached::Attached;
use crate::stage::sequential_stage;
use crate::{Name, Pass};

/// Each item becomes a source, and they are given one after the other; made by [`concat_map`].
#[derive(Clone, Debug)]
pub struct ConcatMap<F> {
    name: Name,
    f: F,
    limit: usize,
}

/// The stage of `Pipeline::concat_map`, where all of it is told.
///
/// # Panics
///
/// Where `limit` is 0.
#[track_caller]
pub fn concat_map<F>(f: F, limit: usize) -> ConcatMap<F> {
    assert!(limit > 0, "`concat_map(.., 0)`: at least one source must run");
    ConcatMap { name: Name::new("concat_map"), f, limit }
}

impl<In, F, Y> Stage<In> for ConcatMap<F>
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
        Concat { input: Some(Box::pin(input)), open: VecDeque::new(), stage: self, scope: scope.clone() }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(ConcatMap<F>, named);

impl<F> ConcatMap<F> {
    fn start<In, Y: Source>(&self, item: In, scope: &Scope) -> Attached<Y::Item>
    where
        F: Fn(In) -> Y,
    {
        let source = self.name.guard(|| (self.f)(item));
        if self.limit == 1 {
            return Attached::repeated(source, scope);
        }
        // A task of its own, so that it runs before its turn.
        let scope = scope.repeated_child();
        let ahead = Boundary::new(self.name.0.clone()).attach(source.attach(&scope), Pass, &scope);
        Attached::own(ahead, scope)
    }
}

struct Concat<S, F, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The sources that run; the first is the one whose turn it is.
    open: VecDeque<Attached<T>>,
    stage: ConcatMap<F>,
    scope: Scope,
}

// The items are only ever moved.
impl<S, F, T> Unpin for Concat<S, F, T> {}

impl<S, F, Y> Stream for Concat<S, F, Y::Item>
where
    S: Stream,
    F: Fn(S::Item) -> Y,
    Y: Source,
{
    type Item = Y::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Y::Item>> {
        let this = self.get_mut();
        loop {
            while let Some(input) = this.input.as_mut().filter(|_| this.open.len() < this.stage.limit) {
                match input.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => this.open.push_back(this.stage.start(item, &this.scope)),
                    Poll::Ready(None) => this.input = None,
                    Poll::Pending => break,
                }
            }
            let Some(first) = this.open.front_mut() else {
                return if this.input.is_none() { Poll::Ready(None) } else { Poll::Pending };
            };
            if let Some(item) = ready!(first.poll_next(cx)) {
                return Poll::Ready(Some(item));
            }
            this.open.pop_front();
            ready!(poll_go_on(cx));
        }
    }
}

impl<S, F, T> Drop for Concat<S, F, T> {
    fn drop(&mut self) {
        drop_each(self.open.drain(..));
    }
}
