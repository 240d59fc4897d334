use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// The last item before a silence; made by [`debounce`].
#[derive(Clone, Copy, Debug)]
pub struct Debounce {
    silence: Duration,
}

/// The stage of `Pipeline::debounce`, where all of it is told.
pub fn debounce(silence: Duration) -> Debounce {
    Debounce { silence }
}

impl<In: Send + 'static> Stage<In> for Debounce {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let (input, alarm) = (Some(Box::pin(input)), Alarm::new(scope.runtime()));
        Debounced { input, last: None, alarm, silence: self.silence }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Debounce, "debounce");

struct Debounced<S, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The last item, until it is given.
    last: Option<T>,
    /// Set while there is one.
    alarm: Alarm,
    silence: Duration,
}

// The items are only ever moved.
impl<S, T> Unpin for Debounced<S, T> {}

impl<S: Stream> Stream for Debounced<S, S::Item> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        loop {
            let Some(input) = &mut this.input else { return Poll::Ready(this.last.take()) };
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    // The input may have taken that long for this item without ever being pending.
                    let was_silent = this.alarm.is_due();
                    let before = this.last.replace(item);
                    this.alarm.set(this.silence);
                    if was_silent {
                        return Poll::Ready(before);
                    }
                    ready!(poll_go_on(cx));
                }
                Poll::Ready(None) => this.input = None,
                Poll::Pending => {
                    ready!(this.alarm.poll(cx));
                    return Poll::Ready(this.last.take());
                }
            }
        }
    }
}
