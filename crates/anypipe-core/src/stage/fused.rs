use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::scope::{Turns, holding};

/// What a fused stage makes of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// An item goes out.
    Give(T),
    /// Nothing goes out; the next item is asked for.
    Skip,
    /// An item goes out, the last one: the input is dropped.
    GiveLast(T),
    /// Nothing goes out any more: the input is dropped.
    End,
}

pin_project! {
    /// A stream with a step for each item, made by [`fused`].
    #[derive(Debug)]
    #[must_use = "a stream does nothing unless it is polled"]
    pub struct Fused<S, F> {
        #[pin]
        input: Option<S>,
        step: F,
        // The items that were skipped.
        skipped: Turns,
    }
}

/// Wraps a stream with a synchronous step for each item: cheap stages that may end before their input are this; those
/// that don't are [`each`](super::each()).
///
/// The step is called once for each item, in order; it may keep state. After the end of the input,
/// and after [`Step::GiveLast`] and [`Step::End`], the input has been dropped. It is made beside `attach` and not in there, as that of
/// [`each`](super::each()).
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::Scope;
/// use anypipe::stage::{Stage, Step, fused};
/// use futures_core::Stream;
///
/// /// Doubles numbers.
/// struct Double;
///
/// impl Stage<u32> for Double {
///     type Out = u32;
///
///     fn attach(
///         self,
///         input: impl Stream<Item = u32> + Send + 'static,
///         _scope: &Scope,
///     ) -> impl Stream<Item = u32> + Send + 'static {
///         fused(input, double)
///     }
/// }
///
/// fn double(item: u32) -> Step<u32> {
///     Step::Give(item * 2)
/// }
/// ```
pub fn fused<S, T, F>(input: S, step: F) -> Fused<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Step<T>,
{
    Fused { input: Some(input), step, skipped: Turns::default() }
}

/// A stream that has ended already: what a stage returns that must not touch its input.
pub fn ended<S, T, F>(input: S, step: F) -> Fused<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Step<T>,
{
    drop(input);
    Fused { input: None, step, skipped: Turns::default() }
}

impl<S, T, F> Stream for Fused<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Step<T>,
{
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        loop {
            let Some(input) = this.input.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            let step = match input.poll_next(cx) {
                Poll::Ready(Some(item)) => (this.step)(item),
                Poll::Ready(None) => Step::End,
                Poll::Pending => {
                    this.skipped.waited();
                    return Poll::Pending;
                }
            };
            match step {
                Step::Give(item) => return Poll::Ready(Some(item)),
                Step::Skip => ready!(this.skipped.poll_go_on(cx)),
                Step::GiveLast(item) => {
                    return Poll::Ready(Some(holding(item, || this.input.set(None))));
                }
                Step::End => {
                    this.input.set(None);
                    return Poll::Ready(None);
                }
            }
        }
    }
}
