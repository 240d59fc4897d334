use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::{Scope, Stage};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// A wait before the first item; made by [`delay`].
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    length: Duration,
}

/// The stage of `Pipeline::delay`, where all of it is told.
pub fn delay(length: Duration) -> Delay {
    Delay { length }
}

impl<In: Send + 'static> Stage<In> for Delay {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        Delayed { input, alarm: Alarm::new(scope.runtime()), length: Some(self.length), over: false }
    }
}

sequential_stage!(Delay, "delay");

pin_project! {
    struct Delayed<S> {
        #[pin]
        input: S,
        alarm: Alarm,
        // The wait, until it has begun.
        length: Option<Duration>,
        over: bool,
    }
}

impl<S: Stream> Stream for Delayed<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if let Some(length) = this.length.take() {
            this.alarm.set(length);
        }
        if !*this.over {
            ready!(this.alarm.poll(cx));
            *this.over = true;
        }
        this.input.poll_next(cx)
    }
}
