use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::channel::Sender;
use anypipe_core::drive::Boundary;
use anypipe_core::run::picture::StageKind;
use anypipe_core::scope::Meter;
use anypipe_core::stage::{Step, fused, poll_go_on};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::generate::{generate, only_a_buffer};

/// A task of the user's own; made by [`stage`].
#[derive(Clone, Debug)]
pub struct HandWritten<F, U> {
    boundary: Boundary,
    f: F,
    out: PhantomData<fn() -> U>,
}

/// The stage of `Pipeline::stage`, where all of it is told.
pub fn stage<F, U>(f: F) -> HandWritten<F, U> {
    HandWritten { boundary: Boundary::new("stage"), f, out: PhantomData }
}

impl<In, U, F, Fut> Stage<In> for HandWritten<F, U>
where
    In: Send + 'static,
    U: Send + 'static,
    F: FnOnce(Input<In>, Sender<U>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Out = U;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = U> + Send + 'static {
        let Self { boundary, f, .. } = self;
        let meter = scope.meter(boundary.name().to_owned());
        let input = Input { stream: Some(Box::pin(input)), meter: meter.clone() };
        let charted = scope.charted_as(&meter, StageKind::Stage);
        let given = generate(&boundary, charted, scope, |output| f(input, output));
        fused(given, move |item| {
            meter.deliver(1);
            Step::Give(item)
        })
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

only_a_buffer!(HandWritten<F, U>);

/// The items that come into a task made by [`stage`]; a stream too.
///
/// Dropping it tells what is before that no more items are wanted.
pub struct Input<In> {
    /// Dropped at its end.
    stream: Option<Pin<Box<dyn Stream<Item = In> + Send>>>,
    /// Counts the items.
    meter: Meter,
}

impl<In> Input<In> {
    /// The next item; `None` at the end. A producer that vanished is not an end: the run then fails, and
    /// this never comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has taken nothing.
    pub async fn recv(&mut self) -> Option<In> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<In> Stream for Input<In> {
    type Item = In;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<In>> {
        // A task that is never made to wait would go on for ever, and could not be cancelled.
        ready!(poll_go_on(cx));
        let polled = self.stream.as_mut().map_or(Poll::Ready(None), |stream| stream.as_mut().poll_next(cx));
        match polled {
            Poll::Ready(Some(_)) => self.meter.take(1),
            Poll::Ready(None) => self.stream = None,
            Poll::Pending => {}
        }
        polled
    }
}

impl<In> fmt::Debug for Input<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("ended", &self.stream.is_none()).finish_non_exhaustive()
    }
}
