//! The wakers of streams that one task polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// Tells which of a task's streams are to be polled: only those that were woken, each in its turn. Nothing here
/// takes longer for their number.
pub(crate) struct Bells {
    /// By the index of the stream.
    each: Vec<Hung>,
    /// Those to be polled, in this order.
    line: VecDeque<usize>,
    /// Those that were woken since.
    woken: Arc<Woken>,
    /// The waker that `woken` knows.
    registered: Option<Waker>,
    /// True where `woken` was told that the task has none to poll.
    sleeps: bool,
}

/// What the task knows of a bell.
struct Hung {
    bell: Arc<Bell>,
    /// The waker that the stream is given.
    waker: Waker,
    /// True while the stream is in line.
    in_line: bool,
}

impl Bells {
    /// One for each of so many streams, all of which are in line.
    pub(crate) fn new(count: usize) -> Self {
        let (each, line) = (Vec::new(), VecDeque::new());
        let mut bells = Self { each, line, woken: Arc::default(), registered: None, sleeps: false };
        (0..count).for_each(|index| bells.line_up(index));
        bells
    }

    /// Puts a stream at the end of the line, unless it stands there already. A new one has the next index.
    #[inline]
    pub(crate) fn line_up(&mut self, index: usize) {
        if index == self.each.len() {
            self.hang();
        }
        if !std::mem::replace(&mut self.each[index].in_line, true) {
            self.line.push_back(index);
        }
    }

    /// Adds a bell, for a new stream.
    #[cold]
    fn hang(&mut self) {
        let (index, woken) = (self.each.len(), Arc::clone(&self.woken));
        let bell = Arc::new(Bell { index, rung: AtomicBool::new(false), woken });
        self.each.push(Hung { bell: Arc::clone(&bell), waker: Waker::from(bell), in_line: false });
    }

    /// The waker that a stream is given.
    pub(crate) fn waker(&self, index: usize) -> &Waker {
        &self.each[index].waker
    }

    /// Has the task woken with any of the streams; before the first is taken out of the line.
    #[inline]
    pub(crate) fn register(&mut self, cx: &mut Context<'_>) {
        if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.replace_waker(cx.waker());
        }
        if std::mem::take(&mut self.sleeps) {
            self.woken.asleep.store(false, Ordering::SeqCst);
        }
    }

    #[cold]
    fn replace_waker(&mut self, waker: &Waker) {
        let old = self.woken.lock().task.replace(waker.clone());
        drop(old);
        self.registered = Some(waker.clone());
    }

    /// Has those that are to be polled now come in the order of their index, whoever was woken first: where it is
    /// promised who wins a tie.
    pub(crate) fn in_order(&mut self) {
        self.take_woken();
        self.line.make_contiguous().sort_unstable();
    }

    /// True where one is to be polled now.
    pub(crate) fn has_next(&self) -> bool {
        !self.line.is_empty() || self.woken.any.load(Ordering::SeqCst)
    }

    #[inline]
    fn take_woken(&mut self) {
        if self.woken.any.load(Ordering::SeqCst) {
            self.take_list();
        }
    }

    #[inline(never)]
    fn take_list(&mut self) {
        let mut list = self.woken.lock();
        self.woken.any.store(false, Ordering::SeqCst);
        for index in list.indices.drain(..) {
            if !std::mem::replace(&mut self.each[index].in_line, true) {
                self.line.push_back(index);
            }
        }
    }

    /// The next stream to poll, and with which waker.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<(usize, &Waker)> {
        self.take_woken();
        if self.line.is_empty() {
            // First: one that is woken from here on wakes the task, and one before is seen after it.
            self.sleeps = true;
            self.woken.asleep.store(true, Ordering::SeqCst);
            self.take_woken();
        }
        let index = self.line.pop_front()?;
        let Hung { bell, waker, in_line } = &mut self.each[index];
        *in_line = false;
        // A store is dear. Who wakes it from here on has it polled once more.
        if bell.rung.load(Ordering::SeqCst) {
            bell.rung.store(false, Ordering::SeqCst);
        }
        Some((index, waker))
    }
}

/// The streams that were woken.
#[derive(Default)]
struct Woken {
    /// True while `indices` has any; changed under the lock, and looked at without.
    any: AtomicBool,
    /// True while the task has none to poll, and is to be woken with the next.
    asleep: AtomicBool,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    indices: Vec<usize>,
    /// Wakes the task that polls the streams.
    task: Option<Waker>,
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, List> {
        // Nothing of others runs under it.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of one stream.
struct Bell {
    index: usize,
    /// True from when the stream is woken until it is polled: it is woken once.
    rung: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.rung.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut list = self.woken.lock();
        list.indices.push(self.index);
        self.woken.any.store(true, Ordering::SeqCst);
        let asleep = self.woken.asleep.swap(false, Ordering::SeqCst);
        let task = if asleep { list.task.clone() } else { None };
        drop(list);
        task.into_iter().for_each(Waker::wake);
    }
}
