//! The workers of a stage: tasks that share one input.

// For maintainers. The input is passed round like a baton. Only who holds it takes items, one at a time, so the input
// wakes exactly that worker, and nothing that was taken waits in anybody's hand. While work is quick the
// holder keeps it, and goes on alone: it is done sooner than another is woken. It lets go of it, and calls another,
// before work that may take long, as soon as work suspends, and when it gives way. Items are given tickets in
// the order of the input, by the holder.

#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::idle::{Found, Idle, Why};
use super::line::{Line, News};
use super::pace::{Next, Pace, Quick};
use super::port::Port;
use super::{Inlet, Tally};
use crate::runtime::WaitsFor;
use crate::scope::{call, drop_items, has_called, note_wait, poll_go_on};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// In which order a boundary gives what its workers make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// In the order of the input.
    #[default]
    Ordered,
    /// As it is done.
    Unordered,
}

/// Tells an item's key, hashed: items of one key are worked on one after the other. Two keys with the
/// same hash only wait for each other without need.
pub type Key<In> = Arc<dyn Fn(&In) -> u64 + Send + Sync>;

/// What the workers of one stage share.
pub(super) struct Crew<In> {
    /// Keeps items of one key in order.
    key: Option<Key<In>>,
    /// True while items take little time, by what any of the workers saw last.
    quick: AtomicBool,
    state: Mutex<State<In>>,
    /// Told of items that were taken and never begun.
    tally: Tally,
}

/// An item that was taken and not begun.
pub(super) struct Taken<In> {
    /// Its place in the order of the input.
    pub(super) ticket: u64,
    /// Its key's hash; 0 where there are no keys.
    pub(super) key: u64,
    pub(super) item: In,
}

/// What a worker finds to do: an item; `None` at the end.
pub(super) type Polled<In> = Poll<Result<Option<Taken<In>>, News>>;

/// The input, and the right to take items of it.
struct Baton<In> {
    input: Inlet<In>,
    /// The next item's ticket.
    next: u64,
}

struct State<In> {
    /// While no worker holds it.
    baton: Option<Baton<In>>,
    /// Items that wait for others of their key, or are ready.
    slots: Vec<Option<Taken<In>>>,
    idle: Idle,
}

impl<In> Crew<In> {
    /// Of so many workers, who share this input; none where one of them has it.
    pub(super) fn new(
        workers: usize,
        input: Option<Inlet<In>>,
        key: Option<Key<In>>,
        tally: Tally,
    ) -> Arc<Self> {
        let baton = input.map(|input| Baton { input, next: 0 });
        let state = State { baton, slots: Vec::new(), idle: Idle::new(workers, key.is_some()) };
        Arc::new(Self { key, quick: AtomicBool::new(false), state: Mutex::new(state), tally })
    }

    /// Calls an idle worker to what there is to do, and to the input where that is let go of.
    fn call(&self, why: Why, mut baton: Option<Baton<In>>) {
        let mut state = self.state.lock();
        if baton.is_some() {
            std::mem::swap(&mut state.baton, &mut baton);
        }
        let has_baton = state.baton.is_some();
        let (next, old) = state.idle.call(why, has_baton);
        drop(state);
        drop(old);
        call(next);
    }

    /// The input has ended, and goes; all workers are to know.
    #[cold]
    #[inline(never)]
    fn end(&self, baton: Option<Baton<In>>) {
        self.call(Why::Ended, None);
        drop(baton);
    }

    fn is_quick(&self) -> bool {
        self.quick.load(Ordering::Relaxed)
    }
}

impl<In> Drop for Crew<In> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        let (waiting, slots) = (state.idle.waiting(), std::mem::take(&mut state.slots));
        drop(state);
        self.tally.cancelled.add(waiting);
        drop_items(slots);
    }
}

impl<In> State<In> {
    /// Makes the item's key busy; keeps the item where it is so already.
    fn hold(&mut self, taken: Taken<In>) -> Option<Taken<In>> {
        let Some(slot) = self.idle.hold(taken.key) else { return Some(taken) };
        if slot == self.slots.len() {
            self.slots.push(Some(taken));
        } else {
            self.slots[slot] = Some(taken);
        }
        None
    }
}

/// An item whose key is asked for. Where that panics it has been taken, and never begun.
struct Unbegun<'a, In> {
    taken: Option<Taken<In>>,
    tally: &'a Tally,
}

impl<In> Unbegun<'_, In> {
    fn tell_key(&mut self, key: &Key<In>) {
        if let Some(taken) = &mut self.taken {
            taken.key = key(&taken.item);
        }
    }
}

impl<In> Drop for Unbegun<'_, In> {
    fn drop(&mut self) {
        self.tally.cancelled.add(usize::from(self.taken.is_some()));
    }
}

/// Where one worker's items come from.
pub(super) struct Feed<In> {
    /// The input, while this worker has it.
    baton: Option<Baton<In>>,
    /// Whom it shares the input with: which of them it is, its port tells.
    crew: Option<Arc<Crew<In>>>,
    /// How what is made goes out where there are several; and the keys, until there are.
    order: Order,
    key: Option<Box<Key<In>>>,
    /// True where what is made goes out by tickets; where items of one key go one after the other.
    ordered: bool,
    keyed: bool,
}

/// What a worker of several is to do.
enum Turn<In> {
    /// To take items of the input: it has the baton.
    Baton,
    /// To work on an item whose key has become free.
    Ready(Taken<In>),
    /// Nothing, for good.
    Over,
    /// To wait until it is called.
    Idle,
}

impl<In: Send + 'static> Feed<In> {
    /// That of a worker that is alone, and has the input to itself.
    pub(super) fn alone(input: Inlet<In>, order: Order, key: Option<Key<In>>) -> Self {
        let baton = Some(Baton { input, next: 0 });
        Self { baton, crew: None, order, key: key.map(Box::new), ordered: false, keyed: false }
    }

    /// That of one of several.
    pub(super) fn shared(crew: Arc<Crew<In>>, order: Order) -> Self {
        let mut feed = Self { baton: None, crew: None, order, key: None, ordered: false, keyed: false };
        feed.join(crew);
        feed
    }

    /// From now on this worker is one of several.
    fn join(&mut self, crew: Arc<Crew<In>>) {
        self.keyed = crew.key.is_some();
        // Items of one key come in order, whatever the others do.
        self.ordered = !self.keyed && self.order == Order::Ordered;
        self.crew = Some(crew);
    }

    /// True where others may not begin before this worker has done with its item: nobody knows of which key that is.
    pub(super) fn holds_back(&self) -> bool {
        self.key.is_some()
    }

    /// That of one more worker, in this place. One that was alone has the input still, and shares it from now on.
    pub(super) fn other<T>(&mut self, index: usize, port: &mut Port<T>) -> Self {
        if self.crew.is_none() {
            let key = self.key.take().map(|key| *key);
            self.join(Crew::new(1, None, key, port.tally()));
            if let Some(baton) = &self.baton {
                port.begin_at(baton.next - u64::from(port.is_busy()));
            }
        }
        let Some(crew) = &self.crew else { unreachable!("it is one of a crew") };
        crew.state.lock().idle.admit(index);
        Self::shared(Arc::clone(crew), self.order)
    }

    /// This worker was let go, which had this place.
    pub(super) fn dismiss(&mut self, index: usize) {
        if let Some(crew) = &self.crew {
            crew.call(Why::Dismissed(index), self.baton.take());
        }
    }

    /// Lets go of the input, and calls others to it, since this worker waits or gives way.
    #[inline(never)]
    pub(super) fn share(&mut self) {
        if let Some(crew) = &self.crew {
            // With keys it may lie there since an item that was ready came first.
            if self.baton.is_some() || self.keyed {
                crew.call(Why::LetGo, self.baton.take());
            }
        }
    }

    /// Claims room and takes an item; `None` at the end of the input.
    #[inline(always)]
    pub(super) fn poll_take<T>(&mut self, line: &mut Line<T>, cx: &mut Context<'_>) -> Polled<In> {
        if line.port.has_news() {
            return Poll::Ready(Err(News));
        }
        if line.scope.is_cancelled() {
            return Poll::Pending;
        }
        let crew = self.crew.as_deref();
        if crew.is_none_or(|crew| self.baton.is_some() && !self.keyed && crew.is_quick()) {
            match (ready!(poll_input(&mut self.baton, crew, line, cx))?, crew) {
                // It is not polled again.
                (None, Some(crew)) => crew.end(self.baton.take()),
                (taken, _) => return Poll::Ready(Ok(taken)),
            }
        }
        self.poll_crew(line, cx)
    }

    /// Takes an item as one of several workers, and calls others before it is worked on.
    #[inline(never)]
    fn poll_crew<T>(&mut self, line: &mut Line<T>, cx: &mut Context<'_>) -> Polled<In> {
        let Some(crew) = &self.crew else { unreachable!("it is one of a crew") };
        let taken = ready!(crew.poll_take(&mut self.baton, line, cx))?;
        if taken.is_none() {
            crew.call(Why::LetGo, None);
        } else if !crew.is_quick() {
            // The work may block. Who is called needs room for what comes next.
            line.port.spare();
            crew.call(Why::LetGo, self.baton.take());
            if has_called() {
                line.scope.runtime().offer_woken();
            }
        }
        Poll::Ready(Ok(taken))
    }

    /// Where the workers of a crew tell each other whether items take little time.
    #[inline]
    pub(super) fn quick(&self) -> Quick<'_> {
        self.crew.as_ref().map(|crew| &crew.quick)
    }

    /// Keeps what was made of an item, to be put.
    #[inline(always)]
    pub(super) fn put<T>(&self, port: &mut Port<T>, ticket: u64, made: Option<T>) {
        match made {
            made if self.ordered => port.push_ticketed(ticket, made),
            Some(made) => port.push(made),
            None => port.filter_out(),
        }
    }

    /// At the end of a chunk: shows what there is, and gives way when it is time to.
    #[inline(never)]
    pub(super) fn poll_turn<T>(&mut self, next: Next, line: &mut Line<T>, cx: &mut Context<'_>) -> Poll<()> {
        if next == Next::Show && line.scope.runtime().poll_budget(cx).is_ready() {
            line.port.turn(want(self.crew.as_deref(), &line.pace));
            line.pace.called();
            return Poll::Ready(());
        }
        note_wait(WaitsFor::Thread);
        if next == Next::GiveWay {
            cx.waker().wake_by_ref();
        }
        line.port.give_back();
        line.pace.waited();
        self.share();
        Poll::Pending
    }

    /// Lets the next item of this key begin.
    #[inline]
    pub(super) fn release<T>(&self, port: &mut Port<T>, key: u64) {
        if self.keyed {
            self.release_key(port, key);
        }
    }

    #[inline(never)]
    fn release_key<T>(&self, port: &mut Port<T>, key: u64) {
        if let Some(crew) = &self.crew {
            // What was made is shown before: that keeps the order of the key.
            port.put();
            crew.call(Why::Released { key, quick: crew.is_quick() }, None);
        }
    }
}

impl<In: Send + 'static> Crew<In> {
    /// Takes an item that is ready, or the baton and then one of the input; `None` at the end.
    fn poll_take<T>(
        &self,
        baton: &mut Option<Baton<In>>,
        line: &mut Line<T>,
        cx: &mut Context<'_>,
    ) -> Polled<In> {
        loop {
            // With keys an item may have become ready meanwhile.
            if baton.is_none() || self.key.is_some() {
                let turn = self.turn(baton, line.port.index(), cx.waker());
                if !matches!(turn, Turn::Baton) {
                    line.port.unpark();
                }
                match turn {
                    Turn::Baton => {}
                    Turn::Ready(taken) => return Poll::Ready(Ok(Some(taken))),
                    Turn::Over => return Poll::Ready(Ok(None)),
                    Turn::Idle => {
                        line.rest(WaitsFor::Turn, cx.waker())?;
                        return Poll::Pending;
                    }
                }
            }
            let Some(taken) = ready!(poll_input(baton, Some(self), line, cx))? else {
                self.end(baton.take());
                // Others may have items whose keys are busy.
                continue;
            };
            let Some(key) = &self.key else { return Poll::Ready(Ok(Some(taken))) };
            let mut taken = Unbegun { taken: Some(taken), tally: &self.tally };
            taken.tell_key(key);
            let free = taken.taken.take().and_then(|taken| self.state.lock().hold(taken));
            if free.is_some() {
                return Poll::Ready(Ok(free));
            }
            // Where all that comes waits for its key, this is a loop.
            if poll_go_on(cx).is_pending() {
                line.rest(WaitsFor::Thread, cx.waker())?;
                return Poll::Pending;
            }
        }
    }

    /// What there is to do for this worker, which may have the baton already.
    fn turn(&self, baton: &mut Option<Baton<In>>, index: usize, waker: &Waker) -> Turn<In> {
        let mut state = self.state.lock();
        let has_baton = baton.is_some() || state.baton.is_some();
        let found = state.idle.turn(index, waker, has_baton);
        match found {
            Found::Ready(slot) => {
                if baton.is_some() {
                    std::mem::swap(&mut state.baton, baton);
                }
                Turn::Ready(state.slots[slot].take().expect("it lies there"))
            }
            Found::Over => Turn::Over,
            Found::Baton => {
                if baton.is_none() {
                    std::mem::swap(&mut state.baton, baton);
                }
                Turn::Baton
            }
            Found::Nothing(old) => {
                drop(state);
                drop(old);
                Turn::Idle
            }
        }
    }
}

/// How much room to claim: for a chunk, but one by one what others may need as well.
fn want<In>(crew: Option<&Crew<In>>, pace: &Pace) -> usize {
    if crew.is_none_or(Crew::is_quick) { pace.chunk() } else { 1 }
}

/// Claims room and takes an item of the input; `None` at its end.
#[inline(always)]
fn poll_input<In: Send + 'static, T>(
    baton: &mut Option<Baton<In>>,
    crew: Option<&Crew<In>>,
    line: &mut Line<T>,
    cx: &mut Context<'_>,
) -> Polled<In> {
    let Some(Baton { input, next }) = baton else { return Poll::Ready(Ok(None)) };
    if line.port.permits() == 0 && !line.port.claim_alone() {
        ready!(line.poll_room(want(crew, &line.pace), cx))?;
    }
    match input.poll_next(cx) {
        Poll::Ready(Some(item)) => {
            line.port.take_in();
            let ticket = *next;
            *next += 1;
            Poll::Ready(Ok(Some(Taken { ticket, key: 0, item })))
        }
        Poll::Ready(None) => Poll::Ready(Ok(None)),
        Poll::Pending => {
            line.rest(WaitsFor::Input, cx.waker())?;
            Poll::Pending
        }
    }
}
