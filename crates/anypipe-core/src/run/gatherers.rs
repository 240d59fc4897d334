//! Workers that take futures from one iterator: as many as have something to do at the same time, up to a limit.

// For maintainers. A future for each task would cost a spawn for each, and a task that hands them out a wake. So a
// worker takes the next future itself. The iterator is the user's code: whoever pulls has taken it out of the state,
// and nobody holds a lock meanwhile. Before a worker polls what it has pulled it *calls* another one, which is woken or
// spawned, to pull the next: work that takes long is on as many threads as there are. One call is under way at a time
// and quick work is over before anybody comes, so few workers are ever made for it; a future that waits keeps its
// worker, and whoever was called has come by then and has called the next. A worker that finds nothing to pull is
// parked, and is called again by whoever makes room or brings the iterator back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use crate::scope::{Scope, Turns, Wakes, drop_broken, holding, replace_waker};
use crate::sync::Mutex;

/// Where outcomes go.
pub(super) trait Keeps<O>: Send + 'static {
    /// An outcome that was looked at.
    type Kept: Send;

    /// True where an outcome counts against the limit until it is taken.
    const COUNTED: bool;

    /// Looks at an outcome; no lock is held.
    fn look(scope: &Scope, outcome: O) -> Self::Kept;

    /// Keeps it.
    fn put(&mut self, index: usize, kept: Self::Kept) -> Put<Self::Kept>;
}

/// What becomes of an outcome that was put.
pub(super) enum Put<K> {
    /// It was kept, and the run's own part is to be told or not.
    Kept { tell: bool },
    /// Nothing more is to be started.
    Stop,
    /// It came too late, and is dropped once the lock is let go.
    Late(K),
}

/// Those who gather.
pub(super) struct Gatherers<I, K> {
    /// The name of its tasks.
    name: &'static str,
    /// The most futures that are under way.
    limit: usize,
    /// Joins its workers.
    scope: Scope,
    state: Mutex<State<I, K>>,
}

pub(super) struct State<I, K> {
    /// The futures that nobody has pulled; taken out while somebody pulls.
    futures: Option<I>,
    /// Set where nothing more is pulled: there is nothing more, or somebody said stop.
    over: bool,
    /// How many were pulled.
    pulled: usize,
    /// How many of them count against the limit.
    outstanding: usize,
    /// One for each worker.
    seats: Vec<Seat>,
    /// The seats of those who are parked, and of some that are not any more.
    parked: Vec<usize>,
    /// True while a worker was called that has not come yet.
    calling: bool,
    /// Where outcomes go.
    keeps: K,
    /// The run's own part, that waits.
    body: Option<Waker>,
}

#[derive(Default)]
struct Seat {
    /// Wakes the worker, while it is parked.
    waker: Option<Waker>,
    /// True while the seat is among the parked.
    is_listed: bool,
    /// True from when the worker is called until it comes.
    is_called: bool,
}

/// Who is called.
enum Call {
    Nobody,
    Parked(Waker),
    /// A worker that is to be made, for this seat.
    New(usize),
}

impl<I, K> State<I, K> {
    fn call(&mut self, limit: usize) -> Call {
        if self.calling || self.over || self.futures.is_none() || self.outstanding >= limit {
            return Call::Nobody;
        }
        while let Some(seat) = self.parked.pop() {
            let seat = &mut self.seats[seat];
            seat.is_listed = false;
            if let Some(waker) = seat.waker.take() {
                (self.calling, seat.is_called) = (true, true);
                return Call::Parked(waker);
            }
        }
        if self.seats.len() >= limit {
            return Call::Nobody;
        }
        self.calling = true;
        self.seats.push(Seat { is_called: true, ..Seat::default() });
        Call::New(self.seats.len() - 1)
    }

    /// Ends the pulling; gives whom to wake: all of the parked, and with them the run's own part.
    fn end(&mut self) -> Wakes {
        self.over = true;
        let seats = &mut self.seats;
        let parked = std::mem::take(&mut self.parked);
        parked.into_iter().filter_map(|seat| seats[seat].waker.take()).chain(self.body.take()).collect()
    }

    /// True once everything was pulled, and nothing counts any more.
    pub(super) fn is_done(&self) -> bool {
        self.over && self.outstanding == 0
    }

    pub(super) fn keeps(&mut self) -> &mut K {
        &mut self.keeps
    }
}

impl<I, K> Gatherers<I, K>
where
    I: Iterator + Send + 'static,
    I::Item: Future + Send + 'static,
    K: Keeps<<I::Item as Future>::Output>,
{
    /// Begins to work in a scope.
    pub(super) fn start(name: &'static str, limit: usize, scope: &Scope, futures: I, keeps: K) -> Arc<Self> {
        let state = State {
            futures: Some(futures),
            over: false,
            pulled: 0,
            outstanding: 0,
            seats: Vec::new(),
            parked: Vec::new(),
            calling: false,
            keeps,
            body: None,
        };
        let gatherers = Arc::new(Self { name, limit, scope: scope.clone(), state: Mutex::new(state) });
        let call = gatherers.state.lock().call(limit);
        gatherers.make(call);
        gatherers
    }

    fn make(self: &Arc<Self>, call: Call) {
        match call {
            Call::Nobody => {}
            Call::Parked(waker) => waker.wake(),
            Call::New(seat) => {
                let gatherers = Arc::clone(self);
                let worker = Worker { gatherers, seat, index: 0, future: None, turns: Turns::default() };
                self.scope.spawn(self.name, worker);
            }
        }
    }

    /// The next future, `None` where there is none any more.
    fn poll_pull(self: &Arc<Self>, cx: &mut Context<'_>, seat: usize) -> Poll<Option<(usize, I::Item)>> {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.seats[seat].is_called) {
            state.calling = false;
        }
        if state.over {
            return Poll::Ready(None);
        }
        let has_room = state.outstanding < self.limit;
        let Some(mut futures) = (if has_room { state.futures.take() } else { None }) else {
            let own = &mut state.seats[seat];
            let old = replace_waker(&mut own.waker, cx.waker());
            if !std::mem::replace(&mut own.is_listed, true) {
                state.parked.push(seat);
            }
            drop(state);
            drop(old);
            return Poll::Pending;
        };
        // Parked before, and woken by somebody else.
        let old = state.seats[seat].waker.take();
        drop(state);
        drop(old);
        let next = futures.next();
        let mut state = self.state.lock();
        let was_over = state.over;
        let future = match next {
            Some(future) if !was_over => future,
            rest => {
                let wakers = state.end();
                drop(state);
                wakers.wake();
                if was_over {
                    break_rest((rest, futures));
                }
                return Poll::Ready(None);
            }
        };
        state.futures = Some(futures);
        let index = state.pulled;
        state.pulled += 1;
        state.outstanding += 1;
        let call = state.call(self.limit);
        drop(state);
        self.make(call);
        Poll::Ready(Some((index, future)))
    }

    /// Puts an outcome where it goes.
    fn deliver(&self, index: usize, outcome: <I::Item as Future>::Output) {
        let kept = K::look(&self.scope, outcome);
        let mut state = self.state.lock();
        state.outstanding -= usize::from(!K::COUNTED);
        let (mut tell, mut rest, mut late, mut wakers) = (state.is_done(), None, None, Wakes::default());
        match state.keeps.put(index, kept) {
            Put::Kept { tell: at_once } => tell |= at_once,
            Put::Stop => {
                rest = state.futures.take();
                wakers = state.end();
            }
            Put::Late(kept) => late = Some(kept),
        }
        wakers.extend(if tell { state.body.take() } else { None });
        drop(state);
        wakers.wake();
        drop(late);
        rest.into_iter().for_each(break_rest);
    }

    /// Waits for what `look` finds in the state.
    pub(super) fn poll_body<R>(
        &self,
        cx: &mut Context<'_>,
        look: impl FnOnce(&mut State<I, K>) -> Option<R>,
    ) -> Poll<R> {
        let mut state = self.state.lock();
        if let Some(found) = look(&mut state) {
            return Poll::Ready(found);
        }
        let old = replace_waker(&mut state.body, cx.waker());
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Tells that so many outcomes which counted were taken.
    pub(super) fn taken(self: &Arc<Self>, outcomes: usize) {
        let mut state = self.state.lock();
        state.outstanding -= outcomes;
        let call = state.call(self.limit);
        drop(state);
        self.make(call);
    }
}

/// Drops futures that are not started any more: what they were to send into is broken.
fn break_rest<I>(futures: I) {
    if let Err(panic) = drop_broken(futures) {
        panic.resume();
    }
}

pin_project! {
    /// One worker.
    struct Worker<I, K>
    where
        I: Iterator,
    {
        gatherers: Arc<Gatherers<I, K>>,
        // Its place among them.
        seat: usize,
        // That of the future in hand.
        index: usize,
        // The future in hand.
        #[pin]
        future: Option<I::Item>,
        turns: Turns,
    }
}

impl<I, K> Future for Worker<I, K>
where
    I: Iterator + Send + 'static,
    I::Item: Future + Send + 'static,
    K: Keeps<<I::Item as Future>::Output>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let mut is_first = true;
        loop {
            if let Some(future) = this.future.as_mut().as_pin_mut() {
                let Poll::Ready(outcome) = future.poll(cx) else {
                    this.turns.waited();
                    return Poll::Pending;
                };
                let outcome = holding(outcome, || this.future.set(None));
                this.gatherers.deliver(*this.index, outcome);
                if this.gatherers.scope.is_cancelled() {
                    // Asked at once, whatever turns are left: nothing starts any more.
                    this.turns.waited();
                    is_first = false;
                }
                // One future in a poll is no loop: most that wait are alone in it.
                if !std::mem::take(&mut is_first) {
                    ready!(this.turns.poll_go_on(cx));
                }
            }
            let Some((index, future)) = ready!(this.gatherers.poll_pull(cx, *this.seat)) else {
                return Poll::Ready(());
            };
            *this.index = index;
            this.future.set(Some(future));
        }
    }
}
