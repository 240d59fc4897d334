//! The consumer's end of a hop.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::hop::Hop;
use crate::error::RunError;
use crate::runtime::WaitsFor;
use crate::scope::{Flush, Scope, Wakes, drop_each, flush_later, note_wait, wake_each};
use crate::sync::atomic::{Ordering, fence};

/// The consumer's end of a hop: the stream that comes out of a boundary.
///
/// A producer that vanished fails the run; the stream itself then stays pending, so that nobody
/// takes it for the end.
pub struct Outlet<T> {
    hop: Arc<Hop<T>>,
    /// Items taken from the hop, that still hold their permits; the next one last.
    local: Vec<T>,
    /// True where more is to be done with an item than to give it out: see [`step`](Outlet::step).
    steps: bool,
    /// The scope that fails where a producer vanished, and the stage's name.
    stage: Option<(Scope, Cow<'static, str>)>,
    /// Set once the end was seen.
    ended: bool,
}

// The items are only ever moved.
impl<T> Unpin for Outlet<T> {}

impl<T> Outlet<T> {
    pub(super) fn new(hop: Arc<Hop<T>>, stage: (Scope, Cow<'static, str>)) -> Self {
        let steps = hop.weight.is_some();
        Self { hop, local: Vec::new(), steps, stage: Some(stage), ended: false }
    }

    /// From before its first item on it counts itself what it gives out.
    pub(super) fn count_each(&mut self) {
        self.steps = true;
        let _state = self.hop.state.lock();
        self.hop.consumer_counts.store(true, Ordering::Relaxed);
        // A producer may wait by now.
        self.hop.room_is_wanted.store(true, Ordering::Relaxed);
    }
}

impl<T: Send + 'static> Outlet<T> {
    /// What it gives next, without a look at the hop; the next one last.
    pub(super) fn at_hand(&self) -> &[T] {
        &self.local
    }

    /// Gives an item out, whose permit is then owed.
    #[inline]
    fn give(&mut self) -> Option<T> {
        if self.steps {
            self.step();
        }
        let item = self.local.pop()?;
        let out = &self.hop.out;
        out.items.store(out.items.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
        if !out.noted.load(Ordering::Relaxed) {
            self.note();
        }
        Some(item)
    }

    /// Gives an item out that it has in hand, for a consumer whose task nobody knows and who
    /// [counts each](Outlet::count_each). It is paid for at once where somebody waits for that, else when either side
    /// next locks the hop.
    pub(super) fn take_at_hand(&mut self) -> Option<T> {
        // To weigh an item is the user's.
        let item = if self.hop.weight.is_some() { None } else { self.local.pop() }?;
        let out = &self.hop.out;
        out.items.store(out.items.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
        self.hop.tally.delivered.add(1);
        fence(Ordering::SeqCst);
        // After the store: a producer that has just begun to wait has either seen that or is seen here.
        if self.hop.room_is_wanted.load(Ordering::Relaxed) {
            self.hop.flush();
        }
        Some(item)
    }

    /// Weighs the item that goes out next, while it is still held, since the user's closure may panic; and counts it.
    #[cold]
    fn step(&self) {
        let Some(item) = self.local.last() else { return };
        if self.hop.weight.is_some() {
            let weight = &self.hop.out.weight;
            weight
                .store(weight.load(Ordering::Relaxed).wrapping_add(self.hop.weigh(item)), Ordering::Release);
        }
        if self.hop.consumer_counts.load(Ordering::Relaxed) {
            self.hop.tally.delivered.add(1);
        }
    }

    /// Has what is owed paid at the end of this poll, or at once where nobody would.
    #[cold]
    fn note(&self) {
        self.hop.out.noted.store(true, Ordering::Relaxed);
        flush_later(Arc::clone(&self.hop) as Arc<dyn Flush>);
    }

    /// Waits for an item, or the end.
    #[inline(never)]
    fn poll_fetch(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if self.fetch(cx).is_pending() {
                note_wait(WaitsFor::Input);
                return Poll::Pending;
            }
            if let Some(item) = self.give() {
                return Poll::Ready(Some(item));
            }
        }
    }

    /// Takes all there is from the hop; `Ready` where there is something, or the end.
    fn fetch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut called = Wakes::default();
        let mut state = self.hop.state.lock();
        self.hop.collect_owed(&mut state);
        self.hop.out.settled.store(self.hop.out.items.load(Ordering::Relaxed), Ordering::Relaxed);
        self.hop.call_for_room(&mut state, &mut called);
        // Each keeps its room: nothing is allocated anew.
        std::mem::swap(&mut self.local, &mut state.queue);
        let broken = state.broken;
        let mut old = None;
        let mut ready = true;
        if self.local.is_empty() {
            self.ended = state.open == 0 && !broken;
            ready = self.ended;
            if !ready {
                old = state.consumer.replace(cx.waker().clone());
            }
        }
        drop(state);
        drop(old);
        self.local.reverse();
        called.call();
        if self.local.is_empty() && broken {
            if let Some((scope, name)) = self.stage.take() {
                // A task that panicked or was cancelled has failed the scope before this.
                if !scope.is_cancelled() {
                    scope.fail(RunError::broken(name));
                }
            }
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T: Send + 'static> Stream for Outlet<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.give() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_fetch(cx),
        }
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        let mut state = self.hop.state.lock();
        self.hop.closed.store(true, Ordering::SeqCst);
        let queue = std::mem::take(&mut state.queue);
        let window = std::mem::take(&mut state.window);
        let wakers = state.producers.take_all();
        self.hop.collect_owed(&mut state);
        drop(state);
        wake_each(wakers);
        let local = std::mem::take(&mut self.local);
        let waiting = window.into_iter().flatten().flatten();
        let unwanted: Vec<_> = local.into_iter().rev().chain(queue).chain(waiting).collect();
        self.hop.tally.left.add(unwanted.len());
        drop_each(unwanted);
    }
}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("ended", &self.ended).finish_non_exhaustive()
    }
}
