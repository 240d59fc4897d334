use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use super::picture::Times;
use super::{Changed, Resize, StageStats, WorkerChange};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Counts where the items of one boundary have gone. All clones count together. Many have one: it is kept small.
#[derive(Clone)]
pub(crate) struct Tally {
    /// Some stages of a run share an allocation.
    row: Arc<Row>,
    /// Which of the run's stages it is of: the number tells its place in the row.
    number: u32,
    /// True where boundaries in any number count here, each under a lock of its own.
    shared: bool,
}

/// So many stages need one allocation.
const ROW: usize = 4;
type Row = [Counts; ROW];

/// What is counted of one boundary. Every item taken is counted once more at its end, so nothing is lost unseen.
///
/// In this order: what is rare lies between what two stages count for each chunk.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Counts {
    /// Items taken from the input.
    pub(crate) taken: Count,
    /// Items the consumer has taken out.
    pub(crate) delivered: Count,
    /// Items that are an `Err`, as far as is known.
    pub(crate) failed: Count,
    /// Items that were filtered out.
    pub(crate) filtered: Count,
    /// Items whose work panicked.
    pub(crate) panicked: Count,
    /// Items taken and dropped before or during their work.
    pub(crate) cancelled: Count,
    /// Finished items that nobody took.
    pub(crate) left: Count,
    /// Workers that wait for work on a thread whose item was given up.
    overdue: Count,
    /// The stage, where it can be changed while it goes on.
    resize: Mutex<Resizable>,
    /// How many workers were seen.
    seen: AtomicU32,
    /// The seat of the stage that asks for what it gives; 0 as long as none has.
    asked_by: AtomicU32,
    /// What is known of what was.
    past: Past,
}

/// Whether a stage can be changed while it goes on.
#[derive(Clone, Default)]
pub(super) enum Resizable {
    /// Not known yet: it is being attached.
    #[default]
    Unknown,
    No,
    Yes(Weak<dyn Resize>),
}

/// What is kept of a stage besides its counts, once there is anything. Held while a worker ends, and while one looks: the
/// times of a worker are either here or with it. May be locked under the lock of the stage's hop.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<Option<Box<Kept>>>);

#[derive(Debug, Default)]
struct Kept {
    /// How long the workers that have ended were in each state.
    times: Times,
    /// The last changes of how many workers there are, and of how many finished items may wait.
    changes: VecDeque<(Changed, WorkerChange)>,
    /// How many may wait since the last of these.
    buffer: Option<usize>,
}

/// So many changes are kept.
const CHANGES: usize = 16;

impl Past {
    /// Adds what `take` gives, which is taken away where it was until then.
    pub(super) fn keep(&self, take: impl FnOnce() -> Option<Times>) {
        let mut past = self.0.lock();
        if let Some(times) = take() {
            past.get_or_insert_default().times.add_all(&times);
        }
    }

    /// Adds them to what `others` gives meanwhile.
    pub(super) fn with<R>(&self, others: impl FnOnce() -> R) -> (Times, R) {
        let past = self.0.lock();
        let others = others();
        (past.as_ref().map_or_else(Times::default, |kept| kept.times), others)
    }

    /// How many finished items may wait, where that was changed; and the last changes of that, and of how many workers there are.
    pub(super) fn sizes(&self) -> (Option<usize>, Vec<(Changed, WorkerChange)>) {
        let past = self.0.lock();
        past.as_ref()
            .map_or_else(Default::default, |kept| (kept.buffer, kept.changes.iter().copied().collect()))
    }
}

/// What stands in a seat where that is the run's own sink's.
pub(crate) const SINK: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, items: usize) {
        if items > 0 {
            self.0.fetch_add(items as u64, Ordering::Relaxed);
        }
    }

    /// As [`add`](Count::add), where nobody else adds to it at the same time.
    fn add_alone(&self, items: usize) {
        self.0.store(self.get() + items as u64, Ordering::Relaxed);
    }

    fn take_back(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Tally {
    /// The tally of a run's next stage, after this one of the stage before.
    pub(super) fn next(last: Option<&Self>, shared: bool) -> Self {
        let number = last.map_or(0, |last| last.number + 1);
        let row = match last {
            Some(last) if number as usize % ROW > 0 => Arc::clone(&last.row),
            _ => Arc::default(),
        };
        Self { row, number, shared }
    }

    /// Counts items that the consumer of a boundary has taken out, under the boundary's lock.
    pub(crate) fn deliver(&self, items: usize) {
        if self.shared { self.delivered.add(items) } else { self.delivered.add_alone(items) }
    }

    /// Notes whether the stage can be changed while it goes on.
    pub(super) fn enter_resize(&self, stage: Option<Weak<dyn Resize>>) {
        let mut resize = self.resize.lock();
        // One that is attached any number of times counts here as before.
        if let Resizable::Unknown = *resize {
            *resize = stage.map_or(Resizable::No, Resizable::Yes);
        }
    }

    /// The stage, where it can be changed.
    pub(super) fn resize(&self) -> Resizable {
        self.resize.lock().clone()
    }

    /// Its place among those who ask for items: the stage's number, counted from 1.
    pub(super) fn seat(&self) -> u32 {
        self.number + 1
    }

    /// Which of the run's stages it is of.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The number of the stage's next worker.
    pub(super) fn next_worker(&self) -> u32 {
        self.seen.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes who asks for what this one gives; false where another was noted before, which stays.
    pub(super) fn note_asked(&self, by: u32) -> bool {
        match self.asked_by.load(Ordering::Relaxed) {
            0 => {
                self.asked_by.store(by, Ordering::Relaxed);
                true
            }
            known => known == by,
        }
    }

    /// Who asks for what this one gives.
    pub(super) fn asked_by(&self) -> Option<u32> {
        Some(self.asked_by.load(Ordering::Relaxed)).filter(|seat| *seat > 0)
    }

    pub(super) fn past(&self) -> &Past {
        &self.past
    }

    /// Notes that the stage is to have other workers, or another buffer, under the lock of its hop. Of those that are attached
    /// any number of times none can be told from another.
    pub(crate) fn note_change(&self, of: Changed, change: WorkerChange) {
        if self.shared || change.from == change.to {
            return;
        }
        let mut past = self.past.0.lock();
        let kept = past.get_or_insert_default();
        if of == Changed::Buffer {
            kept.buffer = Some(change.to);
        }
        if kept.changes.len() == CHANGES {
            kept.changes.pop_front();
        }
        // Its clock was read before the lock: another may have come in between.
        let at = kept.changes.back().map_or(change.at, |(_, last)| last.at.max(change.at));
        kept.changes.push_back((of, WorkerChange { at, ..change }));
    }

    /// The last changes of how many workers there are to be, the oldest first.
    pub(crate) fn changes(&self) -> Vec<WorkerChange> {
        let of_workers = |(of, change)| (of == Changed::Workers).then_some(change);
        self.past.sizes().1.into_iter().filter_map(of_workers).collect()
    }

    /// Counts one more that is overdue, while this is held.
    pub(crate) fn overdue(self) -> Overdue {
        self.overdue.add(1);
        Overdue(self)
    }

    pub(super) fn stats(&self, name: &str) -> StageStats {
        // The ends first: an item is never seen to end before it was seen to be taken.
        let (delivered, filtered) = (self.delivered.get(), self.filtered.get());
        let (panicked, cancelled, left) = (self.panicked.get(), self.cancelled.get(), self.left.get());
        let name = name.to_owned();
        let (taken, failed, overdue) = (self.taken.get(), self.failed.get(), self.overdue.get());
        StageStats { name, taken, delivered, failed, filtered, panicked, cancelled, left, overdue }
    }
}

impl Deref for Tally {
    type Target = Counts;

    fn deref(&self) -> &Counts {
        &self.row[self.number as usize % ROW]
    }
}

/// One worker that is counted as overdue; made by [`Tally::overdue`].
pub(crate) struct Overdue(Tally);

impl Drop for Overdue {
    fn drop(&mut self) {
        self.0.overdue.take_back();
    }
}

/// Counts the items of a stage that has no boundary of the library's into its run's [`Stats`](super::Stats); made
/// by [`Scope::meter`](super::Scope::meter).
///
/// All clones count together. What each count means is told at [`StageStats`].
#[derive(Clone)]
pub struct Meter {
    tally: Tally,
}

impl Meter {
    pub(super) fn new(tally: Tally) -> Self {
        Self { tally }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Counts items that the stage has taken in.
    pub fn take(&self, items: usize) {
        self.tally.taken.add(items);
    }

    /// Counts items that what comes after the stage has taken.
    pub fn deliver(&self, items: usize) {
        self.tally.delivered.add(items);
    }

    /// Counts items that the stage has dropped, as it is meant to.
    pub fn filter(&self, items: usize) {
        self.tally.filtered.add(items);
    }

    /// Counts finished items that nobody takes any more.
    pub fn leave(&self, items: usize) {
        self.tally.left.add(items);
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, delivered) = (self.tally.taken.get(), self.tally.delivered.get());
        f.debug_struct("Meter").field("taken", &taken).field("delivered", &delivered).finish_non_exhaustive()
    }
}
