use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::fan::{AHEAD, Refused};
use crate::sink::NothingToTell;
use crate::stage::sequential_stage;
use crate::stage::siding::Siding;

/// A sink for errors beside the way of the values; made by [`dead_letter`].
#[derive(Clone, Debug)]
pub struct DeadLetter<K> {
    name: Name,
    sink: K,
}

/// The stage of `Pipeline::dead_letter`, where all of it is told.
pub fn dead_letter<K>(sink: K) -> DeadLetter<K> {
    DeadLetter { name: Name::new("dead_letter"), sink }
}

impl<T, E, K> Stage<Result<T, E>> for DeadLetter<K>
where
    T: Send + 'static,
    E: Send + 'static,
    K: Sink<E, Output: NothingToTell>,
{
    type Out = T;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, E>> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let siding = Siding::new(&self.name, self.sink, scope);
        Values { input: Some(Box::pin(input)), siding, waiting: None, name: self.name, is_new: true }
    }

    fn holds(&self) -> Holds {
        self.sink.holds() + Holds::at_most(AHEAD + 1)
    }
}

sequential_stage!(DeadLetter<K>, named);

struct Values<S, E> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    siding: Siding<E>,
    /// An error that waits for room before the sink.
    waiting: Option<E>,
    name: Name,
    /// True until the input was polled.
    is_new: bool,
}

// The items are only ever moved.
impl<S, E> Unpin for Values<S, E> {}

impl<S, E: Send + 'static> Values<S, E> {
    /// Gives an error to the sink, or has it wait for room there.
    fn put(&mut self, error: E) -> Poll<()> {
        match self.siding.put(error) {
            Ok(()) => Poll::Ready(()),
            Err(Refused::Full(error)) => {
                self.waiting = Some(error);
                Poll::Pending
            }
            Err(Refused::Closed(_)) => {
                self.siding.leave();
                self.name.guard(|| panic!("an error came after the sink for errors had ended"))
            }
        }
    }
}

impl<S, T, E> Stream for Values<S, E>
where
    S: Stream<Item = Result<T, E>>,
    E: Send + 'static,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        this.siding.register(cx);
        loop {
            if let Some(error) = this.waiting.take() {
                ready!(this.put(error));
            }
            let Some(input) = &mut this.input else {
                return this.siding.poll_end(cx).map(|()| None);
            };
            let polled = if std::mem::take(&mut this.is_new) {
                this.siding.poll_in(|| input.as_mut().poll_next(cx))
            } else {
                input.as_mut().poll_next(cx)
            };
            match ready!(polled) {
                Some(Ok(value)) => return Poll::Ready(Some(value)),
                Some(Err(error)) => {
                    this.siding.take();
                    // Where there is no room now, the next item waits.
                    let _ = this.put(error);
                    ready!(poll_go_on(cx));
                }
                None => {
                    this.input = None;
                    this.siding.end();
                }
            }
        }
    }
}

impl<S, E> Drop for Values<S, E> {
    fn drop(&mut self) {
        if self.waiting.is_some() {
            self.siding.leave();
        }
    }
}
