use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::Choose;
use crate::runtime::Alarm;
use crate::scope::poll_go_on;

/// A tick that is taken no later than this is on time: a runtime's timer may be as coarse.
const ON_TIME: Duration = Duration::from_millis(5);

/// What an [`Interval`] does with ticks that nobody took in time.
///
/// A tick is missed where it is taken more than 5 ms late, or more than a whole period where that is shorter.
#[doc(alias("MissedTickBehavior"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissedTicks {
    /// They come one after the other without a pause, until the interval has caught up.
    #[default]
    Burst,
    /// The next one comes a whole period after the one that was late, and so on from there.
    Delay,
    /// They are left out: the next one comes when it would have come had none been late.
    Skip,
}

/// When the next tick is due.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// When it is first asked for.
    First,
    At(Instant),
    Never,
}

impl Next {
    fn after(from: Instant, length: Duration) -> Self {
        from.checked_add(length).map_or(Self::Never, Self::At)
    }
}

/// Ticks at equal distances: awaited by [`tick`](Interval::tick), or taken as a stream that has no end.
///
/// # Cancel safety
///
/// A tick that was not given is not lost: the next call gives it.
#[derive(Debug)]
pub struct Interval {
    /// Finds the runtime whose clock it goes by.
    choose: Choose,
    /// From tick to tick.
    period: Duration,
    /// What becomes of those that nobody took.
    missed: MissedTicks,
    next: Next,
    /// The runtime's clock, once a tick was asked for.
    alarm: Option<Alarm>,
}

/// Ticks every `period`, the first of them when it is first asked for; `choose` finds the runtime.
///
/// # Panics
///
/// Where `period` is zero.
#[track_caller]
pub fn interval(choose: Choose, period: Duration) -> Interval {
    starting(choose, Next::First, period)
}

/// As [`interval`], with the first tick at `start`, which may be over.
///
/// # Panics
///
/// Where `period` is zero.
#[track_caller]
pub fn interval_at(choose: Choose, start: Instant, period: Duration) -> Interval {
    starting(choose, Next::At(start), period)
}

#[track_caller]
fn starting(choose: Choose, next: Next, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "an interval of zero has no time between its ticks: give it a period, or loop with `yield_now`"
    );
    Interval { choose, period, missed: MissedTicks::Burst, next, alarm: None }
}

impl Interval {
    /// What becomes of ticks that nobody took in time; they [burst](MissedTicks::Burst) unless told otherwise.
    pub fn missed(mut self, missed: MissedTicks) -> Self {
        self.missed = missed;
        self
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next tick, and gives the moment at which it was due.
    ///
    /// # Panics
    ///
    /// Where there is no runtime, and where the runtime has no timer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no tick.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::run::Interval;
    /// async fn beat(mut interval: Interval) {
    ///     for _ in 0..3 {
    ///         let due = interval.tick().await;
    ///         println!("due at {due:?}");
    ///     }
    /// }
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Interval::tick), for who polls by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let next = self.next;
        let (period, missed) = (self.period, self.missed);
        let alarm = self.alarm();
        let due = match next {
            Next::Never => return Poll::Pending,
            Next::First => alarm.now(),
            Next::At(at) => at,
        };
        if alarm.now() < due {
            alarm.set_at(due);
            ready!(alarm.poll(cx));
        }
        // Ticks that are due already make a loop that never waits.
        ready!(poll_go_on(cx));
        let now = alarm.now();
        let late = now.saturating_duration_since(due);
        let next = if late <= ON_TIME.min(period) {
            Next::after(due, period)
        } else {
            match missed {
                MissedTicks::Burst => Next::after(due, period),
                MissedTicks::Delay => Next::after(now, period),
                MissedTicks::Skip => Next::after(now, period.saturating_sub(remainder(late, period))),
            }
        };
        self.next = next;
        Poll::Ready(due)
    }

    /// Has the next tick come a whole period from now.
    ///
    /// # Panics
    ///
    /// Where there is no runtime.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Has the next tick come after `length`; beyond all time there is none.
    ///
    /// # Panics
    ///
    /// Where there is no runtime.
    pub fn reset_after(&mut self, length: Duration) {
        self.next = Next::after(self.alarm().now(), length);
    }

    /// Has the next tick come at this moment; where that is over, at once.
    pub fn reset_at(&mut self, at: Instant) {
        self.next = Next::At(at);
    }

    /// The clock; the runtime is found where it is first asked for.
    fn alarm(&mut self) -> &mut Alarm {
        let choose = self.choose;
        self.alarm.get_or_insert_with(|| match choose() {
            Ok(runtime) => Alarm::new(&runtime),
            Err(error) => error.resume(),
        })
    }
}

/// What is left of `length` after as many whole periods as fit.
fn remainder(length: Duration, period: Duration) -> Duration {
    // Lengths of centuries don't fit; it doesn't matter when they end.
    u64::try_from(length.as_nanos() % period.as_nanos()).map_or(Duration::ZERO, Duration::from_nanos)
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }
}
