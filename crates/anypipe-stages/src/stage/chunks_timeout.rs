use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::held::Held;
use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// Lists of items, by size or time; made by [`chunks_timeout`].
#[derive(Clone, Copy, Debug)]
pub struct ChunksTimeout {
    n: usize,
    length: Duration,
}

/// The stage of `Pipeline::chunks_timeout`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn chunks_timeout(n: usize, length: Duration) -> ChunksTimeout {
    assert!(n > 0, "`chunks_timeout(0, ..)`: a list has at least one item");
    ChunksTimeout { n, length }
}

impl<In: Send + 'static> Stage<In> for ChunksTimeout {
    type Out = Vec<In>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Vec<In>> + Send + 'static {
        Chunked {
            input: Some(Box::pin(input)),
            items: Held::new(),
            alarm: Alarm::new(scope.runtime()),
            stage: self,
        }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(self.n)
    }
}

sequential_stage!(ChunksTimeout, "chunks_timeout");

struct Chunked<S, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The list that grows.
    items: Held<T>,
    /// Set while the list isn't empty.
    alarm: Alarm,
    stage: ChunksTimeout,
}

// The items are only ever moved.
impl<S, T> Unpin for Chunked<S, T> {}

impl<S: Stream> Stream for Chunked<S, S::Item> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<S::Item>>> {
        let this = self.get_mut();
        loop {
            let Some(input) = &mut this.input else { return Poll::Ready(None) };
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    this.items.push(item);
                    if this.items.len() == this.stage.n {
                        this.alarm.clear();
                        return Poll::Ready(Some(this.items.take()));
                    }
                    if this.items.len() == 1 {
                        this.alarm.set(this.stage.length);
                    } else if this.alarm.is_due() {
                        this.alarm.clear();
                        return Poll::Ready(Some(this.items.take()));
                    }
                    ready!(poll_go_on(cx));
                }
                Poll::Ready(None) => {
                    this.input = None;
                    let rest = this.items.take();
                    return Poll::Ready((!rest.is_empty()).then_some(rest));
                }
                Poll::Pending => {
                    ready!(this.alarm.poll(cx));
                    return Poll::Ready(Some(this.items.take()));
                }
            }
        }
    }
}
