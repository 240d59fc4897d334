use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::scope::Turns;

pin_project! {
    /// A stream with a closure for each item, made by [`each`].
    #[derive(Debug)]
    #[must_use = "a stream does nothing unless it is polled"]
    pub struct Each<S, F> {
        #[pin]
        input: S,
        f: F,
        // The items that were skipped.
        skipped: Turns,
    }
}

/// Wraps a stream with a synchronous closure for each item, that gives an item or skips it: `map`, `filter` and the
/// like are this.
///
/// It costs a little less than [`fused`](super::fused()), and does a little less: it can't end before its input does, and
/// keeps the input until it is dropped itself.
///
/// The closure is made in a function of its own, beside `attach`: one that is made in there has the input in its type, so that
/// the type of a chain is twice as long with each such stage, and takes twice as long to build.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::Scope;
/// use anypipe::stage::{Stage, each};
/// use futures_core::Stream;
///
/// /// Halves even numbers, and lets the others go.
/// struct Halve;
///
/// impl Stage<u32> for Halve {
///     type Out = u32;
///
///     fn attach(
///         self,
///         input: impl Stream<Item = u32> + Send + 'static,
///         _scope: &Scope,
///     ) -> impl Stream<Item = u32> + Send + 'static {
///         each(input, halve)
///     }
/// }
///
/// fn halve(item: u32) -> Option<u32> {
///     (item % 2 == 0).then_some(item / 2)
/// }
/// ```
pub fn each<S, T, F>(input: S, f: F) -> Each<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Option<T>,
{
    Each { input, f, skipped: Turns::default() }
}

impl<S, T, F> Stream for Each<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Option<T>,
{
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        loop {
            match this.input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => match (this.f)(item) {
                    Some(item) => return Poll::Ready(Some(item)),
                    None => ready!(this.skipped.poll_go_on(cx)),
                },
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    this.skipped.waited();
                    return Poll::Pending;
                }
            }
        }
    }
}
