//! How long a task goes on before it shows what it has, and before it gives way.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::runtime::RuntimeHandle;

/// A chunk that takes longer than this is slow: its items are shown at once.
const SLOW: Duration = Duration::from_micros(50);
/// The most items in a chunk.
const MOST: usize = 64;
/// The clock is read after this many items at the latest, so that a stage that turns slow in the
/// middle of a chunk holds back no more than these.
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
    /// When the clock was last read, in this stretch of work.
    since: Option<Instant>,
    /// Chunks since the task last gave way.
    chunks: usize,
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

impl Pace {
    pub(super) fn new(runtime: RuntimeHandle) -> Self {
        Self { runtime, chunk: 1, done: 0, since: None, chunks: 0 }
    }

    /// How many items make a chunk now.
    pub(super) fn chunk(&self) -> usize {
        self.chunk
    }

    /// True where the last chunk was quick.
    pub(super) fn is_quick(&self) -> bool {
        self.chunk > 1
    }

    /// Counts an item.
    pub(super) fn item(&mut self) -> Next {
        self.done += 1;
        if self.done < self.chunk && self.done % BETWEEN_READINGS != 0 {
            return Next::Go;
        }
        let now = self.runtime.now();
        let Some(since) = self.since.replace(now) else {
            // The first reading of a stretch says nothing about what came before it.
            return self.end_chunk();
        };
        if now.duration_since(since) >= SLOW {
            self.chunk = 1;
            self.done = 0;
            self.chunks = 0;
            return Next::GiveWay;
        }
        if self.done < self.chunk {
            return Next::Go;
        }
        self.chunk = (self.chunk * 2).min(MOST);
        self.end_chunk()
    }

    fn end_chunk(&mut self) -> Next {
        self.done = 0;
        self.chunks += 1;
        if self.chunks < CHUNKS_IN_A_ROW {
            return Next::Show;
        }
        self.chunks = 0;
        Next::GiveWay
    }

    /// The task has waited: what comes is a new stretch of work.
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
