//! The virtual clock, and the timers that are set on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A sleep that would end after this many nanoseconds (a hundred years) never ends: the clock must
/// not leave the range of an `Instant`.
pub(crate) const FOREVER: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

/// How far virtual time has come.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    nanos: AtomicU64,
}

impl Clock {
    pub(crate) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::SeqCst)
    }

    pub(crate) fn now(&self) -> Instant {
        static BASE: OnceLock<Instant> = OnceLock::new();
        #[expect(
            clippy::disallowed_methods,
            reason = "an `Instant` can be made in no other way; only its distance to others is used"
        )]
        let base = *BASE.get_or_init(Instant::now);
        base + Duration::from_nanos(self.nanos())
    }

    /// Moves the clock to a moment that isn't past.
    pub(crate) fn set(&self, nanos: u64) {
        self.nanos.fetch_max(nanos.min(FOREVER), Ordering::SeqCst);
    }

    pub(crate) fn after(&self, length: Duration) -> u64 {
        self.nanos().saturating_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A timer's place: its moment, then the order in which timers were set.
pub(crate) type TimerKey = (u64, u64);

/// The sleeps that are being waited for.
#[derive(Default)]
pub(crate) struct Timers {
    wakers: BTreeMap<TimerKey, Waker>,
    /// Those that move the clock where that is done by hand.
    driving: BTreeSet<TimerKey>,
    next: u64,
}

impl Timers {
    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }

    /// The moment of the next timer; with a clock moved by hand, only while somebody moves it.
    pub(crate) fn next(&self, manual_clock: bool) -> Option<u64> {
        if manual_clock && self.driving.is_empty() {
            return None;
        }
        self.wakers.keys().next().map(|(at, _)| *at)
    }

    /// Takes out the timers that are over at `now`, in their order.
    pub(crate) fn take_due(&mut self, now: u64) -> Vec<Waker> {
        let mut due = Vec::new();
        while let Some(first) = self.wakers.first_entry() {
            let key = *first.key();
            if key.0 > now {
                break;
            }
            due.push(first.remove());
            self.driving.remove(&key);
        }
        due
    }

    /// The place of a timer that is over at this moment.
    pub(crate) fn key(&mut self, at: u64) -> TimerKey {
        self.next += 1;
        (at, self.next)
    }

    /// Has a waker called at its moment, and the clock moved to it where it `drives`; gives the one that was there
    /// before.
    pub(crate) fn set(&mut self, key: TimerKey, waker: Waker, drives: bool) -> Option<Waker> {
        if drives {
            self.driving.insert(key);
        }
        self.wakers.insert(key, waker)
    }

    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        self.driving.remove(&key);
        self.wakers.remove(&key)
    }
}
