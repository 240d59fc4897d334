use std::time::{Duration, Instant};

use super::picture::{Times, WorkerState};

/// What one worker is doing, since when, and how long it was in each state before.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    /// Which of its stage's workers it is, in the order in which they were seen.
    pub(super) number: u32,
    pub(super) state: WorkerState,
    /// Up to when the times are summed.
    since: Instant,
    /// When it began to do what it does.
    began: Instant,
    /// What it did before its last poll, and since when: it may go on with that.
    before: (WorkerState, Instant),
    /// How many nanoseconds it was in each state, by the state's number: quicker to sum than lengths of time are.
    nanos: [u64; 4],
}

impl Stamps {
    pub(super) fn new(number: u32, state: WorkerState, now: Instant) -> Self {
        Self { number, state, since: now, began: now, before: (state, now), nanos: [0; 4] }
    }

    /// It is doing this from now on; `None` where the moment is that from which it is watched.
    pub(super) fn change(&mut self, state: WorkerState, now: Option<Instant>) {
        if let Some(now) = now {
            if let Some(passed) = now.checked_duration_since(self.since) {
                let sum = &mut self.nanos[self.state as usize];
                *sum = sum.saturating_add(nanos(passed));
                self.since = now;
            }
            if state == WorkerState::Polling && self.state != state {
                self.before = (self.state, self.began);
            }
            self.began = now;
        }
        self.state = state;
    }

    /// As [`change`](Stamps::change), after a poll that has done nothing new: it goes on with what it did before.
    pub(super) fn go_on(&mut self, state: WorkerState, now: Instant) {
        self.change(state, Some(now));
        if self.before.0 == state {
            self.began = self.before.1;
        }
    }

    /// How long it has been doing what it does, and how long it was in each state, that one included.
    pub(super) fn at(&self, now: Instant) -> (Duration, Times) {
        let [input, polling, awaiting, room] = self.nanos.map(Duration::from_nanos);
        let mut times = Times { input, polling, awaiting, room };
        times.add(self.state, now.saturating_duration_since(self.since));
        (now.saturating_duration_since(self.began), times)
    }
}

/// Enough for 584 years.
fn nanos(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(time.subsec_nanos()))
}
