use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::run::TimedOut;
use anypipe_core::{Scope, Stage};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// A limit to the wait for an item; made by [`timeout`].
#[derive(Clone, Copy, Debug)]
pub struct Timeout {
    limit: Duration,
}

/// The stage of `Pipeline::timeout`, where all of it is told.
pub fn timeout(limit: Duration) -> Timeout {
    Timeout { limit }
}

impl<In: Send + 'static> Stage<In> for Timeout {
    type Out = Result<In, TimedOut>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        Timed { input, alarm: Alarm::new(scope.runtime()), waits: false, limit: self.limit }
    }
}

sequential_stage!(Timeout, "timeout");

pin_project! {
    struct Timed<S> {
        #[pin]
        input: S,
        // Set while an item is waited for and no error was given for it.
        alarm: Alarm,
        // True while an item is waited for.
        waits: bool,
        limit: Duration,
    }
}

impl<S: Stream> Stream for Timed<S> {
    type Item = Result<S::Item, TimedOut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if let Poll::Ready(item) = this.input.poll_next(cx) {
            *this.waits = false;
            this.alarm.clear();
            return Poll::Ready(item.map(Ok));
        }
        if !*this.waits {
            *this.waits = true;
            this.alarm.set(*this.limit);
        }
        ready!(this.alarm.poll(cx));
        Poll::Ready(Some(Err(TimedOut)))
    }
}
