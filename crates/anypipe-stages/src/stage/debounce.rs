use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::alarm::Alarm;
use crate::stage::sequential_stage;

/// The last item before a silence; made by [`debounce`].
#[derive(Clone, Copy, Debug)]
pub struct Debounce {
    silence: Duration,
}

/// Gives an item when no other came for `silence` after it; an item that another follows sooner is dropped.
/// At the end of the input the last item goes at once.
///
/// `In` → `In`. Fused; holds one item.
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
        let (input, alarm) = (Some(Box::pin(input)), Alarm::new(scope));
        Debounced { input, last: None, alarm, silence: self.silence }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Debounce, "debounce");

/// Items in a row after which the stream gives way.
const ITEMS_IN_A_ROW: usize = 256;

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
        let mut came = false;
        for _ in 0..ITEMS_IN_A_ROW {
            let Some(input) = &mut this.input else { return Poll::Ready(this.last.take()) };
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    this.last = Some(item);
                    came = true;
                }
                Poll::Ready(None) => this.input = None,
                Poll::Pending => {
                    if came {
                        this.alarm.set(this.silence);
                    }
                    ready!(this.alarm.poll(cx));
                    return Poll::Ready(this.last.take());
                }
            }
        }
        // No silence yet.
        this.alarm.set(this.silence);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
