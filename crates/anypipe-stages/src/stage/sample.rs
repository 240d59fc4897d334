use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::alarm::Alarm;
use crate::stage::sequential_stage;

/// The latest item at each tick; made by [`sample`].
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    period: Duration,
}

/// Gives the latest item at each tick, of which there is one every `period`; where none came since the last
/// tick it gives nothing, and items that others follow before the tick are dropped. After the end of the
/// input the last item still goes at its tick.
///
/// `In` → `In`. Fused; holds one item.
///
/// # Panics
///
/// Where `period` is zero.
#[track_caller]
pub fn sample(period: Duration) -> Sample {
    assert!(!period.is_zero(), "`sample(0)`: there must be some time between two ticks");
    Sample { period }
}

impl<In: Send + 'static> Stage<In> for Sample {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let (input, alarm) = (Some(Box::pin(input)), Alarm::new(scope));
        Sampled { input, latest: None, start: None, alarm, period: self.period }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Sample, "sample");

/// Items in a row after which the stream gives way, and looks at the clock.
const ITEMS_IN_A_ROW: usize = 256;

struct Sampled<S, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The latest item, until it is given.
    latest: Option<T>,
    /// When the stream was first polled: ticks are counted from there.
    start: Option<Instant>,
    /// Set to the next tick while there is an item.
    alarm: Alarm,
    period: Duration,
}

// The items are only ever moved.
impl<S, T> Unpin for Sampled<S, T> {}

impl<S: Stream> Sampled<S, S::Item> {
    /// Takes what has come; `false` where there may be more.
    fn take_all(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..ITEMS_IN_A_ROW {
            let Some(input) = &mut self.input else { return true };
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => self.latest = Some(item),
                Poll::Ready(None) => self.input = None,
                Poll::Pending => return true,
            }
        }
        false
    }

    /// Sets the alarm to the next tick.
    fn set_alarm(&mut self, start: Instant) {
        let passed = self.alarm.now().duration_since(start).as_nanos();
        let next = (passed / self.period.as_nanos() + 1) * self.period.as_nanos();
        let next = Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX));
        if let Some(at) = start.checked_add(next) {
            self.alarm.set_at(at);
        }
    }
}

impl<S: Stream> Stream for Sampled<S, S::Item> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        let start = match this.start {
            Some(start) => start,
            None => *this.start.insert(this.alarm.now()),
        };
        let all = this.take_all(cx);
        if this.latest.is_none() {
            return if this.input.is_none() { Poll::Ready(None) } else { Poll::Pending };
        }
        if !this.alarm.is_set() {
            this.set_alarm(start);
        }
        if !all {
            cx.waker().wake_by_ref();
        }
        ready!(this.alarm.poll(cx));
        Poll::Ready(this.latest.take())
    }
}
