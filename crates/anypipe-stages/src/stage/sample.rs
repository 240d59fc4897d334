use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// The latest item at each tick; made by [`sample`].
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    period: Duration,
}

/// The stage of `Pipeline::sample`, where all of it is told.
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
        let (input, alarm) = (Some(Box::pin(input)), Alarm::new(scope.runtime()));
        Sampled { input, latest: None, start: None, alarm, period: self.period }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Sample, "sample");

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
    /// Takes what has come, until the next tick; where it gives way, the task has been woken.
    fn take_all(&mut self, start: Instant, cx: &mut Context<'_>) {
        while let Some(input) = &mut self.input {
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    if self.latest.replace(item).is_none() {
                        self.set_alarm(start);
                    }
                }
                Poll::Ready(None) => self.input = None,
                Poll::Pending => return,
            }
            if self.alarm.is_due() || poll_go_on(cx).is_pending() {
                return;
            }
        }
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
        this.take_all(start, cx);
        if this.latest.is_none() {
            return if this.input.is_none() { Poll::Ready(None) } else { Poll::Pending };
        }
        ready!(this.alarm.poll(cx));
        Poll::Ready(this.latest.take())
    }
}
