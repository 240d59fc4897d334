//! A source that runs, and can be closed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Scope, Source};
use futures_core::Stream;

/// A stream whose end is told after all tasks behind it have ended, and that can be closed before its
/// end. Dropped, it cancels them; the run joins them then.
pub(crate) struct Attached<T> {
    /// The stream, until it has ended or was closed.
    stream: Option<Pin<Box<dyn Stream<Item = T> + Send>>>,
    /// Where its tasks run, until they are to end. `None` where they are not its own.
    scope: Option<Scope>,
    /// The wait for the end of the tasks.
    joining: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<T: Send + 'static> Attached<T> {
    /// Attaches a source in a scope of its own inside `scope`.
    pub(crate) fn source(source: impl Source<Item = T>, scope: &Scope) -> Self {
        Self::source_in(source, scope.child())
    }

    /// As [`source`](Attached::source), for one of any number of sources that come and go.
    pub(crate) fn repeated(source: impl Source<Item = T>, scope: &Scope) -> Self {
        Self::source_in(source, scope.repeated_child())
    }

    fn source_in(source: impl Source<Item = T>, scope: Scope) -> Self {
        Self::own(source.attach(&scope), scope)
    }

    /// A stream whose tasks run in a scope of its own, which ends with it.
    pub(crate) fn own(stream: impl Stream<Item = T> + Send + 'static, scope: Scope) -> Self {
        Self { stream: Some(Box::pin(stream)), scope: Some(scope), joining: None }
    }

    /// A stream whose tasks belong to a scope that is joined elsewhere.
    pub(crate) fn stream(stream: impl Stream<Item = T> + Send + 'static) -> Self {
        Self::boxed(Box::pin(stream))
    }

    /// As [`stream`](Attached::stream), for one that is boxed already.
    pub(crate) fn boxed(stream: Pin<Box<dyn Stream<Item = T> + Send>>) -> Self {
        Self { stream: Some(stream), scope: None, joining: None }
    }
}

impl<T> Attached<T> {
    /// The next item; `None` once the stream has ended, or was closed, and its tasks have ended.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(stream) = &mut self.stream {
            if let Some(item) = ready!(stream.as_mut().poll_next(cx)) {
                return Poll::Ready(Some(item));
            }
        }
        self.poll_end(cx).map(|()| None)
    }

    /// The stream has ended, if there is one: waits until its tasks have.
    #[cold]
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.stream.is_some() {
            self.close();
        }
        self.poll_closed(cx)
    }

    /// True where its tasks were cancelled: that one of them is gone tells nothing.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.scope.as_ref().is_some_and(Scope::is_cancelled)
    }

    /// Drops the stream and cancels its tasks.
    pub(crate) fn close(&mut self) {
        // First: what its tasks send to must not take the closing for their clean end.
        if let Some(scope) = self.scope.take() {
            scope.cancel();
            self.joining = Some(Box::pin(async move { scope.cancel_and_join().await }));
        }
        self.stream = None;
    }

    /// Waits until the tasks of a stream that was closed have ended.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(joining) = &mut self.joining {
            ready!(joining.as_mut().poll(cx));
            self.joining = None;
        }
        Poll::Ready(())
    }
}

impl<T> Drop for Attached<T> {
    fn drop(&mut self) {
        // Before the stream goes, as in `close`.
        if let Some(scope) = &self.scope {
            scope.cancel();
        }
    }
}

/// The stream of what is attached.
pub(crate) struct AttachedStream<T>(pub(crate) Attached<T>);

impl<T> Stream for AttachedStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_next(cx)
    }
}

impl<T> fmt::Debug for Attached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("open", &self.stream.is_some()).finish_non_exhaustive()
    }
}
