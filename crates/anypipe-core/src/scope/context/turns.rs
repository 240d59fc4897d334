//! How a loop gives way: by how long the poll that it is in has gone on.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{Frame, note_wait, with_current};
use crate::runtime::{RuntimeHandle, WaitsFor};

/// How long a task may go on in one poll.
const STRETCH: Duration = Duration::from_micros(200);
/// And how often it may ask in one poll, since a virtual clock stands still meanwhile.
const ASKED: u32 = 256;
/// The clock is read after this many items at the latest.
const BETWEEN_READINGS: u32 = 8;

/// What a poll knows of its length: the clock is read at once, then more and more rarely while little time has
/// passed.
#[derive(Default)]
pub(super) struct Stretch {
    /// How often the poll has asked.
    asked: u32,
    /// When it asks the clock again.
    next_reading: u32,
    /// How many times it asks between two readings.
    between: u32,
    /// The first reading.
    since: Option<Instant>,
    /// Set once the poll has gone on for long enough.
    over: bool,
}

impl Stretch {
    /// True where the clock is to be read now.
    fn ask(&mut self) -> bool {
        self.asked += 1;
        self.over |= self.asked >= ASKED;
        !self.over && self.asked > self.next_reading
    }

    fn read(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.over = now.saturating_duration_since(since) >= STRETCH;
        self.between = (self.between * 2).clamp(1, BETWEEN_READINGS);
        self.next_reading = self.asked + self.between - 1;
    }

    /// Asks as often as it may before the next reading; gives how often that is.
    fn ask_for_all(&mut self) -> u32 {
        let turns = self.next_reading - self.asked;
        self.asked = self.next_reading;
        turns
    }
}

/// Whether a loop in a poll may go on: the one way in which everything that loops gives way.
///
/// Ask it once for each turn of a loop that may otherwise never wait: for each item that is skipped, each try,
/// each empty row. It is pending, with the task woken already, once the poll has gone on for 200 µs by the
/// runtime's clock or for 256 turns, and as soon as the scope is cancelled, whose task is then dropped. All
/// loops in one poll of a task share its time.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll, Waker, ready};
///
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::poll_go_on;
///
/// /// Looks for a number, and gives way now and then.
/// fn poll_search(next: &mut u64, cx: &mut Context<'_>) -> Poll<u64> {
///     while *next % 5000 != 4999 {
///         ready!(poll_go_on(cx));
///         *next += 1;
///     }
///     Poll::Ready(*next)
/// }
///
/// let (mut next, mut polls) = (0, 1);
/// while poll_search(&mut next, &mut Context::from_waker(Waker::noop())).is_pending() {
///     polls += 1;
/// }
/// assert_eq!(next, 4999);
/// assert!(polls > 1);
/// ```
pub fn poll_go_on(cx: &mut Context<'_>) -> Poll<()> {
    poll_turns(cx, false).map(drop)
}

/// The turns of one loop: it asks [`poll_go_on`] once for all that lie between two readings of the clock.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// How many more were asked for already.
    left: u32,
}

impl Turns {
    /// As [`poll_go_on`]; of a cancel it hears when the turns that were asked for are over.
    #[inline]
    pub(crate) fn poll_go_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            self.left = ready!(poll_turns(cx, true));
        } else {
            self.left -= 1;
        }
        Poll::Ready(())
    }

    /// The loop waits: what comes may be slow.
    #[inline]
    pub(crate) fn waited(&mut self) {
        self.left = 0;
    }
}

/// Asks for a turn, and with `more` for those until the next reading; gives how many those are.
fn poll_turns(cx: &mut Context<'_>, more: bool) -> Poll<u32> {
    /// What to ask once the frame is let go.
    enum Asked {
        Over(bool),
        Clock(RuntimeHandle),
    }
    let asked = with_current(|frame| {
        if frame.is_cancelled() {
            return Asked::Over(true);
        }
        let stretch = frame.facts.stretch.get_or_insert_default();
        let (is_time, over) = (stretch.ask(), stretch.over);
        match &frame.place {
            Some(place) if frame.facts.is_polling() && is_time => Asked::Clock(place.runtime().clone()),
            _ if frame.facts.is_polling() => Asked::Over(over),
            // Nobody tells where a poll begins: it is a new one each time after it gave way.
            _ if over => {
                frame.facts.stretch = None;
                Asked::Over(true)
            }
            _ => Asked::Over(false),
        }
    });
    let mut turns = 0;
    let over = match asked {
        Some(Asked::Over(over)) => over,
        Some(Asked::Clock(runtime)) => {
            let now = runtime.now();
            let read = |frame: &mut Frame| {
                let stretch = frame.facts.stretch.get_or_insert_default();
                stretch.read(now);
                if more {
                    turns = stretch.ask_for_all();
                }
                stretch.over
            };
            with_current(read).unwrap_or(false)
        }
        None => false,
    };
    if over {
        note_wait(WaitsFor::Thread);
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(turns)
}
