//! Any number of streams, polled in turn.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use anypipe_core::stage::{drop_each, poll_go_on};

use crate::attached::Attached;

/// Streams of which each has its turn: only those that were woken are polled, and one that gave an item
/// goes to the end of the line.
pub(crate) struct Many<T> {
    /// The streams by their index; a hole where one has ended.
    members: Vec<Option<Member<T>>>,
    /// The holes.
    holes: Vec<usize>,
    /// Those to be polled, in this order.
    line: VecDeque<usize>,
    /// Those that were woken since.
    woken: Arc<Woken>,
    /// The waker that `woken` knows.
    registered: Option<Waker>,
}

struct Member<T> {
    stream: Attached<T>,
    bell: Arc<Bell>,
    /// The bell, as the stream is given it.
    waker: Waker,
}

impl<T> Many<T> {
    pub(crate) fn new() -> Self {
        let woken = Arc::new(Woken::default());
        Self { members: Vec::new(), holes: Vec::new(), line: VecDeque::new(), woken, registered: None }
    }

    /// Adds a stream; gives its index, which is free again after the stream's end.
    pub(crate) fn push(&mut self, stream: Attached<T>) -> usize {
        let index = self.holes.pop().unwrap_or_else(|| {
            self.members.push(None);
            self.members.len() - 1
        });
        let bell = Arc::new(Bell { index, rung: AtomicBool::new(true), woken: Arc::clone(&self.woken) });
        let waker = Waker::from(Arc::clone(&bell));
        self.members[index] = Some(Member { stream, bell, waker });
        self.line.push_back(index);
        index
    }

    /// How many have not ended.
    pub(crate) fn len(&self) -> usize {
        self.members.len() - self.holes.len()
    }

    /// The next item of any of them with the stream's index, or the end of that stream; `None` once all
    /// have ended.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Option<T>)>> {
        self.register(cx);
        loop {
            self.line_up();
            let Some(index) = self.line.pop_front() else {
                return if self.len() == 0 { Poll::Ready(None) } else { Poll::Pending };
            };
            // A stream that has ended may have been woken all the same.
            let Some(member) = &mut self.members[index] else { continue };
            member.bell.rung.store(false, Ordering::SeqCst);
            match member.stream.poll_next(&mut Context::from_waker(&member.waker)) {
                Poll::Ready(Some(item)) => {
                    if !member.bell.rung.swap(true, Ordering::SeqCst) {
                        self.line.push_back(index);
                    }
                    return Poll::Ready(Some((index, Some(item))));
                }
                Poll::Ready(None) => {
                    self.members[index] = None;
                    self.holes.push(index);
                    return Poll::Ready(Some((index, None)));
                }
                Poll::Pending => ready!(poll_go_on(cx)),
            }
        }
    }

    /// Has the task woken with any of the streams.
    fn register(&mut self, cx: &mut Context<'_>) {
        if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            let waker = cx.waker().clone();
            let old = self.woken.lock().task.replace(waker.clone());
            drop(old);
            self.registered = Some(waker);
        }
    }

    /// Puts those that were woken at the end of the line.
    fn line_up(&mut self) {
        if self.woken.any.swap(false, Ordering::SeqCst) {
            self.line.extend(self.woken.lock().indices.drain(..));
        }
    }
}

impl<T> Drop for Many<T> {
    fn drop(&mut self) {
        drop_each(self.members.drain(..));
    }
}

impl<T> fmt::Debug for Many<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The streams that were woken.
#[derive(Default)]
struct Woken {
    /// True while `indices` has any; looked at without the lock.
    any: AtomicBool,
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
    /// True while the stream is in line, or among the woken.
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
        let task = list.task.clone();
        drop(list);
        task.into_iter().for_each(Waker::wake);
    }
}
