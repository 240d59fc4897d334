//! What a worker's task is made of, and how it waits.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

use super::pace::Pace;
use super::port::Port;
use crate::runtime::WaitsFor;
use crate::scope::{Scope, note_end, note_wait};

/// There is something to hear: the consumer went, or the stage is to have other workers.
pub(super) struct News;

/// The consumer went: there is nobody left to work for.
pub(super) struct Unwanted;

/// What a worker's task is made of, and how it waits: showing first what it has.
pub(super) struct Line<T> {
    pub(super) port: Port<T>,
    pub(super) pace: Pace,
    pub(super) scope: Scope,
}

impl<T> Line<T> {
    /// The task looks for an item.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.pace.begin(&self.scope);
    }

    /// Shows what there is before the task waits for this.
    #[inline(never)]
    pub(super) fn rest(&mut self, waits_for: WaitsFor, waker: &Waker) -> Result<(), News> {
        note_wait(waits_for);
        self.pace.waited();
        self.port.rest(waker);
        if self.port.has_news() { Err(News) } else { Ok(()) }
    }

    /// As [`rest`](Line::rest), in the middle of an item, for whose future it waits.
    pub(super) fn rest_amid(&mut self, waker: &Waker) -> Result<(), News> {
        note_wait(WaitsFor::Future);
        self.pace.waited();
        self.port.rest(waker);
        if self.port.has_urgent_news() { Err(News) } else { Ok(()) }
    }

    /// Claims room for an item, where it has none.
    #[inline(never)]
    pub(super) fn poll_room(&mut self, want: usize, cx: &mut Context<'_>) -> Poll<Result<(), News>> {
        if self.port.poll_claim(cx, want).is_pending() {
            if self.scope.is_watched() {
                // Nothing of the user's has run since the last item was done.
                note_end(self.pace.read_now());
            }
            self.pace.waited();
            return Poll::Pending;
        }
        self.pace.called();
        Poll::Ready(if self.port.has_news() { Err(News) } else { Ok(()) })
    }
}

/// The waker of the task's present poll.
///
/// A worker polls with it what it can, and only where that is pending ends its poll, by [`next_poll`]: an `await` for
/// each item would be dear.
pub(super) fn present_poll() -> impl Future<Output = Waker> {
    poll_fn(|cx| Poll::Ready(cx.waker().clone()))
}

/// Ends this poll of the task; goes on in its next one, whose waker is kept. True where that is another.
pub(super) fn next_poll(waker: &mut Waker) -> impl Future<Output = bool> {
    let mut is_next = false;
    poll_fn(move |cx| {
        if !std::mem::replace(&mut is_next, true) {
            return Poll::Pending;
        }
        let is_other = !waker.will_wake(cx.waker());
        if is_other {
            renew(waker, cx.waker());
        }
        Poll::Ready(is_other)
    })
}

/// Rare, and not built for each stage.
#[cold]
#[inline(never)]
fn renew(waker: &mut Waker, present: &Waker) {
    waker.clone_from(present);
}
