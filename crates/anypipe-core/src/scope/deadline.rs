//! A limit of time in hand: it can be looked at and moved while work runs under it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::waiters::{Place, Waiters};
use super::wake_each;
use crate::runtime::{Alarm, RuntimeHandle};
use crate::sync::Mutex;

/// The moment by which work must be done, which can be looked at and moved while the work runs. All clones are the
/// same deadline, and may be moved from any task or thread.
///
/// A length counts from when the first work under the deadline begins. Any number of works may be under one, one after the
/// other or side by side: it passes once, for all of them, and stays passed.
///
/// The facade's `anypipe::time::Deadline` runs work under one by itself.
///
/// # Examples
///
/// ```
/// use anypipe_core::scope::Deadline;
/// use std::time::Duration;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// // Nothing has begun under it.
/// assert_eq!(deadline.get(), None);
/// assert!(!deadline.has_passed());
/// ```
#[derive(Clone, Default)]
pub struct Deadline {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When it passes.
    when: When,
    /// Set once it has.
    passed: bool,
    /// The works under it, to be told where it comes sooner.
    works: Waiters,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum When {
    #[default]
    Never,
    /// So long after the first work under it begins.
    After(Duration),
    At(Instant),
}

impl When {
    fn or_never(at: Option<Instant>) -> Self {
        at.map_or(Self::Never, Self::At)
    }

    /// True where it comes earlier than the other.
    fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(at), Self::At(other)) => at < other,
            (Self::At(_), _) => true,
            _ => false,
        }
    }
}

impl Deadline {
    /// One that never comes, unless it is [set](Deadline::set).
    pub fn new() -> Self {
        Self::default()
    }

    /// One that comes `length` after the first work under it has begun; beyond all time it never does.
    pub fn after(length: Duration) -> Self {
        Self::with(When::After(length))
    }

    /// One that comes at this moment of the runtime's clock.
    pub fn at(at: Instant) -> Self {
        Self::with(When::At(at))
    }

    fn with(when: When) -> Self {
        let state = State { when, ..State::default() };
        Self { inner: Arc::new(Inner { state: Mutex::new(state) }) }
    }

    /// When it comes, or came: `None` where it never does, and where it is a length that nothing has begun to use.
    pub fn get(&self) -> Option<Instant> {
        let when = self.inner.state.lock().when;
        match when {
            When::At(at) => Some(at),
            When::After(_) | When::Never => None,
        }
    }

    /// True once it has cut off work that was under it. One whose moment is over, with all work done before it, has
    /// not passed.
    pub fn has_passed(&self) -> bool {
        self.inner.state.lock().passed
    }

    /// Moves it to this moment. One that is over already cuts off at once what runs under it: each work is polled
    /// once more, as under any limit.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    pub fn set(&self, at: Instant) -> Result<(), DeadlinePassed> {
        self.change(|_| When::At(at))
    }

    /// Moves it `length` further away; beyond all time it never comes. One that never comes stays so.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    pub fn extend(&self, length: Duration) -> Result<(), DeadlinePassed> {
        self.change(|when| match when {
            When::At(at) => When::or_never(at.checked_add(length)),
            When::After(before) => When::After(before.saturating_add(length)),
            When::Never => When::Never,
        })
    }

    /// Has it never come, unless it is set again.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    pub fn never(&self) -> Result<(), DeadlinePassed> {
        self.change(|_| When::Never)
    }

    fn change(&self, change: impl FnOnce(When) -> When) -> Result<(), DeadlinePassed> {
        let mut state = self.inner.state.lock();
        if state.passed {
            return Err(DeadlinePassed { _private: () });
        }
        let before = state.when;
        state.when = change(before);
        // Who is called by a clock that has gone too early looks again: a deadline that is put off wakes nobody.
        let works = state.when.is_before(before).then(|| state.works.take());
        drop(state);
        wake_each(works.into_iter().flatten());
        Ok(())
    }

    /// A length counts from here on.
    pub(crate) fn begin(&self, now: Instant) {
        let mut state = self.inner.state.lock();
        if let When::After(length) = state.when {
            state.when = When::or_never(now.checked_add(length));
        }
    }

    /// The wait of one work for it, on this runtime's clock.
    pub(crate) fn watch(self, runtime: &RuntimeHandle) -> DeadlineWatch {
        DeadlineWatch { deadline: self, alarm: Alarm::new(runtime), place: Place::default() }
    }
}

impl From<Duration> for Deadline {
    fn from(length: Duration) -> Self {
        Self::after(length)
    }
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Self {
        Self::at(at)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.state.lock();
        let (when, passed) = (state.when, state.passed);
        drop(state);
        let mut told = f.debug_struct("Deadline");
        match when {
            When::Never => told.field("at", &"never"),
            When::After(length) => told.field("after", &length),
            When::At(at) => told.field("at", &at),
        };
        told.field("passed", &passed).finish()
    }
}

/// A deadline was to be moved that has passed: what was under it is cut off already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadlinePassed {
    _private: (),
}

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed and can't be moved any more: make a new one")
    }
}

impl Error for DeadlinePassed {}

/// One work's wait for its [`Deadline`].
pub(crate) struct DeadlineWatch {
    deadline: Deadline,
    /// Goes off when the deadline comes, as far as was known when it was looked at.
    alarm: Alarm,
    /// The place among the works under the deadline.
    place: Place,
}

impl DeadlineWatch {
    /// Ready once the deadline has passed, and from then on.
    ///
    /// # Panics
    ///
    /// Where the runtime has no timer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut state = self.deadline.inner.state.lock();
            if state.passed {
                return Poll::Ready(());
            }
            let (when, old) = (state.when, state.works.enter(&mut self.place, cx.waker()));
            drop(state);
            drop(old);
            match when {
                When::At(at) => self.alarm.set_at(at),
                When::After(_) | When::Never => self.alarm.clear(),
            }
            if self.alarm.poll(cx).is_pending() {
                return Poll::Pending;
            }
            let mut state = self.deadline.inner.state.lock();
            if state.when == when {
                state.passed = true;
                let (own, works) = (state.works.leave(self.place), state.works.take());
                drop(state);
                drop(own);
                wake_each(works);
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for DeadlineWatch {
    fn drop(&mut self) {
        if !self.place.is_none() {
            let waker = self.deadline.inner.state.lock().works.leave(self.place);
            drop(waker);
        }
    }
}
