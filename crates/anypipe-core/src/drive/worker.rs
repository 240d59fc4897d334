//! One task between an input and a hop.

#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::borrow::Cow;
use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::crew::{Feed, Polled, Taken};
use super::line::{Line, Unwanted, next_poll, present_poll};
use super::pace::{Next, Pace};
use super::port::Port;
use super::{At, Work};
use crate::runtime::WaitsFor;
use crate::scope::{Breakable, Overdue, Scope};

/// One task of a stage: takes an item, works on it, and puts what comes of it.
///
/// What the task is made of is made before, and stays where it is: what an `async fn` is given is kept twice.
pub(super) fn worker<In: Send + 'static, W: Work<In>>(
    bench: Bench<In, W::Out>,
    name: Cow<'static, str>,
    work: Common<W>,
) -> impl Future<Output = ()> + Send {
    let mut worker = Worker { bench, work, name };
    async move {
        let mut state = W::State::default();
        let mut waker = present_poll().await;
        worker.bench.begin();
        loop {
            // What a `match` holds while there is an `await` in it is kept in the task, which is dear.
            let Taken { ticket, key, item } = loop {
                match worker.poll_item(&mut state, &mut Context::from_waker(&waker)) {
                    Poll::Ready(Ok(Some(taken))) => break taken,
                    Poll::Ready(Ok(None)) => {
                        // A state's destructor may panic: the end is told after it.
                        drop(state);
                        return worker.bench.line.port.finish();
                    }
                    Poll::Ready(Err(Unwanted)) => return,
                    Poll::Pending => {}
                }
                next_poll(&mut waker).await;
                worker.bench.begin();
            };
            let made = {
                let at = At { stage: &worker.name, index: ticket };
                let mut future = pin!(Breakable::new(worker.work.call(&mut state, at, item)));
                loop {
                    if let Poll::Ready(made) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        break made;
                    }
                    let Ok(()) = worker.bench.suspend(&waker) else { return };
                    next_poll(&mut waker).await;
                    if worker.bench.line.port.is_closed() {
                        return;
                    }
                }
            };
            worker.keep(ticket, made);
            worker.finish(key, &mut state, &mut Context::from_waker(&waker));
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
    bench: Bench<In, W::Out>,
    work: Common<W>,
    /// The stage's name.
    name: Cow<'static, str>,
}

impl<In: Send + 'static, W: Work<In>> Worker<In, W> {
    /// Takes items, and works on those whose work needs no future; gives one that does, or `None` at the end.
    ///
    /// Room for the result comes first: a future that was started never waits for room.
    #[inline]
    fn poll_item(&mut self, state: &mut W::State, cx: &mut Context<'_>) -> Polled<In> {
        if !matches!(self.bench.next, Then::Take) {
            ready!(self.poll_unfinished(state, cx))?;
        }
        loop {
            let Some(taken) = ready!(self.bench.feed.poll_take(&mut self.bench.line, cx))? else {
                return Poll::Ready(Ok(None));
            };
            self.bench.begin_item()?;
            let Taken { ticket, key, item } = taken;
            match self.work.call_now(state, At { stage: &self.name, index: ticket }, item) {
                Ok(made) => self.keep(ticket, made),
                Err(item) => return Poll::Ready(Ok(Some(Taken { ticket, key, item }))),
            }
            ready!(self.bench.poll_next(key, cx));
        }
    }

    /// Keeps what was made of an item.
    #[inline]
    fn keep(&mut self, ticket: u64, made: Option<W::Out>) {
        let is_err = made.as_ref().is_some_and(W::is_err);
        self.bench.keep(ticket, made, is_err);
    }

    /// The future of an item of this key is done.
    #[inline]
    fn finish(&mut self, key: u64, state: &mut W::State, cx: &mut Context<'_>) {
        let settled = self.work.poll_settled(state, cx);
        self.bench.finish(key, settled, cx);
    }

    /// Does what is to be done before the next item.
    #[cold]
    fn poll_unfinished(&mut self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<Result<(), Unwanted>> {
        if let Then::Settle(key) = self.bench.next {
            self.bench.next = Then::Take;
            self.finish(key, state, cx);
        }
        self.bench.poll_unfinished()
    }
}

/// What a worker does before it takes its next item.
#[derive(Clone, Copy)]
enum Then {
    /// Nothing.
    Take,
    /// It waits for its next poll; then, for an item of this key, until what its work has begun has settled.
    Wait(Option<u64>),
    /// It looks whether that has.
    Settle(u64),
    /// It ends.
    End,
}

/// What the task of a worker has but its work: built once for the types of the items.
pub(super) struct Bench<In, Out> {
    line: Line<Out>,
    feed: Feed<In>,
    /// What to do before the next item.
    next: Then,
    /// Held while work has not settled.
    overdue: Option<Overdue>,
}

impl<In: Send + 'static, Out: Send + 'static> Bench<In, Out> {
    pub(super) fn new(feed: Feed<In>, port: Port<Out>, scope: Scope) -> Self {
        let line = Line { port, pace: Pace::new(), scope };
        Self { line, feed, next: Then::Take, overdue: None }
    }

    /// Has each item be shown before the next: what blocks may not return for long.
    pub(super) fn show_each(&mut self) {
        self.line.pace.show_each();
    }

    /// A poll begins.
    fn begin(&mut self) {
        if let Then::Wait(unsettled) = self.next {
            self.next = unsettled.map_or(Then::Take, Then::Settle);
        }
        self.line.begin();
    }

    /// The work on an item begins, unless nobody takes what is made.
    #[inline]
    fn begin_item(&mut self) -> Result<(), Unwanted> {
        self.line.pace.offer(self.line.scope.runtime());
        self.line.port.begin();
        // Also for work that does more than it may when its future is made.
        if self.line.port.is_closed() { Err(Unwanted) } else { Ok(()) }
    }

    /// Keeps what was made of an item, to be put.
    #[inline(always)]
    fn keep(&mut self, ticket: u64, made: Option<Out>, is_err: bool) {
        if is_err {
            self.line.port.fail();
        }
        self.feed.put(&mut self.line.port, ticket, made);
    }

    /// The future of an item's work is pending.
    #[inline(never)]
    fn suspend(&mut self, waker: &Waker) -> Result<(), Unwanted> {
        // The next may block, and suspend too late for the others.
        self.line.pace.slow(self.feed.quick());
        self.feed.share();
        self.line.rest(WaitsFor::Future, waker)
    }

    /// The future of an item of this key is done; what its work has begun may be running still.
    #[inline]
    fn finish(&mut self, key: u64, settled: Poll<()>, cx: &mut Context<'_>) {
        if settled.is_pending() {
            self.wait_overdue(key, cx.waker());
        } else if self.poll_next(key, cx).is_pending() {
            self.next = Then::Wait(None);
        }
    }

    #[cold]
    fn wait_overdue(&mut self, key: u64, waker: &Waker) {
        self.overdue.get_or_insert_with(|| self.line.port.tally().overdue());
        let rests = self.line.rest(WaitsFor::Future, waker).is_ok();
        self.next = if rests { Then::Wait(Some(key)) } else { Then::End };
    }

    /// Ready where the next item may be taken.
    #[cold]
    fn poll_unfinished(&mut self) -> Poll<Result<(), Unwanted>> {
        if !matches!(self.next, Then::Wait(Some(_))) {
            self.overdue = None;
        }
        match self.next {
            Then::Take => Poll::Ready(Ok(())),
            Then::Wait(_) | Then::Settle(_) => Poll::Pending,
            Then::End => Poll::Ready(Err(Unwanted)),
        }
    }

    /// An item of this key is done, and the next may begin; gives way when it is time to.
    #[inline]
    fn poll_next(&mut self, key: u64, cx: &mut Context<'_>) -> Poll<()> {
        self.feed.release(&mut self.line.port, key);
        if !self.line.pace.item() {
            return Poll::Ready(());
        }
        self.poll_look(cx)
    }

    /// Reads the clock, and does what is to be done then.
    #[inline]
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let next = self.line.pace.look(self.line.scope.runtime(), self.feed.quick());
        if next == Next::Go { Poll::Ready(()) } else { self.feed.poll_turn(next, &mut self.line, cx) }
    }
}
