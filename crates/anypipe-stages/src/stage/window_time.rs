use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::runtime::Alarm;
use anypipe_core::stage::{drop_each, in_stage, poll_go_on};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::stage::sequential_stage;

/// The items of a stretch of time; given by [`window_time`] and [`window_event_time`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TimeWindow<T> {
    /// When it begins, since the beginning of time.
    pub start: Duration,
    /// When it has ended: the first moment that is not in it.
    pub end: Duration,
    /// Its items, at least one, in the order in which they came.
    pub items: Vec<T>,
}

/// An item that came after all its windows had been given, with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TooLate<T> {
    /// The item.
    pub item: T,
    /// Its time.
    pub at: Duration,
}

impl<T> fmt::Display for TooLate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an item of {:?} came after its window was given", self.at)
    }
}

impl<T: fmt::Debug> Error for TooLate<T> {}

/// Stretches of time: how long each is, and how far apart they begin.
#[derive(Clone, Copy, Debug)]
struct Stretches {
    length: Duration,
    every: Duration,
}

impl Stretches {
    #[track_caller]
    fn new(length: Duration, every: Duration) -> Self {
        assert!(!length.is_zero(), "a window without a length would have no items");
        assert!(!every.is_zero(), "windows that begin all at once would have no end");
        Self { length, every }
    }
}

/// Lists of the items that came in a stretch of time; made by [`window_time`].
#[derive(Clone, Copy, Debug)]
pub struct WindowTime {
    stretches: Stretches,
}

/// The stage of `Pipeline::window_time`, where all of it is told.
///
/// # Panics
///
/// Where one of the two is zero.
#[track_caller]
pub fn window_time(length: Duration, every: Duration) -> WindowTime {
    WindowTime { stretches: Stretches::new(length, every) }
}

impl<In: Clone + Send + 'static> Stage<In> for WindowTime {
    type Out = TimeWindow<In>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = TimeWindow<In>> + Send + 'static {
        Clocked {
            input: Some(Box::pin(input)),
            open: Open::new(self.stretches, "window_time"),
            begin: None,
            alarm: Alarm::new(scope.runtime()),
        }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(WindowTime, "window_time");

struct Clocked<S, In> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    open: Open<In>,
    /// The beginning of time: when the first item was asked for.
    begin: Option<Instant>,
    /// Set to the end of the first window.
    alarm: Alarm,
}

// The items are only ever moved.
impl<S, In> Unpin for Clocked<S, In> {}

impl<S: Stream> Stream for Clocked<S, S::Item>
where
    S::Item: Clone,
{
    type Item = TimeWindow<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(input) = &mut this.input else { return Poll::Ready(this.open.pop()) };
            let begin = *this.begin.get_or_insert_with(|| this.alarm.now());
            if let Some(window) = this.open.pop_ended(this.alarm.now().saturating_duration_since(begin)) {
                return Poll::Ready(Some(window));
            }
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    // What comes now is of now, however long it has waited: it is in no window that was given.
                    let now = this.alarm.now().saturating_duration_since(begin);
                    drop(this.open.add(now, item));
                }
                Poll::Ready(None) => this.input = None,
                Poll::Pending => {
                    match this.open.first_end().and_then(|end| begin.checked_add(end)) {
                        Some(end) => this.alarm.set_at(end),
                        None => this.alarm.clear(),
                    }
                    ready!(this.alarm.poll(cx));
                }
            }
            ready!(poll_go_on(cx));
        }
    }
}

/// Lists of the items whose time lies in a stretch of it; made by [`window_event_time`].
#[derive(Clone, Debug)]
pub struct WindowEventTime<F> {
    name: Name,
    at: F,
    stretches: Stretches,
    lateness: Duration,
}

/// The stage of `Pipeline::window_event_time`, where all of it is told.
///
/// # Panics
///
/// Where `length` or `every` is zero.
#[track_caller]
pub fn window_event_time<F>(
    at: F,
    length: Duration,
    every: Duration,
    lateness: Duration,
) -> WindowEventTime<F> {
    let name = Name::new("window_event_time");
    WindowEventTime { name, at, stretches: Stretches::new(length, every), lateness }
}

impl<In, F> Stage<In> for WindowEventTime<F>
where
    In: Clone + Send + 'static,
    F: Fn(&In) -> Duration + Send + Sync + 'static,
{
    type Out = Result<TimeWindow<In>, TooLate<In>>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        Timed {
            input: Some(Box::pin(input)),
            open: Open::new(self.stretches, "window_event_time"),
            latest: Duration::ZERO,
            stage: self,
        }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(WindowEventTime<F>, named);

struct Timed<S, In, F> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    open: Open<In>,
    /// The latest time of any item.
    latest: Duration,
    stage: WindowEventTime<F>,
}

// The items are only ever moved.
impl<S, In, F> Unpin for Timed<S, In, F> {}

impl<S, F> Stream for Timed<S, S::Item, F>
where
    S: Stream,
    S::Item: Clone,
    F: Fn(&S::Item) -> Duration,
{
    type Item = Result<TimeWindow<S::Item>, TooLate<S::Item>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(input) = &mut this.input else { return Poll::Ready(this.open.pop().map(Ok)) };
            if let Some(window) = this.open.pop_ended(this.latest.saturating_sub(this.stage.lateness)) {
                return Poll::Ready(Some(Ok(window)));
            }
            match ready!(input.as_mut().poll_next(cx)) {
                Some(item) => {
                    let at = this.stage.name.guard(|| (this.stage.at)(&item));
                    // Before it counts itself: the first of a time is not late.
                    if let Err(item) = this.open.add(at, item) {
                        return Poll::Ready(Some(Err(TooLate { item, at })));
                    }
                    this.latest = this.latest.max(at);
                }
                None => this.input = None,
            }
            ready!(poll_go_on(cx));
        }
    }
}

/// The windows that have items and were not given yet.
struct Open<T> {
    stretches: Stretches,
    /// By their number: the window 0 begins with time.
    lists: BTreeMap<u128, Vec<T>>,
    /// All windows that end by then have been given.
    given: Duration,
    name: &'static str,
}

impl<T> Open<T> {
    fn new(stretches: Stretches, name: &'static str) -> Self {
        Self { stretches, lists: BTreeMap::new(), given: Duration::ZERO, name }
    }

    /// When the window of this number begins.
    fn start(&self, number: u128) -> Duration {
        from_nanos(number.saturating_mul(self.stretches.every.as_nanos()))
    }

    fn end(&self, number: u128) -> Duration {
        self.start(number).saturating_add(self.stretches.length)
    }

    /// When the first of them ends.
    fn first_end(&self) -> Option<Duration> {
        self.lists.keys().next().map(|number| self.end(*number))
    }

    /// The first window, whether it has ended or not.
    fn pop(&mut self) -> Option<TimeWindow<T>> {
        let (number, items) = self.lists.pop_first()?;
        Some(TimeWindow { start: self.start(number), end: self.end(number), items })
    }

    /// The first window that has ended by now. None that has is begun again.
    fn pop_ended(&mut self, now: Duration) -> Option<TimeWindow<T>> {
        self.given = self.given.max(now);
        if self.first_end().is_some_and(|end| end <= now) { self.pop() } else { None }
    }
}

impl<T: Clone> Open<T> {
    /// Puts an item into its windows that have not been given; gives it back where all of them have. One between two
    /// windows is dropped.
    fn add(&mut self, at: Duration, item: T) -> Result<(), T> {
        let Stretches { length, every } = self.stretches;
        let (at, length, every) = (at.as_nanos(), length.as_nanos(), every.as_nanos());
        let last = at / every;
        let first = if at < length { 0 } else { (at - length) / every + 1 };
        if first > last {
            return Ok(());
        }
        let Some(open) = (first..=last).find(|number| self.end(*number) > self.given) else {
            return Err(item);
        };
        for number in open..last {
            let copy = in_stage(self.name, || item.clone());
            self.lists.entry(number).or_default().push(copy);
        }
        self.lists.entry(last).or_default().push(item);
        Ok(())
    }
}

impl<T> Drop for Open<T> {
    fn drop(&mut self) {
        drop_each(std::mem::take(&mut self.lists).into_values().flatten());
    }
}

/// A length of this many nanoseconds, or the longest there is.
fn from_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let part = u32::try_from(nanos % SECOND).expect("less than a second");
    u64::try_from(nanos / SECOND).map_or(Duration::MAX, |seconds| Duration::new(seconds, part))
}
