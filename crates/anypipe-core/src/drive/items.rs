#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::fmt;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::pace::{Next, Pace};
use crate::scope::{Scope, holding};

/// The items of a stream, for a sink's loop: it gives way now and then, and stops at a cancel.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::Sink;
/// use anypipe::author::{Items, Scope};
/// use futures_core::Stream;
///
/// /// Counts the items.
/// struct Count;
///
/// impl<In: Send + 'static> Sink<In> for Count {
///     type Output = usize;
///
///     fn drain(
///         self,
///         input: impl Stream<Item = In> + Send + 'static,
///         scope: &Scope,
///     ) -> impl Future<Output = usize> + Send + 'static {
///         let mut items = Items::new(input, scope);
///         async move {
///             let mut count = 0;
///             while items.next().await.is_some() {
///                 count += 1;
///             }
///             count
///         }
///     }
/// }
/// ```
pub struct Items<S> {
    stream: Pin<Box<S>>,
    pace: Pace,
    scope: Scope,
    /// What to do before the next item.
    next: Next,
}

impl<S: Stream> Items<S> {
    /// Takes the items of `stream`, in a run's own part or in a task of `scope`.
    pub fn new(stream: S, scope: &Scope) -> Self {
        let pace = Pace::new(scope.runtime().clone());
        Self { stream: Box::pin(stream), pace, scope: scope.clone(), next: Next::Go }
    }

    /// The next item; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    pub async fn next(&mut self) -> Option<S::Item> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Calls `f` with each item, to the end: what a loop over [`next`](Items::next) does, for less.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing that `f` was not called with.
    pub async fn for_each(&mut self, mut f: impl FnMut(S::Item)) {
        poll_fn(|cx| {
            loop {
                match self.poll_next(cx) {
                    Poll::Ready(Some(item)) => f(item),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    /// Calls `f` with each item, until it breaks off; gives what it does so with, `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// As [`for_each`](Items::for_each).
    pub async fn try_for_each<B>(&mut self, mut f: impl FnMut(S::Item) -> ControlFlow<B>) -> Option<B> {
        poll_fn(|cx| {
            loop {
                match ready!(self.poll_next(cx)).map(&mut f) {
                    Some(ControlFlow::Continue(())) => {}
                    Some(ControlFlow::Break(value)) => return Poll::Ready(Some(value)),
                    None => return Poll::Ready(None),
                }
            }
        })
        .await
    }

    /// Folds the items into one value, from `start` on.
    ///
    /// # Cancel safety
    ///
    /// As [`for_each`](Items::for_each); what was folded is dropped with it.
    pub async fn fold<A>(&mut self, start: A, mut f: impl FnMut(A, S::Item) -> A) -> A {
        let mut folded = Some(start);
        self.for_each(|item| folded = folded.take().map(|folded| f(folded, item))).await;
        folded.expect("where `f` panics this is not polled again")
    }

    #[inline(always)]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        // Whoever polls us drops us after this poll.
        if self.scope.is_cancelled() {
            return Poll::Pending;
        }
        if self.next != Next::Go {
            ready!(self.poll_turn(cx));
        }
        self.pace.begin();
        let polled = self.stream.as_mut().poll_next(cx);
        match polled {
            Poll::Ready(_) if self.pace.item() => self.next = self.pace.look(),
            Poll::Ready(_) => {}
            Poll::Pending => self.pace.waited(),
        }
        polled
    }

    /// At the end of a chunk: gives way when it is time to.
    #[inline(never)]
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.next, Next::Go) {
            Next::Show if self.pace.poll_budget(cx).is_pending() => {
                self.next = Next::Show;
                self.pace.waited();
                Poll::Pending
            }
            Next::Go | Next::Show => Poll::Ready(()),
            Next::GiveWay => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl<S> Items<S> {
    /// Lets go of the stream, and gives `value` on: how a sink ends early that gives an item, whose
    /// destructor, and those of the items in the stream, may all panic.
    pub fn end_with<T>(self, value: T) -> T {
        holding(value, || drop(self))
    }
}

impl<S> fmt::Debug for Items<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}
