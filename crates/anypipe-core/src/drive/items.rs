use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

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
        poll_fn(|cx| {
            // Whoever polls us drops us after this poll.
            if self.scope.is_cancelled() {
                return Poll::Pending;
            }
            match std::mem::replace(&mut self.next, Next::Go) {
                Next::Go => {}
                Next::Show => {
                    if self.pace.poll_budget(cx).is_pending() {
                        self.next = Next::Show;
                        self.pace.waited();
                        return Poll::Pending;
                    }
                }
                Next::GiveWay => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            self.pace.begin();
            let polled = self.stream.as_mut().poll_next(cx);
            match polled {
                Poll::Ready(_) => self.next = self.pace.item(),
                Poll::Pending => self.pace.waited(),
            }
            polled
        })
        .await
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
