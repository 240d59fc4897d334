//! When what a worker does has changed, and the readings of the clock for it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::picture::{Times, WorkerPicture, WorkerState};
use crate::runtime::{RuntimeHandle, WaitsFor};
use crate::sync::thread_cells;

/// What one worker waits for, since when, and how long it waited for each thing before. While it didn't wait it was at work:
/// so one sum is made for each poll.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    /// Which of its stage's workers it is, in the order in which they were seen.
    number: u32,
    /// Nothing while it is being polled.
    waits_for: Option<WaitsFor>,
    /// From when on it is watched.
    watched: Instant,
    /// When its last poll began, or ended.
    since: Instant,
    /// When it began to wait for what it waited for last.
    began: Instant,
    /// How many nanoseconds it waited, by the number of what it waited for: quicker to sum than lengths of time are.
    waited: [u64; WaitsFor::ALL.len()],
}

impl Stamps {
    pub(super) fn new(number: u32, waits_for: Option<WaitsFor>, now: Instant) -> Self {
        let waited = [0; WaitsFor::ALL.len()];
        Self { number, waits_for, watched: now, since: now, began: now, waited }
    }

    /// A poll begins.
    #[inline]
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(waits_for) = self.waits_for.take() {
            let waited = now.saturating_duration_since(self.since);
            // Enough for 584 years.
            self.waited[waits_for as usize] +=
                waited.as_secs() * 1_000_000_000 + u64::from(waited.subsec_nanos());
        }
        self.since = now;
    }

    /// A poll is over, and the worker waits for this.
    #[inline]
    pub(super) fn wait(&mut self, waits_for: WaitsFor, end: End) {
        self.waits_for = Some(waits_for);
        self.since = end.at;
        if !end.again {
            self.began = end.at;
        }
    }

    /// It waits for this: where that began as it began to be watched nobody has noted it.
    pub(super) fn see(&mut self, waits_for: Option<WaitsFor>) {
        self.waits_for = self.waits_for.or(waits_for);
    }

    /// How long it was in each state, the present one included.
    pub(super) fn times(&self, now: Instant) -> Times {
        // It may have gone on since the clock was read: no sum is ever less than it was.
        let now = now.max(self.since);
        let mut times = Times::default();
        for (waits_for, nanos) in WaitsFor::ALL.into_iter().zip(self.waited) {
            times.add(waits_for.into(), Duration::from_nanos(nanos));
        }
        let present = self.waits_for.map_or(WorkerState::Polling, WorkerState::from);
        times.add(present, now.saturating_duration_since(self.since));
        // All the rest.
        times.polling = Duration::ZERO;
        times.polling = now.saturating_duration_since(self.watched).saturating_sub(times.total());
        times
    }

    /// What it is doing.
    pub(super) fn picture(&self, now: Instant) -> WorkerPicture {
        let (waits_for, times) = (self.waits_for, self.times(now));
        let state = waits_for.map_or(WorkerState::Polling, WorkerState::from);
        let began = if state == WorkerState::Polling { self.since } else { self.began };
        let lasts = now.saturating_duration_since(began);
        WorkerPicture { number: self.number, state, waits_for, lasts, times }
    }
}

/// What is known of the clock in the poll that goes on on this thread, where that is of what is watched.
///
/// Apart from the frame of the poll: whose task isn't watched pays for none of it.
struct Readings {
    /// When it began, until somebody asks.
    began: Cell<Option<Instant>>,
    /// The last reading, where nothing was done after it but to give way.
    last: Cell<Option<Instant>>,
    /// True where it has only gone on with a future that it began with, and that is still pending.
    again: Cell<bool>,
}

thread_cells! {
    static READINGS: Readings =
        Readings { began: Cell::new(None), last: Cell::new(None), again: Cell::new(false) };
}

/// The end of a poll.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) at: Instant,
    /// True where nothing new was done in it: its worker waits for the same as before.
    pub(super) again: bool,
}

/// A poll begins.
#[inline]
pub(super) fn note_beginning(now: Instant) {
    let _ = READINGS.try_with(|readings| readings.began.set(Some(now)));
}

/// When the poll that goes on began, once, where that is known: who begins to work need not read the clock again.
#[inline]
pub(crate) fn take_beginning() -> Option<Instant> {
    READINGS.try_with(|readings| readings.began.take()).ok().flatten()
}

/// Notes a reading of the clock after which the poll gives way.
#[inline]
pub(crate) fn note_end(read: Option<Instant>) {
    let _ = READINGS.try_with(|readings| readings.last.set(read));
}

/// Notes that the poll has gone on with a future that it began with, and that is still pending.
#[cold]
pub(crate) fn note_again() {
    let _ = READINGS.try_with(|readings| readings.again.set(true));
}

/// A poll is over, now where nobody has noted when.
#[inline]
pub(super) fn take_end(runtime: &RuntimeHandle) -> End {
    let take = |readings: &Readings| {
        readings.began.set(None);
        (readings.last.take(), readings.again.take())
    };
    let (last, again) = READINGS.try_with(take).unwrap_or_default();
    End { at: last.unwrap_or_else(|| runtime.now_in_task()), again }
}

/// A poll is over, and what was noted in it is nobody else's.
pub(super) fn forget() {
    let _ = READINGS.try_with(|readings| {
        readings.began.set(None);
        readings.last.set(None);
        readings.again.set(false);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_is_less_than_it_was_where_the_clock_was_read_before_a_poll_began() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do")]
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut stamps = Stamps::new(0, Some(WaitsFor::Input), at(0));
        stamps.begin(at(5));
        stamps.wait(WaitsFor::Input, End { at: at(8), again: false });
        let before = stamps.times(at(9));
        assert_eq!((before.input, before.polling), (Duration::from_millis(6), Duration::from_millis(3)));
        stamps.begin(at(20));
        let after = stamps.times(at(10));
        assert_eq!((after.input, after.polling), (Duration::from_millis(17), Duration::from_millis(3)));
    }
}
