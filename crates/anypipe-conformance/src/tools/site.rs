//! A runtime around the case's own, on which the workers of one stage are watched: who has something to do, who was
//! called to it, and how long what there is to do was left alone.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem::replace;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use anypipe_core::Scope;
use anypipe_core::runtime::{
    AsHandle, Job, Runtime, RuntimeHandle, Sleep, SleepFuture, Spawner, Task, Timer,
};
use anypipe_core::scope::current_scope;

use super::clock::runtime;

/// The runtime, and what is seen on it. Its clock can be moved on in the middle of a poll, and sleeps go on meanwhile.
#[derive(Clone)]
pub(crate) struct Site {
    inner: Arc<Inner>,
}

struct Inner {
    /// The case's own.
    runtime: RuntimeHandle,
    /// The case's: tasks are spawned into it, so that their polls and wakes are seen.
    scope: Scope,
    /// The stage that is watched, and how many workers it has.
    stage: &'static str,
    workers: usize,
    /// How far the clock is ahead, in nanoseconds.
    spent: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// Up to when time was counted.
    seen: Instant,
    /// Workers that were woken, and not polled since.
    called: usize,
    /// Workers that pull an item, or work on one.
    busy: usize,
    /// How often workers were polled, and anybody has asked the budget.
    rounds: usize,
    /// True while who takes what the stage makes waits for it, and was not woken.
    deaf: bool,
    /// For how long a worker had nothing to do, and none was called.
    idle: Duration,
    /// For how long who takes what is made was left to wait.
    unshown: Duration,
    /// Sleeps by when they are over.
    sleepers: BTreeMap<(Instant, u64), Waker>,
    /// The next sleep's number.
    next: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    /// Watches the workers of the stage of this name.
    pub(crate) fn new(stage: &'static str, workers: usize) -> Self {
        let runtime = runtime();
        let state = State {
            seen: runtime.now(),
            called: 0,
            busy: 0,
            rounds: 0,
            deaf: false,
            idle: Duration::ZERO,
            unshown: Duration::ZERO,
            sleepers: BTreeMap::new(),
            next: 0,
        };
        let scope = current_scope().expect("a case runs in a scope");
        let (spent, state) = (AtomicU64::new(0), Mutex::new(state));
        Self { inner: Arc::new(Inner { runtime, scope, stage, workers, spent, state }) }
    }

    pub(crate) fn runtime(&self) -> impl AsHandle + use<> {
        Given(RuntimeHandle::new(self.clone()))
    }

    pub(crate) fn now(&self) -> Instant {
        Timer::now(self)
    }

    /// Counts the time since the last look.
    fn look(&self) -> MutexGuard<'_, State> {
        let now = self.now();
        let mut state = lock(&self.inner.state);
        let passed = now.saturating_duration_since(state.seen);
        state.seen = state.seen.max(now);
        if state.called == 0 && state.busy < self.inner.workers {
            state.idle += passed;
        }
        if state.deaf {
            state.unshown += passed;
        }
        state
    }

    /// Has time pass, as for work that blocks its thread.
    pub(crate) fn spend(&self, length: Duration) {
        drop(self.look());
        let nanos = u64::try_from(length.as_nanos()).expect("a short while");
        self.inner.spent.fetch_add(nanos, Ordering::SeqCst);
        let mut state = self.look();
        let now = (state.seen, u64::MAX);
        let later = state.sleepers.split_off(&now);
        let over = replace(&mut state.sleepers, later);
        drop(state);
        over.into_values().for_each(Waker::wake);
    }

    /// A worker begins to pull an item, or to work on one.
    pub(crate) fn begin(&self) {
        self.look().busy += 1;
    }

    pub(crate) fn end(&self) {
        self.look().busy -= 1;
    }

    /// For how long until now a worker had nothing to do, and none was called to anything.
    pub(crate) fn idle(&self) -> Duration {
        self.look().idle
    }

    /// For how long until now who takes what is made was left to wait.
    pub(crate) fn unshown(&self) -> Duration {
        self.look().unshown
    }

    /// How often workers were polled until now, and anybody has asked the budget, as is done after each chunk.
    pub(crate) fn rounds(&self) -> usize {
        self.look().rounds
    }

    /// Who takes what is made begins to wait, or was woken.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.look().deaf = deaf;
    }
}

struct Given(RuntimeHandle);

impl AsHandle for Given {
    fn handle(&self) -> RuntimeHandle {
        self.0.clone()
    }
}

impl Spawner for Site {
    fn spawn(&self, task: Task) {
        if task.name() != self.inner.stage {
            return self.inner.runtime.spawn(task);
        }
        self.look().called += 1;
        let call = Call { phase: Mutex::new(Phase::Called), waker: Mutex::new(None), site: self.clone() };
        let name = self.inner.stage;
        self.inner.scope.spawn(name, Watched { task, call: Arc::new(call) });
    }

    fn spawn_blocking(&self, job: Job) {
        self.inner.runtime.spawn_blocking(job);
    }
}

impl Timer for Site {
    fn now(&self) -> Instant {
        self.inner.runtime.now() + Duration::from_nanos(self.inner.spent.load(Ordering::SeqCst))
    }

    fn sleep(&self, length: Duration) -> Sleep {
        let inner = self.inner.runtime.sleep(length);
        Sleep::new(Nap { over: self.now() + length, inner, place: None, site: self.clone() })
    }

    fn is_exact(&self) -> bool {
        self.inner.runtime.is_exact()
    }
}

impl Runtime for Site {
    fn name(&self) -> &'static str {
        self.inner.runtime.name()
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.look().rounds += 1;
        self.inner.runtime.poll_budget(cx)
    }

    fn wait_in_job(
        &self,
        wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        limit: Option<Duration>,
    ) -> bool {
        self.inner.runtime.wait_in_job(wait, limit)
    }

    fn is_replayable(&self) -> bool {
        self.inner.runtime.is_replayable()
    }

    fn is_current(&self) -> bool {
        // Who awaits a run there is one of those who work at it.
        true
    }
}

/// What a worker's task is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waits,
    Called,
    Polled,
    /// Polled, and woken meanwhile.
    CalledAgain,
    Over,
}

/// Sees the wakes of one worker.
struct Call {
    phase: Mutex<Phase>,
    waker: Mutex<Option<Waker>>,
    site: Site,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.set(|phase| match phase {
            Phase::Waits => Phase::Called,
            Phase::Polled => Phase::CalledAgain,
            phase => phase,
        });
        let waker = lock(&self.waker).clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Call {
    fn set(&self, next: impl FnOnce(Phase) -> Phase) {
        let mut phase = lock(&self.phase);
        let before = *phase;
        *phase = next(before);
        let mut state = self.site.look();
        state.rounds += usize::from(*phase == Phase::Polled && before != Phase::Polled);
        state.called += usize::from(*phase == Phase::Called);
        state.called -= usize::from(before == Phase::Called);
    }
}

/// A worker.
struct Watched {
    task: Task,
    call: Arc<Call>,
}

impl Future for Watched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let old = lock(&self.call.waker).replace(cx.waker().clone());
        drop(old);
        self.call.set(|_| Phase::Polled);
        let waker = Waker::from(Arc::clone(&self.call));
        let polled = Pin::new(&mut self.task).poll(&mut Context::from_waker(&waker));
        self.call.set(|phase| if phase == Phase::CalledAgain { Phase::Called } else { Phase::Waits });
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.call.set(|_| Phase::Over);
    }
}

/// A sleep by a clock that may be moved on.
struct Nap {
    over: Instant,
    inner: Sleep,
    /// Where its waker is.
    place: Option<(Instant, u64)>,
    site: Site,
}

impl Nap {
    fn forget(&mut self) {
        let place = self.place.take();
        let waker = place.and_then(|place| self.site.look().sleepers.remove(&place));
        drop(waker);
    }
}

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.forget();
        let now = self.site.now();
        if now >= self.over {
            return Poll::Ready(());
        }
        let left = self.over - now;
        self.inner.reset(left);
        let polled = Pin::new(&mut self.inner).poll(cx);
        if polled.is_pending() {
            let mut state = self.site.look();
            let place = (self.over, state.next);
            state.next += 1;
            state.sleepers.insert(place, cx.waker().clone());
            drop(state);
            self.place = Some(place);
        }
        polled
    }
}

impl SleepFuture for Nap {
    fn reset(mut self: Pin<&mut Self>, length: Duration) {
        self.forget();
        self.over = self.site.now() + length;
        self.inner.reset(length);
    }
}

impl Drop for Nap {
    fn drop(&mut self) {
        self.forget();
    }
}
