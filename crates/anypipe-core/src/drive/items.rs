#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::pace::{Next, Pace};
use crate::runtime::WaitsFor;
use crate::scope::{CutWatch, Scope, holding, note_wait};
use crate::sync::Lone;

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
    turns: Turns,
}

/// All of a sink's loop but its items.
struct Turns {
    pace: Pace,
    scope: Scope,
    /// What to do before the next item.
    next: Next,
    /// Ends them at a deadline, where the run gives what it has then.
    cut: Option<Lone<CutWatch>>,
}

impl Turns {
    fn new(scope: &Scope) -> Self {
        let cut = scope.cut();
        Self { pace: Pace::of_sink(), scope: scope.clone(), next: Next::Go, cut }
    }
}

impl<S: Stream> Items<S> {
    /// Takes the items of `stream`, in a run's own part or in a task of `scope`.
    pub fn new(stream: S, scope: &Scope) -> Self {
        Self { stream: Box::pin(stream), turns: Turns::new(scope) }
    }

    /// The next item; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    pub async fn next(&mut self) -> Option<S::Item> {
        self.try_for_each(Break).await
    }

    /// Calls `f` with each item, to the end: what a loop over [`next`](Items::next) does, for less.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing that `f` was not called with.
    pub async fn for_each(&mut self, mut f: impl FnMut(S::Item)) {
        self.fold((), |(), item| f(item)).await;
    }

    /// Calls `f` with each item, until it breaks off; gives what it does so with, `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// As [`for_each`](Items::for_each).
    pub async fn try_for_each<B>(&mut self, mut f: impl FnMut(S::Item) -> ControlFlow<B>) -> Option<B> {
        let folded = &mut Some(());
        poll_fn(|cx| self.turns.poll_try_fold(self.stream.as_mut(), cx, folded, |(), item| f(item))).await
    }

    /// Folds the items into one value, from `start` on.
    ///
    /// # Cancel safety
    ///
    /// As [`for_each`](Items::for_each); what was folded is dropped with it.
    pub async fn fold<A>(&mut self, start: A, mut f: impl FnMut(A, S::Item) -> A) -> A {
        let folded = &mut Some(start);
        poll_fn(|cx| self.turns.poll_fold(self.stream.as_mut(), cx, folded, &mut f)).await
    }
}

pin_project! {
    /// What [`fold_items`] returns.
    struct Fold<S, M, A, F> {
        #[pin]
        stream: S,
        turns: Turns,
        start: Option<M>,
        folded: Option<A>,
        f: F,
    }
}

/// All that many a sink does: folds the items of `stream` into one value, from what `start` makes on. As [`Items::fold`], for
/// less: this is one future, which the stream lies in.
///
/// # Cancel safety
///
/// Dropped before its end it has dropped what was folded.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::Sink;
/// use anypipe::author::{Scope, fold_items};
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
///         fold_items(input, scope, || 0, |count, _| count + 1)
///     }
/// }
/// ```
pub fn fold_items<S, M, A, F>(
    stream: S,
    scope: &Scope,
    start: M,
    f: F,
) -> impl Future<Output = A> + use<S, M, A, F>
where
    S: Stream,
    M: FnOnce() -> A,
    F: FnMut(A, S::Item) -> A,
{
    Fold { stream, turns: Turns::new(scope), start: Some(start), folded: None, f }
}

impl<S, M, A, F> Future for Fold<S, M, A, F>
where
    S: Stream,
    M: FnOnce() -> A,
    F: FnMut(A, S::Item) -> A,
{
    type Output = A;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let this = self.project();
        if let Some(start) = this.start.take() {
            *this.folded = Some(start());
        }
        this.turns.poll_fold(this.stream, cx, this.folded, this.f)
    }
}

impl Turns {
    /// Folds to the end.
    #[inline(always)]
    fn poll_fold<S: Stream, A>(
        &mut self,
        stream: Pin<&mut S>,
        cx: &mut Context<'_>,
        folded: &mut Option<A>,
        f: &mut impl FnMut(A, S::Item) -> A,
    ) -> Poll<A> {
        let polled = self.poll_try_fold(stream, cx, folded, |folded, item| Continue(f(folded, item)));
        polled.map(|_: Option<Infallible>| folded.take().expect("it is there when nothing breaks off"))
    }

    /// The loop of all of these. What was folded is taken out of `folded` and, unless `f` breaks off, put back there: in
    /// between it may lie in a register.
    #[inline(always)]
    fn poll_try_fold<S: Stream, A, B>(
        &mut self,
        mut stream: Pin<&mut S>,
        cx: &mut Context<'_>,
        folded: &mut Option<A>,
        mut f: impl FnMut(A, S::Item) -> ControlFlow<B, A>,
    ) -> Poll<Option<B>> {
        let mut value = folded.take().expect("where `f` panics this is not polled again");
        let polled = 'poll: loop {
            if self.next != Next::Go && self.poll_turn(cx).is_pending() {
                break Poll::Pending;
            }
            let mut left = self.pace.left();
            if let Some(cut) = &mut self.cut {
                if cut.is_over(cx) {
                    break Poll::Ready(None);
                }
                left = 1;
            }
            self.pace.begin(&self.scope);
            self.pace.offer(self.scope.runtime());
            let (scope, cut) = (&self.scope, &mut self.cut);
            for done in 0..left {
                // Whoever polls us drops us after this poll.
                if scope.is_cancelled() {
                    break 'poll Poll::Pending;
                }
                match stream.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => match f(value, item) {
                        Continue(folded) => value = folded,
                        Break(broke_off) => {
                            self.count(done + 1);
                            return Poll::Ready(Some(broke_off));
                        }
                    },
                    Poll::Ready(None) => break 'poll Poll::Ready(None),
                    Poll::Pending => {
                        self.pace.items(done);
                        self.pace.waited();
                        let ends = cut.as_mut().is_some_and(|cut| cut.ends());
                        break 'poll if ends { Poll::Ready(None) } else { Poll::Pending };
                    }
                }
            }
            self.count(left);
        };
        *folded = Some(value);
        polled
    }

    /// Counts items that are done.
    fn count(&mut self, items: u16) {
        if self.pace.items(items) {
            self.next = self.pace.look(self.scope.runtime(), None);
        }
    }

    /// At the end of a chunk: gives way when it is time to.
    #[inline(never)]
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.next, Next::Go) {
            Next::Show if self.scope.runtime().poll_budget(cx).is_pending() => {
                note_wait(WaitsFor::Thread);
                self.next = Next::Show;
                self.pace.waited();
                Poll::Pending
            }
            Next::Go | Next::Show => Poll::Ready(()),
            Next::GiveWay => {
                note_wait(WaitsFor::Thread);
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
