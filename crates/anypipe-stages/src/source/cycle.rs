use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

/// A source again and again; made by [`cycle`].
#[derive(Clone, Debug)]
pub struct Cycle<S> {
    source: S,
}

/// The source of `Pipeline::cycle`, where all of it is told.
pub fn cycle<S>(source: S) -> Cycle<S> {
    Cycle { source }
}

impl<S: Source + Clone> Source for Cycle<S> {
    type Item = S::Item;

    fn attach(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        CycleStream { source: self.source, scope: scope.clone(), state: State::Between, gave: true }
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = S::Item> + Send + 'static {
        // What it is made of obeys already.
        self.attach(scope)
    }

    fn holds(&self) -> Holds {
        self.source.holds()
    }
}

struct CycleStream<S: Source> {
    source: S,
    scope: Scope,
    state: State<S::Item>,
    /// Whether the last round gave anything.
    gave: bool,
}

enum State<T> {
    /// A round is giving its items; its tasks run in a scope of its own.
    Round(Pin<Box<dyn Stream<Item = T> + Send>>, Scope),
    /// The last tasks of a round are ending.
    Ending(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// The next round has not started.
    Between,
}

// The source is never pinned.
impl<S: Source> Unpin for CycleStream<S> {}

impl<S: Source + Clone> Stream for CycleStream<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Round(round, scope) => {
                    if let Some(item) = ready!(round.as_mut().poll_next(cx)) {
                        this.gave = true;
                        return Poll::Ready(Some(item));
                    }
                    let scope = scope.clone();
                    this.state = State::Ending(Box::pin(async move { scope.cancel_and_join().await }));
                }
                State::Ending(ending) => {
                    ready!(ending.as_mut().poll(cx));
                    this.state = State::Between;
                }
                State::Between if std::mem::take(&mut this.gave) => {
                    let scope = this.scope.repeated_child();
                    let source = in_stage("cycle", || this.source.clone());
                    this.state = State::Round(Box::pin(source.attach_gated(&scope)), scope);
                }
                State::Between => return Poll::Ready(None),
            }
        }
    }
}
