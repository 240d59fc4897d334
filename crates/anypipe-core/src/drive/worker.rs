//! One task between an input and a hop.

use std::borrow::Cow;
use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::crew::{Feed, Taken};
use super::line::{Line, Unwanted, next_poll, present_poll};
use super::pace::Next;
use super::port::Port;
use super::{At, Work};
use crate::runtime::WaitsFor;
use crate::scope::{Breakable, Scope};

/// One task of a stage: takes an item, works on it, and puts what comes of it.
///
/// What the task is made of is made before, and stays where it is: what an `async fn` is given is kept twice.
pub(super) fn worker<In: Send + 'static, W: Work<In>>(
    name: Cow<'static, str>,
    feed: Feed<In>,
    work: Common<W>,
    port: Port<W::Out>,
    scope: Scope,
) -> impl Future<Output = ()> + Send {
    let line = Line { port, pace: feed.pace(), scope };
    let mut worker = Worker { line, work, feed, name };
    async move {
        let mut state = W::State::default();
        let mut waker = present_poll().await;
        worker.line.begin();
        loop {
            // What a `match` holds while there is an `await` in it is kept in the task, which is dear.
            let Taken { ticket, key, item } = loop {
                match worker.poll_work(&mut state, &mut Context::from_waker(&waker)) {
                    Poll::Ready(Ok(Some(taken))) => break taken,
                    Poll::Ready(Ok(None)) => {
                        drop(state);
                        return worker.line.port.finish();
                    }
                    Poll::Ready(Err(Unwanted)) => return,
                    Poll::Pending => {}
                }
                next_poll(&mut waker).await;
                worker.line.begin();
            };
            let made = {
                let at = At { stage: &worker.name, index: ticket };
                let mut future = pin!(Breakable::new(worker.work.call(&mut state, at, item)));
                loop {
                    if let Poll::Ready(made) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        break made;
                    }
                    // The next may block, and suspend too late for the others.
                    worker.line.pace.slow();
                    worker.feed.learn(worker.line.pace.learned());
                    worker.feed.share();
                    let Ok(()) = worker.line.rest(WaitsFor::Future, &waker) else { return };
                    next_poll(&mut waker).await;
                    if worker.line.port.is_closed() {
                        return;
                    }
                }
            };
            worker.keep(ticket, made);
            if worker.work.poll_settled(&mut state, &mut Context::from_waker(&waker)).is_pending() {
                let _overdue = worker.line.port.tally().overdue();
                loop {
                    let Ok(()) = worker.line.rest(WaitsFor::Future, &waker) else { return };
                    next_poll(&mut waker).await;
                    worker.line.begin();
                    if worker.work.poll_settled(&mut state, &mut Context::from_waker(&waker)).is_ready() {
                        break;
                    }
                }
            }
            if worker.poll_next(key, &mut Context::from_waker(&waker)).is_pending() {
                next_poll(&mut waker).await;
                worker.line.begin();
            }
        }
    }
}

/// A stage's work, which one task has alone, or a crew in common.
pub(super) enum Common<W> {
    Alone(W),
    Crew(Arc<W>),
}

impl<W> Deref for Common<W> {
    type Target = W;

    #[inline]
    fn deref(&self) -> &W {
        match self {
            Self::Alone(work) => work,
            Self::Crew(work) => work,
        }
    }
}

/// What the task of a worker has.
struct Worker<In, W: Work<In>> {
    line: Line<W::Out>,
    work: Common<W>,
    feed: Feed<In>,
    name: Cow<'static, str>,
}

impl<In: Send + 'static, W: Work<In>> Worker<In, W> {
    /// Takes items, and works on those whose work needs no future; gives one that does, or `None` at the end.
    ///
    /// Room for the result comes first: a future that was started never waits for room.
    #[inline]
    fn poll_work(
        &mut self,
        state: &mut W::State,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Taken<In>>, Unwanted>> {
        loop {
            let Some(taken) = ready!(self.feed.poll_take(&mut self.line, cx))? else {
                return Poll::Ready(Ok(None));
            };
            self.line.pace.offer(self.line.scope.runtime());
            self.line.port.begin();
            // Also for work that does more than it may when its future is made.
            if self.line.port.is_closed() {
                return Poll::Ready(Err(Unwanted));
            }
            let Taken { ticket, key, item } = taken;
            match self.work.call_now(state, At { stage: &self.name, index: ticket }, item) {
                Ok(made) => self.keep(ticket, made),
                Err(item) => return Poll::Ready(Ok(Some(Taken { ticket, key, item }))),
            }
            ready!(self.poll_next(key, cx));
        }
    }

    /// Keeps what was made of an item.
    #[inline]
    fn keep(&mut self, ticket: u64, made: Option<W::Out>) {
        if made.as_ref().is_some_and(W::is_err) {
            self.line.port.fail();
        }
        self.feed.put(&mut self.line.port, ticket, made);
    }

    /// An item of this key is done; gives way when it is time to.
    #[inline]
    fn poll_next(&mut self, key: u64, cx: &mut Context<'_>) -> Poll<()> {
        self.feed.release(&mut self.line.port, key);
        if !self.line.pace.item() {
            return Poll::Ready(());
        }
        self.poll_look(cx)
    }

    /// Reads the clock, and does what is to be done then.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let next = self.line.pace.look(self.line.scope.runtime());
        self.feed.learn(self.line.pace.learned());
        if next == Next::Go {
            return Poll::Ready(());
        }
        self.feed.poll_turn(next, &mut self.line, cx)
    }
}
