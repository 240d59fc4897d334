//! How long a task goes on before it shows what it has, and before it gives way.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::runtime::RuntimeHandle;

/// A chunk that takes longer than this is slow: its items are shown at once.
const SLOW: Duration = Duration::from_micros(50);
/// The most items in a chunk.
const MOST: usize = 64;
/// The clock is read after the first item and then after this many at the latest, so that a stage that turns
/// slow in the middle of a chunk holds back no more than these.
const BETWEEN_READINGS: usize = 8;
/// A task that never has to wait gives way after this many chunks, whatever the runtime's budget says.
const CHUNKS_IN_A_ROW: usize = 32;

/// Counts the items of one task, in chunks that start at one and double while they are quick.
pub(super) struct Pace {
    runtime: RuntimeHandle,
    /// How many items make a chunk now.
    chunk: usize,
    /// How many items of the present chunk are done.
    done: usize,
    /// When the present chunk began; none where the task has waited since.
    since: Option<Instant>,
    /// Chunks since the task last gave way.
    chunks: usize,
    /// Whether the last chunk was quick, until that is asked.
    quick: Option<bool>,
}

/// What to do after an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Go on.
    Go,
    /// Show what is there, and ask the budget.
    Show,
    /// Show what is there, and give way.
    GiveWay,
}

/// True where the clock is to be read after so many items.
fn is_reading(items: usize) -> bool {
    items % BETWEEN_READINGS == 0 || items == 1
}

impl Pace {
    pub(super) fn new(runtime: RuntimeHandle) -> Self {
        Self { runtime, chunk: 1, done: 0, since: None, chunks: 0, quick: None }
    }

    /// How many items make a chunk now.
    pub(super) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Whether items take little time, where something was seen of that since this was last asked.
    pub(super) fn learned(&mut self) -> Option<bool> {
        self.quick.take()
    }

    /// The task looks for an item: a chunk begins, unless one goes on.
    pub(super) fn begin(&mut self) {
        if self.since.is_none() {
            self.since = Some(self.runtime.now());
        }
    }

    /// Whether it is slow to take so many items in a row, which nobody else sees meanwhile.
    pub(super) fn takes_long(&mut self, items: usize) -> bool {
        is_reading(items) && self.look()
    }

    /// Looks at the clock inside a chunk; `true` where the chunk is slow.
    pub(super) fn look(&mut self) -> bool {
        let slow = self.is_slow(self.runtime.now()) == Some(true);
        if slow {
            self.slow();
        }
        slow
    }

    /// Counts an item that is done.
    pub(super) fn item(&mut self) -> Next {
        self.done += 1;
        let ends = self.done >= self.chunk;
        if !ends && !is_reading(self.done) {
            return Next::Go;
        }
        let now = self.runtime.now();
        match self.is_slow(now) {
            Some(true) => {
                self.slow();
                self.waited();
                return Next::GiveWay;
            }
            Some(false) if !ends => return Next::Go,
            Some(false) => {
                self.chunk = (self.chunk * 2).min(MOST);
                self.quick = Some(true);
            }
            // The task has waited for a part of it: that says nothing.
            None => {}
        }
        self.done = 0;
        self.since = Some(now);
        self.chunks += 1;
        if self.chunks < CHUNKS_IN_A_ROW {
            return Next::Show;
        }
        self.waited();
        Next::GiveWay
    }

    /// Whether the present chunk takes long; `None` where the task has waited in it.
    fn is_slow(&self, now: Instant) -> Option<bool> {
        self.since.map(|since| now.saturating_duration_since(since) >= SLOW)
    }

    /// The next items may take long: nothing waits for them.
    pub(super) fn slow(&mut self) {
        self.chunk = 1;
        self.quick = Some(false);
    }

    /// The task waits, or gives way: what comes is a new stretch of work.
    pub(super) fn waited(&mut self) {
        self.done = 0;
        self.since = None;
        self.chunks = 0;
    }

    /// Asks the runtime's budget.
    pub(super) fn poll_budget(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.runtime.poll_budget(cx));
        Poll::Ready(())
    }
}
