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
    times: Times,
}

impl Stamps {
    pub(super) fn new(number: u32, state: WorkerState, now: Instant) -> Self {
        Self { number, state, since: now, began: now, before: (state, now), times: Times::default() }
    }

    /// It is doing this from now on; `None` where the moment is that from which it is watched.
    pub(super) fn change(&mut self, state: WorkerState, now: Option<Instant>) {
        if let Some(now) = now {
            self.times.add(self.state, now.saturating_duration_since(self.since));
            self.since = self.since.max(now);
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
        let mut times = self.times;
        times.add(self.state, now.saturating_duration_since(self.since));
        (now.saturating_duration_since(self.began), times)
    }
}
