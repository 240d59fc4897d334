//! The workers of a stage: tasks that share one input.

// For maintainers. The input is passed round like a baton. Only who holds it polls the input, so the input
// wakes exactly that worker; who has taken items from it puts it back, and wakes an idle worker to
// take it over, before working on the first of them. Items that were taken and not started lie in
// `ready`, in sight of all, so none of them waits behind a busy worker. Items are given tickets in
// the order of the input, by the holder.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::Work;
use super::boundary::Order;
use super::hop::Port;
use super::pace::Pace;
use super::serial::{Line, Unwanted};
use crate::runtime::WaitsFor;
use crate::scope::{Scope, note_wait};
use crate::sync::Mutex;

type Input<In> = Pin<Box<dyn Stream<Item = In> + Send>>;

/// What the workers of one stage share.
pub(super) struct Crew<In> {
    order: Order,
    state: Mutex<State<In>>,
}

struct State<In> {
    /// The input, while no worker holds it.
    input: Option<Input<In>>,
    /// Set when the input has ended.
    ended: bool,
    /// Items that were taken and not started, with their tickets and permits.
    ready: VecDeque<(u64, In)>,
    /// The next item's ticket.
    next: u64,
    /// Workers with nothing to do, by their index.
    idle: VecDeque<(usize, Waker)>,
}

impl<In> Crew<In> {
    pub(super) fn new(input: Input<In>, order: Order) -> Self {
        let state = State {
            input: Some(input),
            ended: false,
            ready: VecDeque::new(),
            next: 0,
            idle: VecDeque::new(),
        };
        Self { order, state: Mutex::new(state) }
    }
}

impl<In> State<In> {
    /// The worker to wake for what is there to do: an item, the input, or the end.
    fn call_next(&mut self) -> Option<Waker> {
        if self.ready.is_empty() && self.input.is_none() && !self.ended {
            return None;
        }
        self.idle.pop_front().map(|(_, waker)| waker)
    }
}

/// One worker.
pub(super) struct Member<In, T> {
    crew: Arc<Crew<In>>,
    /// Which of the workers this is.
    index: usize,
    /// The input, while this worker holds it.
    held: Option<Input<In>>,
    port: Port<T>,
    scope: Scope,
}

impl<In: Send + 'static, T: Send + 'static> Member<In, T> {
    pub(super) fn new(crew: Arc<Crew<In>>, index: usize, port: Port<T>, scope: Scope) -> Self {
        Self { crew, index, held: None, port, scope }
    }

    pub(super) async fn run<W: Work<In, Out = T>>(self, work: Arc<W>) {
        let Self { crew, index, mut held, mut port, scope } = self;
        let mut pace = Pace::new(scope.runtime().clone());
        let mut line = Line { port: &mut port, pace: &mut pace, scope: &scope };
        let Ok(mut state) = line.watch(work.init()).await else { return };
        loop {
            let Ok(taken) = poll_fn(|cx| crew.poll_take(&mut held, index, &mut line, cx)).await else {
                return;
            };
            let Some((ticket, item)) = taken else { break };
            let Ok(made) = line.watch(work.call(&mut state, item)).await else { return };
            match (crew.order, made) {
                (Order::Ordered, made) => line.port.push_ticketed(ticket, made),
                (Order::Unordered, Some(made)) => line.port.push(made),
                (Order::Unordered, None) => line.port.free_permit(),
            }
            line.step().await;
        }
        drop(state);
        port.finish();
    }
}

impl<In: Send + 'static> Crew<In> {
    /// Takes an item that is ready, or the baton and then items of the input; `None` at the end.
    fn poll_take<T>(
        &self,
        held: &mut Option<Input<In>>,
        index: usize,
        line: &mut Line<'_, T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<(u64, In)>, Unwanted>> {
        if line.port.is_closed() {
            return Poll::Ready(Err(Unwanted));
        }
        if line.scope.is_cancelled() {
            return Poll::Pending;
        }
        let mut input = match held.take() {
            Some(input) => input,
            None => {
                let mut state = self.state.lock();
                let found = state.ready.pop_front();
                if found.is_some() || state.ended {
                    let next = state.call_next();
                    drop(state);
                    next.into_iter().for_each(Waker::wake);
                    return Poll::Ready(Ok(found));
                }
                match state.input.take() {
                    Some(input) => input,
                    None => {
                        state.idle.retain(|(other, _)| *other != index);
                        state.idle.push_back((index, cx.waker().clone()));
                        drop(state);
                        note_wait(WaitsFor::Turn);
                        return line.rest(cx);
                    }
                }
            }
        };
        if line.port.poll_claim(cx, line.pace.chunk()).is_pending() {
            *held = Some(input);
            line.pace.waited();
            return Poll::Pending;
        }
        if line.port.is_closed() {
            return Poll::Ready(Err(Unwanted));
        }
        let mut taken = VecDeque::new();
        let mut ended = false;
        while line.port.permits() > 0 {
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    line.port.use_permit();
                    taken.push_back(item);
                }
                Poll::Ready(None) => {
                    ended = true;
                    break;
                }
                Poll::Pending => break,
            }
        }
        if taken.is_empty() && !ended {
            *held = Some(input);
            note_wait(WaitsFor::Input);
            return line.rest(cx);
        }
        let mut finished = None;
        let mut state = self.state.lock();
        if ended {
            state.ended = true;
            finished = Some(input);
        } else {
            state.input = Some(input);
        }
        for item in taken {
            let ticket = state.next;
            state.next += 1;
            state.ready.push_back((ticket, item));
        }
        let first = state.ready.pop_front();
        let next = state.call_next();
        drop(state);
        next.into_iter().for_each(Waker::wake);
        drop(finished);
        Poll::Ready(Ok(first))
    }
}
