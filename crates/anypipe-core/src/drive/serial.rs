//! One task between an input and a hop.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Work;
use super::hop::Port;
use super::pace::{Next, Pace};
use crate::runtime::WaitsFor;
use crate::scope::{Scope, note_wait};

/// The consumer went: there is nobody left to work for.
pub(super) struct Unwanted;

/// Takes items one by one, works on each, and puts what comes of it.
pub(super) async fn serial<In, W: Work<In>>(
    input: impl Stream<Item = In> + Send,
    work: W,
    mut port: Port<W::Out>,
    scope: Scope,
) {
    let mut input = pin!(input);
    let mut pace = Pace::new(scope.runtime().clone());
    let mut line = Line { port: &mut port, pace: &mut pace, scope: &scope };
    let Ok(mut state) = line.watch(work.init()).await else { return };
    loop {
        // Room for the result comes first: a future that was started never waits for room.
        let Ok(taken) = line.take(input.as_mut()).await else { return };
        let Some(item) = taken else { break };
        line.port.begin();
        let Ok(made) = line.watch(work.call(&mut state, item)).await else { return };
        match made {
            Some(made) => line.port.push(made),
            None => line.port.filter_out(),
        }
        line.step().await;
    }
    drop(state);
    port.finish();
}

/// What a worker's task is made of, and how it waits: showing first what it has.
pub(super) struct Line<'a, T> {
    pub(super) port: &'a mut Port<T>,
    pub(super) pace: &'a mut Pace,
    pub(super) scope: &'a Scope,
}

impl<T> Line<'_, T> {
    /// Claims room and takes an item; `None` at the end of the input.
    async fn take<In>(
        &mut self,
        mut input: Pin<&mut impl Stream<Item = In>>,
    ) -> Result<Option<In>, Unwanted> {
        poll_fn(|cx| {
            if self.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            if self.scope.is_cancelled() || self.port.poll_claim(cx, self.pace.chunk()).is_pending() {
                self.pace.waited();
                return Poll::Pending;
            }
            if self.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    self.port.take_in();
                    Poll::Ready(Ok(Some(item)))
                }
                Poll::Ready(None) => Poll::Ready(Ok(None)),
                Poll::Pending => {
                    note_wait(WaitsFor::Input);
                    self.rest(cx)
                }
            }
        })
        .await
    }

    /// Polls a user future to its end, unless the consumer goes.
    pub(super) async fn watch<R>(&mut self, future: impl Future<Output = R>) -> Result<R, Unwanted> {
        self.watch_or(future, || {}).await
    }

    /// As [`watch`](Line::watch); `suspended` is called once, when the future first has to wait.
    pub(super) async fn watch_or<R>(
        &mut self,
        future: impl Future<Output = R>,
        suspended: impl FnOnce(),
    ) -> Result<R, Unwanted> {
        let mut suspended = Some(suspended);
        let mut future = pin!(future);
        poll_fn(|cx| {
            if self.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => Poll::Ready(Ok(value)),
                Poll::Pending => {
                    if let Some(suspended) = suspended.take() {
                        suspended();
                    }
                    note_wait(WaitsFor::Future);
                    self.rest(cx)
                }
            }
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
