//! How a worker's task waits.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use super::pace::{Next, Pace};
use super::port::Port;
use crate::runtime::WaitsFor;
use crate::scope::{Breakable, Scope, note_wait};

/// The consumer went: there is nobody left to work for.
pub(super) struct Unwanted;

/// What a worker's task is made of, and how it waits: showing first what it has.
pub(super) struct Line<'a, T> {
    pub(super) port: &'a mut Port<T>,
    pub(super) pace: &'a mut Pace,
    pub(super) scope: &'a Scope,
}

impl<T> Line<'_, T> {
    /// Polls a user future to its end, unless the consumer goes. `suspended` is called once, when the
    /// future first has to wait.
    pub(super) async fn watch<F: Future>(
        &mut self,
        begin: impl FnOnce() -> F,
        suspended: impl FnOnce(),
    ) -> Result<F::Output, Unwanted> {
        // Before it is made, also for work that does more then than it may.
        if self.port.is_closed() {
            return Err(Unwanted);
        }
        let mut suspended = Some(suspended);
        let mut future = pin!(Breakable::new(begin()));
        poll_fn(|cx| {
            if self.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => Poll::Ready(Ok(value)),
                Poll::Pending => {
                    if let Some(suspended) = suspended.take() {
                        // The next may block, and suspend too late for the others.
                        self.pace.slow();
                        suspended();
                    }
                    note_wait(WaitsFor::Future);
                    self.rest(cx)
                }
            }
        })
        .await
    }

    /// Waits, in sight of the statistics, until nothing runs of what the work has begun.
    pub(super) async fn settle(
        &mut self,
        mut poll_settled: impl FnMut(&mut Context<'_>) -> Poll<()>,
    ) -> Result<(), Unwanted> {
        let mut overdue = None;
        poll_fn(|cx| {
            if poll_settled(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            overdue.get_or_insert_with(|| self.port.tally().overdue());
            note_wait(WaitsFor::Future);
            self.rest(cx)
        })
        .await
    }

    /// Shows what there is before the task waits.
    pub(super) fn rest<R>(&mut self, cx: &mut Context<'_>) -> Poll<Result<R, Unwanted>> {
        self.pace.waited();
        if self.port.rest(cx) { Poll::Ready(Err(Unwanted)) } else { Poll::Pending }
    }

    /// Counts an item; shows what there is and gives way when it is time to.
    pub(super) async fn step(&mut self) {
        let mut next = self.pace.item();
        if next == Next::Go {
            return;
        }
        self.port.put();
        poll_fn(|cx| match next {
            Next::Go => Poll::Ready(()),
            Next::Show => {
                let polled = self.pace.poll_budget(cx);
                if polled.is_pending() {
                    self.pace.waited();
                }
                polled
            }
            Next::GiveWay => {
                next = Next::Go;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
    }
}
