//! Sleeps on the virtual clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe_core::runtime::{Sleep, SleepFuture, Timer};

use crate::clock::{Clock, FOREVER, TimerKey};
use crate::executor::World;
use crate::spawn::SimRuntime;

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
    key: Option<TimerKey>,
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
            let key = self.key.unwrap_or_else(|| state.timers.key(self.deadline));
            let old = state.timers.set(key, waker, self.drives);
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
