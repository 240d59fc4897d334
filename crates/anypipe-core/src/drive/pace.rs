//! How long a task goes on before it shows what it has, and before it gives way.

use std::time::{Duration, Instant};

use crate::runtime::RuntimeHandle;
use crate::scope::{Scope, has_called, take_beginning};
use crate::sync::atomic::{AtomicBool, Ordering};

/// A chunk that takes longer than this is slow: its items are shown at once.
const SLOW: Duration = Duration::from_micros(50);
/// The most items in a chunk,
const MOST: u16 = 64;
/// and in a sink, which shows nobody anything: as many as a crowd of workers makes before it is polled again, while they are quick.
const MOST_IN_A_SINK: u16 = 512;
/// The clock is read again after about as many items as take this long, at the speed seen last: often enough to see
/// soon that they turn slow, and rarely enough to cost little.
const BETWEEN_READINGS: Duration = Duration::from_micros(1);
/// And after this many at the latest,
const MOST_BETWEEN_READINGS: u16 = 8;
/// or this many where nobody waits to be shown anything.
const MOST_BETWEEN_READINGS_OF_A_SINK: u16 = 16;
/// An item of several workers that takes longer than it takes to wake another is worth being shared.
const WORTH_A_WAKE: Duration = Duration::from_micros(2);
/// A task that never has to wait gives way after this many chunks, whatever the runtime's budget says.
const CHUNKS_IN_A_ROW: u16 = 32;

/// Counts the items of one task, in chunks that start at one and double while they are quick.
///
/// Each task has one: it is kept small, and is lent the runtime by who has it.
pub(super) struct Pace {
    /// How many items of the present chunk are done.
    done: u16,
    /// The clock is read when this many are.
    next_reading: u16,
    /// When the clock was last read; none where the task has waited since.
    read: Option<Instant>,
    /// When the present chunk began, as far as the task has not waited.
    began: Option<Instant>,
    /// How many items make a chunk now.
    chunk: u16,
    /// How many items are done between two readings now.
    between: u16,
    /// And the most that there may be.
    most_between: u16,
    /// The most items in a chunk.
    most: u16,
    /// Chunks since the task last gave way.
    chunks: u16,
    /// True where the last items took long enough to be worked on beside what others do.
    long: bool,
    /// How many items were done in a row of stretches in which the clock was not read.
    unread: u16,
    /// True where it was read in the present one.
    looked: bool,
    /// True where the task has called others since it last waited, as far as it has looked.
    has_called: bool,
}

/// What the workers of a crew tell each other: whether items take little time. One in a crew reads the clock after each
/// item; who is alone has none of this.
pub(super) type Quick<'a> = Option<&'a AtomicBool>;

/// What to do after a reading.
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
    /// For a task that works on its input alone.
    pub(super) fn new() -> Self {
        Self {
            done: 0,
            next_reading: 1,
            read: None,
            began: None,
            chunk: 1,
            between: 1,
            most_between: MOST_BETWEEN_READINGS,
            most: MOST,
            chunks: 0,
            long: false,
            unread: 0,
            looked: false,
            has_called: false,
        }
    }

    /// For a sink.
    pub(super) fn of_sink() -> Self {
        Self { most: MOST_IN_A_SINK, ..Self::of_turns() }
    }

    /// For who takes items of several inputs in turn.
    pub(super) fn of_turns() -> Self {
        Self { most_between: MOST_BETWEEN_READINGS_OF_A_SINK, ..Self::new() }
    }

    /// Has each item be shown before the next, and the clock be read after it.
    pub(super) fn show_each(&mut self) {
        (self.most_between, self.most) = (1, 1);
    }

    /// How many items make a chunk now.
    pub(super) fn chunk(&self) -> usize {
        self.chunk.into()
    }

    /// The task looks for an item: where it has waited, a stretch of work begins.
    #[inline]
    pub(super) fn begin(&mut self, scope: &Scope) {
        if self.read.is_none() {
            self.begin_stretch(scope);
        }
    }

    #[inline]
    fn begin_stretch(&mut self, scope: &Scope) {
        // Where the task is watched the clock was read when its poll began.
        let began = if scope.is_watched() { take_beginning() } else { None };
        self.read = Some(began.unwrap_or_else(|| scope.runtime().now_in_task()));
        self.began = self.read;
    }

    /// The last reading, where nothing was done since.
    #[inline]
    pub(super) fn read_now(&self) -> Option<Instant> {
        if self.done == 0 { self.read } else { None }
    }

    /// How many more items are to be done before the clock is read.
    #[inline]
    pub(super) fn left(&self) -> u16 {
        self.next_reading - self.done
    }

    /// Counts items that are done; `true` where the clock is to be read.
    #[inline]
    pub(super) fn items(&mut self, done: u16) -> bool {
        self.done += done;
        self.done >= self.next_reading
    }

    /// Counts an item that is done; `true` where the clock is to be read.
    #[inline]
    pub(super) fn item(&mut self) -> bool {
        self.items(1)
    }

    /// Reads the clock, and says what to do.
    #[inline(never)]
    pub(super) fn look(&mut self, runtime: &RuntimeHandle, quick: Quick<'_>) -> Next {
        let now = runtime.now_in_task();
        (self.unread, self.looked) = (0, true);
        // What the task has waited in says nothing.
        let before = self.read.replace(now);
        if let Some(before) = before {
            self.learn(before, now, quick);
        }
        let began = *self.began.get_or_insert(now);
        if now >= began + SLOW {
            self.slow(quick);
            self.waited();
            return Next::GiveWay;
        }
        if self.done < self.chunk {
            self.next_reading = self.chunk.min(self.done + self.between);
            return Next::Go;
        }
        // No further than to what would be slow.
        if before.is_some() && now < began + SLOW / 2 {
            self.chunk = (self.chunk * 2).min(self.most);
        }
        self.began = Some(now);
        self.begin_chunk();
        self.chunks += 1;
        if self.chunks < CHUNKS_IN_A_ROW {
            return Next::Show;
        }
        self.waited();
        Next::GiveWay
    }

    /// What was done from the reading before until now is one item in a crew, and some where the task is alone.
    #[inline]
    fn learn(&mut self, before: Instant, now: Instant, quick: Quick<'_>) {
        if now < before + if quick.is_some() { WORTH_A_WAKE } else { BETWEEN_READINGS / 2 } {
            self.long = false;
            match quick {
                Some(quick) => quick.store(true, Ordering::Relaxed),
                None => self.between = (self.between * 2).min(self.most_between),
            }
            return;
        }
        if quick.is_none() && now < before + BETWEEN_READINGS {
            self.long = false;
            return;
        }
        self.learn_of_long(before, now, quick);
    }

    /// Items took long, or a call did.
    #[cold]
    fn learn_of_long(&mut self, before: Instant, now: Instant, quick: Quick<'_>) {
        let has_called = has_called();
        if has_called && !self.long && now < before + SLOW {
            // It may have been the call that took so long.
            self.has_called = true;
            return;
        }
        self.long = quick.is_some() || self.between == 1;
        if let Some(quick) = quick {
            quick.store(false, Ordering::Relaxed);
        } else if now >= before + BETWEEN_READINGS * 2 {
            self.between = 1;
        }
        self.has_called = self.has_called || has_called;
    }

    fn begin_chunk(&mut self) {
        self.done = 0;
        self.next_reading = self.chunk.min(self.between.saturating_sub(self.unread).max(1));
    }

    /// The next items may take long: nothing waits for them.
    pub(super) fn slow(&mut self, quick: Quick<'_>) {
        (self.chunk, self.between) = (1, 1);
        self.long = true;
        if let Some(quick) = quick {
            quick.store(false, Ordering::Relaxed);
        }
    }

    /// What comes next is others' items: the clock is read after the first.
    pub(super) fn turn(&mut self) {
        self.between = 1;
        self.waited();
    }

    /// The task waits, or gives way: what comes is a new stretch of work.
    pub(super) fn waited(&mut self) {
        // Whose input runs out again and again reads the clock after as many items as another.
        if !std::mem::take(&mut self.looked) {
            self.unread += self.done;
        }
        self.begin_chunk();
        (self.read, self.began) = (None, None);
        (self.chunks, self.has_called) = (0, false);
    }

    /// Others were called, maybe.
    #[inline]
    pub(super) fn called(&mut self) {
        self.has_called = self.has_called || (self.long && has_called());
    }

    /// The task has an item in hand, and goes on: where that may be long, those who were called are not to wait for this
    /// thread.
    #[inline]
    pub(super) fn offer(&mut self, runtime: &RuntimeHandle) {
        if self.has_called && self.long {
            self.has_called = false;
            runtime.offer_woken();
        }
    }
}
