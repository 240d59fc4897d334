//! One task between an input and a hop.

#![expect(clippy::inline_always, reason = "they lie on the path of each item, and are small")]

use std::cell::Cell;
use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::crew::{Feed, Taken};
use super::ledger::{Look, Todo};
use super::line::{Line, News, Unwanted, next_poll, present_poll};
use super::pace::{Next, Pace};
use super::port::Port;
use super::{At, Tally, Threads, Work};
use crate::scope::task::BoxFuture;
use crate::scope::{Breakable, Overdue, Scope, TaskName, note_again};

/// What makes the tasks of a stage. All that needs no more of its work is built once for the types of the items.
pub(super) trait Tasks<In, Out> {
    /// [`Work::threads`].
    fn threads(&self) -> Threads;

    /// That of a worker of the stage, which has this name.
    fn task(&self, bench: Bench<In, Out>, name: TaskName) -> BoxFuture<()>;
}

/// Work that has one task for good, until that is made.
pub(super) struct OneTask<W> {
    work: Cell<Option<W>>,
    threads: Threads,
}

impl<W> OneTask<W> {
    pub(super) fn new(work: W, threads: Threads) -> Self {
        Self { work: Cell::new(Some(work)), threads }
    }
}

impl<In: Send + 'static, W: Work<In>> Tasks<In, W::Out> for OneTask<W> {
    fn threads(&self) -> Threads {
        self.threads
    }

    fn task(&self, bench: Bench<In, W::Out>, name: TaskName) -> BoxFuture<()> {
        Box::pin(worker(bench, name, Common::Alone(self.work.take().expect("it has one task"))))
    }
}

/// A stage's work: of one task for good, or of workers who have it in common, also while futures of theirs have it.
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

impl<In: Send + 'static, W: Work<In>> Tasks<In, W::Out> for Common<W> {
    fn threads(&self) -> Threads {
        W::threads(self)
    }

    fn task(&self, bench: Bench<In, W::Out>, name: TaskName) -> BoxFuture<()> {
        let Self::Crew(work) = self else { unreachable!("it has one task for good") };
        Box::pin(worker(bench, name, Self::Crew(Arc::clone(work))))
    }
}

/// One task of a stage: takes an item, works on it, and puts what comes of it.
///
/// What the task is made of is made before, and stays where it is: what an `async fn` is given is kept twice.
fn worker<In: Send + 'static, W: Work<In>>(
    bench: Bench<In, W::Out>,
    name: TaskName,
    work: Common<W>,
) -> impl Future<Output = ()> + Send {
    let mut worker = Worker { bench, name, work };
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
                if next_poll(&mut waker).await {
                    worker.bench.line.port.forget_waker();
                }
                worker.bench.begin();
            };
            let made = {
                let at = At { stage: &worker.name, index: ticket };
                let mut future = pin!(Breakable::new(worker.work.call(&mut state, at, item)));
                loop {
                    if let Poll::Ready(made) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        break made;
                    }
                    if worker.bench.suspend(&worker.work, &waker).is_err() {
                        return;
                    }
                    if next_poll(&mut waker).await {
                        worker.bench.line.port.forget_waker();
                    }
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

/// Spawns a task on these threads; built once.
fn spawn_task(scope: &Scope, (name, tally): (TaskName, Tally), threads: Threads, task: BoxFuture<()>) {
    match threads {
        Threads::Tasks => scope.spawn_worker(name, Some(tally), task),
        Threads::Blocking => scope.spawn_on_pool(name, tally, None, task),
        Threads::BlockingFor(patience) => scope.spawn_on_pool(name, tally, Some(patience), task),
    }
}

/// What a worker finds to work on; `None` at the end, and where it was let go.
type PolledWork<In> = Poll<Result<Option<Taken<In>>, Unwanted>>;

/// What a worker does that has heard what there was to hear.
enum Heard {
    /// It goes on.
    GoOn,
    /// It ends: nobody takes what it makes.
    Unwanted,
    /// It ends, and others go on.
    Leave,
}

/// What the task of a worker has.
struct Worker<In, W: Work<In>> {
    bench: Bench<In, W::Out>,
    /// The stage's name.
    name: TaskName,
    work: Common<W>,
}

impl<In: Send + 'static, W: Work<In>> Worker<In, W> {
    /// Takes items, and works on those whose work needs no future; gives one that does, or `None` at the end.
    ///
    /// Room for the result comes first: a future that was started never waits for room.
    #[inline]
    fn poll_item(&mut self, state: &mut W::State, cx: &mut Context<'_>) -> PolledWork<In> {
        if !matches!(self.bench.next, Then::Take) {
            ready!(self.poll_unfinished(state, cx))?;
        }
        loop {
            let taken = match ready!(self.bench.feed.poll_take(&mut self.bench.line, cx)) {
                Ok(Some(taken)) => taken,
                Ok(None) => return Poll::Ready(Ok(None)),
                Err(News) => match self.hear() {
                    Heard::GoOn => continue,
                    Heard::Leave => return Poll::Ready(Ok(None)),
                    Heard::Unwanted => return Poll::Ready(Err(Unwanted)),
                },
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

    /// Hears what there is to hear between two items.
    #[cold]
    #[inline(never)]
    fn hear(&mut self) -> Heard {
        self.bench.hear_between(&self.work)
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
        let settles = matches!(self.bench.next, Then::Settle(_));
        let settled = if settles { self.work.poll_settled(state, cx) } else { Poll::Ready(()) };
        self.bench.poll_unfinished(&self.work, settled, cx)
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
    /// True where the future of the item in hand was pending before.
    amid: bool,
    /// Held while work has not settled.
    overdue: Option<Overdue>,
}

impl<In: Send + 'static, Out: Send + 'static> Bench<In, Out> {
    pub(super) fn new(feed: Feed<In>, port: Port<Out>, scope: Scope) -> Self {
        let line = Line { port, pace: Pace::new(), scope };
        Self { line, feed, next: Then::Take, amid: false, overdue: None }
    }

    /// Spawns a worker into this scope that works at this.
    #[inline]
    pub(super) fn spawn(mut self, scope: &Scope, tasks: &dyn Tasks<In, Out>) {
        let (threads, tally) = (tasks.threads(), self.line.port.tally());
        if threads != Threads::Tasks {
            self.line.pace.show_each();
        }
        let name = self.line.port.name().clone();
        spawn_task(scope, (name.clone(), tally), threads, tasks.task(self, name));
    }

    /// Looks what there is to hear.
    fn look(&mut self) -> Todo {
        let amid = self.line.port.is_busy() || !matches!(self.next, Then::Take);
        let holds_back = amid && self.feed.holds_back();
        let todo = self.line.port.look(Look { amid, holds_back });
        if let Todo::Leave = todo {
            self.feed.dismiss(self.line.port.index());
        }
        todo
    }

    /// Looks what there is to hear, and spawns those that are to be.
    #[inline(never)]
    fn hear(&mut self, tasks: &dyn Tasks<In, Out>) -> Heard {
        match self.look() {
            Todo::GoOn => Heard::GoOn,
            Todo::Unwanted => Heard::Unwanted,
            Todo::Leave => Heard::Leave,
            Todo::Spawn(places) => {
                for place in places {
                    self.other(place).spawn(&self.line.scope, tasks);
                }
                self.feed.share();
                Heard::GoOn
            }
        }
    }

    /// As [`hear`](Bench::hear), between two items.
    #[cold]
    #[inline(never)]
    fn hear_between(&mut self, tasks: &dyn Tasks<In, Out>) -> Heard {
        let heard = self.hear(tasks);
        self.line.begin();
        heard
    }

    /// That of one more worker, in this place.
    fn other(&mut self, place: usize) -> Self {
        let feed = self.feed.other(place, &mut self.line.port);
        Self::new(feed, self.line.port.other(place), self.line.scope.clone())
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
    fn suspend(&mut self, tasks: &dyn Tasks<In, Out>, waker: &Waker) -> Result<(), Unwanted> {
        if std::mem::replace(&mut self.amid, true) && self.line.scope.is_watched() {
            note_again();
        }
        // The next may block, and suspend too late for the others.
        self.line.pace.slow(self.feed.quick());
        self.feed.share();
        match self.line.rest_amid(waker) {
            Err(News) if matches!(self.hear(tasks), Heard::Unwanted) => Err(Unwanted),
            Ok(()) | Err(News) => Ok(()),
        }
    }

    /// The future of an item of this key is done; what its work has begun may be running still.
    #[inline]
    fn finish(&mut self, key: u64, settled: Poll<()>, cx: &mut Context<'_>) {
        self.amid = false;
        if settled.is_pending() {
            self.wait_overdue(key, cx.waker());
        } else if self.poll_next(key, cx).is_pending() {
            self.next = Then::Wait(None);
        }
    }

    #[cold]
    fn wait_overdue(&mut self, key: u64, waker: &Waker) {
        self.overdue.get_or_insert_with(|| self.line.port.tally().overdue());
        let has_news = self.line.rest_amid(waker).is_err();
        self.next = if self.line.port.is_closed() { Then::End } else { Then::Wait(Some(key)) };
        if has_news {
            // It is heard in the next poll.
            waker.wake_by_ref();
        }
    }

    /// Ready where the next item may be taken; what the work on the one before has left running has settled, or not.
    #[cold]
    #[inline(never)]
    fn poll_unfinished(
        &mut self,
        tasks: &dyn Tasks<In, Out>,
        settled: Poll<()>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Unwanted>> {
        if let Then::Settle(key) = self.next {
            self.next = Then::Take;
            self.finish(key, settled, cx);
        }
        if !matches!(self.next, Then::Wait(Some(_))) {
            self.overdue = None;
        }
        match self.next {
            Then::Take => return Poll::Ready(Ok(())),
            Then::Wait(_) | Then::Settle(_) if !self.line.port.has_urgent_news() => return Poll::Pending,
            Then::Wait(_) | Then::Settle(_) | Then::End => {}
        }
        match self.hear_between(tasks) {
            Heard::Unwanted => Poll::Ready(Err(Unwanted)),
            Heard::GoOn | Heard::Leave => Poll::Pending,
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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::Pin;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::{Duration, Instant};

    use futures_core::Stream;

    use super::*;
    use crate::drive::Boundary;
    use crate::runtime::{Job, Runtime, RuntimeHandle, Sleep, Spawner, Task, Timer};
    use crate::scope::Controls;

    /// Keeps what is spawned, to be polled by hand.
    struct ByHand(Arc<Mutex<Vec<Task>>>);

    impl Spawner for ByHand {
        fn spawn(&self, task: Task) {
            self.0.lock().unwrap().push(task);
        }

        fn spawn_blocking(&self, _: Job) {}
    }

    impl Timer for ByHand {
        #[expect(clippy::disallowed_methods, reason = "a clock is made here")]
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn sleep(&self, _: Duration) -> Sleep {
            unreachable!("nobody sleeps")
        }
    }

    impl Runtime for ByHand {
        fn name(&self) -> &'static str {
            "by hand"
        }
    }

    /// One item, and no end.
    struct One(Option<u32>);

    impl Stream for One {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
            self.0.take().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
        }
    }

    /// Is never done.
    struct Stays;

    impl Work<u32> for Stays {
        type Out = u32;
        type State = ();

        async fn call(&self, (): &mut (), _: At<'_>, _: u32) -> Option<u32> {
            pending().await
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn who_has_another_waker_than_before_is_woken_by_that_when_the_consumer_goes() {
        for item in [Some(1), None] {
            let tasks = Arc::new(Mutex::new(Vec::new()));
            let runtime = RuntimeHandle::new(ByHand(Arc::clone(&tasks)));
            let scope = Scope::new(runtime, None, Controls::default());
            let outlet = Boundary::new("stays").attach(One(item), Stays, &scope);
            let mut task = tasks.lock().unwrap().pop().unwrap();
            let wakers = [(); 2].map(|()| Arc::new(Woken::default()));
            for woken in &wakers {
                let waker = Waker::from(Arc::clone(woken));
                assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
            }
            drop(outlet);
            assert_eq!(wakers.each_ref().map(|woken| woken.0.load(Ordering::SeqCst)), [0, 1], "{item:?}");
        }
    }
}
