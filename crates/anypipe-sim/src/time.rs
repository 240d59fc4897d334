//! The virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{Sleep, SleepFuture, Timer};

use crate::executor::World;
use crate::spawn::SimRuntime;

/// A sleep that would end after this many nanoseconds (a hundred years) never ends: the clock must
/// not leave the range of an `Instant`.
const FOREVER: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

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
pub(crate) type Key = (u64, u64);

/// The sleeps that are being waited for.
#[derive(Default)]
pub(crate) struct Timers {
    wakers: BTreeMap<Key, Waker>,
    /// Those that move the clock where that is done by hand.
    driving: BTreeSet<Key>,
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

    /// Has a waker called at this moment.
    pub(crate) fn enter(&mut self, at: u64, waker: Waker) -> Key {
        self.next += 1;
        let key = (at, self.next);
        self.wakers.insert(key, waker);
        key
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Waker> {
        self.driving.remove(&key);
        self.wakers.remove(&key)
    }
}

impl Timer for SimRuntime {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(SimSleep::new(self.world.clone(), Arc::clone(&self.clock), length, false))
    }

    fn is_exact(&self) -> bool {
        self.world.upgrade().is_none_or(|world| world.lock().schedule.jitter == 0)
    }
}

/// A wait on the virtual clock.
pub(crate) struct SimSleep {
    world: Weak<World>,
    clock: Arc<Clock>,
    /// When it is over.
    deadline: u64,
    /// Its place among the timers, once it was polled.
    key: Option<Key>,
    /// True where this sleep moves a clock that is moved by hand.
    drives: bool,
}

impl SimSleep {
    pub(crate) fn new(world: Weak<World>, clock: Arc<Clock>, length: Duration, drives: bool) -> Self {
        let mut sleep = Self { world, clock, deadline: 0, key: None, drives };
        sleep.start(length);
        sleep
    }

    /// Has it end as late as is drawn.
    fn start(&mut self, length: Duration) {
        // One that moves the clock is exact.
        let world = self.world.upgrade().filter(|_| !self.drives);
        let late = world.map_or(Duration::ZERO, |world| world.lock().late(length));
        self.deadline = self.clock.after(length.saturating_add(late));
    }

    fn forget(&mut self) {
        if let (Some(key), Some(world)) = (self.key.take(), self.world.upgrade()) {
            let waker = world.lock().timers.remove(key);
            // Outside the lock: it may be anybody's.
            drop(waker);
        }
    }
}

impl Future for SimSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.nanos() >= self.deadline {
            self.forget();
            return Poll::Ready(());
        }
        let world = self.world.upgrade();
        let world = world.expect("the simulation this sleep belongs to is over");
        if self.deadline < FOREVER {
            let waker = cx.waker().clone();
            let mut state = world.lock();
            let timers = &mut state.timers;
            let key = self.key.unwrap_or_else(|| {
                timers.next += 1;
                (self.deadline, timers.next)
            });
            if self.drives {
                timers.driving.insert(key);
            }
            let old = timers.wakers.insert(key, waker);
            drop(state);
            drop(old);
            self.key = Some(key);
        }
        Poll::Pending
    }
}

impl SleepFuture for SimSleep {
    fn reset(mut self: Pin<&mut Self>, length: Duration) {
        self.forget();
        self.start(length);
    }
}

impl Drop for SimSleep {
    fn drop(&mut self) {
        self.forget();
    }
}
