use std::any::Any;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::chart::{About, Chart};
use super::context::current_seat;
use super::observer::{Observer, set_observes};
use super::picture::{RunState, StageKind, WorkerState};
use super::tally::{Past, Resizable};
use super::waiters::{Place, Waiters};
use super::{CancelToken, Cut, Resize, Scope, Stats, Tally, TaskName, replace_waker, wake_each};
use crate::runtime::RuntimeHandle;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// What steers one run from outside; its scopes and its [`Control`]s share it.
#[derive(Clone, Default)]
pub(crate) struct Controls {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Ends the sources; while it is held they give nothing.
    stop: CancelToken,
    /// Set where the run is to be cancelled.
    cancelled: AtomicBool,
    /// How long a stop may take before it becomes a cancel.
    grace: Mutex<Grace>,
    /// True from when a grace is asked for until that is taken up.
    asks_grace: AtomicBool,
    /// The run's stages, with what they count.
    chart: Mutex<Chart>,
    /// The run itself, for those who look at it.
    course: Mutex<Option<Begun>>,
    /// True once somebody has looked at what the workers are doing: from then on they note when that changes.
    watched: AtomicBool,
    /// How the run has ended: one of the numbers below.
    outcome: AtomicU8,
    /// Whether the run has a sink, and where that is: one of the numbers below.
    sink: AtomicU8,
    /// What the sink is doing, where that is the run's own part: one of the states.
    own_state: AtomicU8,
    /// How long the sink was in each state, once it has ended.
    sink_ended: Past,
    /// What most runs have not.
    more: Mutex<Option<Box<More>>>,
}

#[derive(Default)]
struct More {
    /// The tokens from elsewhere that the run hears from.
    heard: Vec<CancelToken>,
    /// Sources that wait for the end of a pause.
    waiting: Waiters,
    /// The errors of items, a `Vec` of the run's error type, where all of them were asked for.
    errors: Option<Box<dyn Any + Send>>,
    /// Who observes it.
    observed: Option<Observed>,
    /// Where the input of the run's sink is cut off.
    cut: OfSink,
}

/// The stage of a name.
pub(crate) enum Named {
    /// There is none; the names of those that can be changed.
    None(Vec<String>),
    /// One without tasks that could be changed.
    Fixed,
    /// One that can be changed; gone where it has ended.
    One(Weak<dyn Resize>),
    /// One that is attached any number of times.
    Repeated,
    /// So many.
    Several(usize),
}

/// Who observes a run.
struct Observed {
    by: Arc<dyn Observer>,
    /// True once they were told that it begins.
    began: bool,
    /// True once they were told that it is over.
    ended: bool,
}

/// The cut of a run's sink.
#[derive(Default)]
enum OfSink {
    #[default]
    None,
    /// Until the sink is attached.
    Offered(Arc<Cut>),
    /// By whoever drains in this scope.
    In(usize, Arc<Cut>),
}

/// A run that has begun.
pub(super) struct Begun {
    /// The run's name.
    pub(super) name: &'static str,
    /// Where it runs: whose clock it goes by.
    pub(super) runtime: RuntimeHandle,
    /// When it began.
    pub(super) at: Instant,
    /// When it was first looked at.
    pub(super) watched: Option<Instant>,
    /// When it ended, where it was watched by then.
    pub(super) ended: Option<Instant>,
    /// Its scope, while somebody needs that: all others are in it.
    pub(super) scope: Weak<super::Inner>,
}

/// The sink is the run's own part, or in a task.
const OWN: u8 = 1;
const HOSTED: u8 = 2;

/// How a run has ended.
const ENDED: u8 = 1;
const FAILED: u8 = 2;

#[derive(Default)]
struct Grace {
    /// What was asked for and not yet taken up.
    asked: Option<Duration>,
    /// The run, to be told of the next, and of a cancel.
    run: Option<Waker>,
}

impl Controls {
    /// Stops the run with this token too.
    pub(crate) fn stop_on(&self, token: CancelToken) {
        self.inner.stop.hear(&token);
        self.inner.more.lock().get_or_insert_default().heard.push(token);
    }

    pub(crate) fn stop_token(&self) -> &CancelToken {
        &self.inner.stop
    }

    /// The grace that was last asked for, once; the task is woken at the next, and at a cancel.
    pub(crate) fn take_grace(&self, cx: &mut Context<'_>) -> Option<Duration> {
        let mut grace = self.inner.grace.lock();
        let old = replace_waker(&mut grace.run, cx.waker());
        let asked = grace.asked.take();
        self.inner.asks_grace.store(false, Ordering::SeqCst);
        drop(grace);
        drop(old);
        asked
    }

    /// True where a grace was asked for, and nobody has taken that up.
    pub(crate) fn asks_grace(&self) -> bool {
        self.inner.asks_grace.load(Ordering::SeqCst)
    }

    /// From now on errors of this type are kept and don't end the run.
    pub(crate) fn keep_errors<E: Send + 'static>(&self) {
        self.inner.more.lock().get_or_insert_default().errors = Some(Box::new(Vec::<E>::new()));
    }

    /// Keeps an error, or hands it back where the first is to end the run, or the run's are of another
    /// type.
    pub(crate) fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        let mut more = self.inner.more.lock();
        let errors = more.as_mut().and_then(|more| more.errors.as_mut());
        match errors.and_then(|errors| errors.downcast_mut::<Vec<E>>()) {
            Some(errors) => {
                errors.push(error);
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The errors that were kept, in order.
    pub(crate) fn kept_errors<E: 'static>(&self) -> Vec<E> {
        let errors = self.inner.more.lock().as_mut().and_then(|more| more.errors.take());
        errors.and_then(|errors| errors.downcast().ok()).map_or_else(Vec::new, |errors| *errors)
    }

    /// Has the run's sink, which is attached next, end its input at a deadline.
    pub(crate) fn offer_cut(&self, cut: Arc<Cut>) {
        self.inner.more.lock().get_or_insert_default().cut = OfSink::Offered(cut);
    }

    /// The cut that was offered, once.
    pub(crate) fn take_cut(&self) -> Option<Arc<Cut>> {
        let mut more = self.inner.more.lock();
        let of_sink = &mut more.as_mut()?.cut;
        match std::mem::take(of_sink) {
            OfSink::Offered(cut) => Some(cut),
            other => {
                *of_sink = other;
                None
            }
        }
    }

    /// Has whoever drains in a scope obey a cut.
    pub(crate) fn cut_in(&self, scope: usize, cut: Arc<Cut>) {
        self.inner.more.lock().get_or_insert_default().cut = OfSink::In(scope, cut);
    }

    /// The cut of whoever drains in a scope.
    pub(crate) fn cut_of(&self, scope: usize) -> Option<Arc<Cut>> {
        match &self.inner.more.lock().as_ref()?.cut {
            OfSink::In(of, cut) if *of == scope => Some(Arc::clone(cut)),
            _ => None,
        }
    }

    /// What counts the items of a stage. Those of one name that are attached any number of times share it.
    pub(crate) fn enter_stage(&self, name: TaskName, about: About, repeated: bool) -> Tally {
        self.inner.chart.lock().enter(name, about, repeated)
    }

    /// Notes what a stage is.
    pub(super) fn set_kind(&self, stage: &Tally, kind: StageKind) {
        self.inner.chart.lock().set_kind(stage, kind);
    }

    /// Notes that who is in this seat asks for what a stage gives.
    pub(super) fn note_asked(&self, of: &Tally, by: u32) {
        if !of.note_asked(by) {
            self.inner.chart.lock().note_asked(of, by);
        }
    }

    /// Enters a source that who polls asks.
    pub(crate) fn enter_source(&self) {
        let seat = current_seat();
        if seat > 0 {
            self.inner.chart.lock().enter_source(seat);
        }
    }

    /// Looks at the stages.
    pub(super) fn with_chart<R>(&self, look: impl FnOnce(&Chart) -> R) -> R {
        look(&self.inner.chart.lock())
    }

    /// The run has a sink, which is its own part or in a task.
    pub(crate) fn set_sink(&self, hosted: bool) {
        self.inner.sink.store(if hosted { HOSTED } else { OWN }, Ordering::Relaxed);
    }

    pub(super) fn has_sink(&self) -> bool {
        self.inner.sink.load(Ordering::Relaxed) != 0
    }

    /// True where the run's own part is its sink.
    pub(crate) fn is_own_sink(&self) -> bool {
        self.inner.sink.load(Ordering::Relaxed) == OWN
    }

    /// Notes what the run's own part is doing.
    #[inline]
    pub(crate) fn note_own_state(&self, state: WorkerState) {
        self.inner.own_state.store(state as u8, Ordering::Relaxed);
    }

    /// What the run's own part is doing, where that is its sink, and has not ended.
    pub(super) fn own_state(&self) -> Option<WorkerState> {
        let all = [WorkerState::Input, WorkerState::Polling, WorkerState::Awaiting, WorkerState::Room];
        let state = self.inner.own_state.load(Ordering::Relaxed);
        let goes_on = self.is_own_sink() && self.inner.outcome.load(Ordering::SeqCst) == 0;
        all.into_iter().find(|known| goes_on && *known as u8 == state)
    }

    pub(super) fn sink_ended(&self) -> &Past {
        &self.inner.sink_ended
    }

    /// The run begins, in this scope.
    pub(crate) fn begin(&self, name: &'static str, scope: &Scope, at: Instant) {
        let (runtime, scope) = (scope.runtime().clone(), Arc::downgrade(&scope.inner));
        *self.inner.course.lock() = Some(Begun { name, runtime, at, watched: None, ended: None, scope });
    }

    /// The run has begun: what is known of it.
    pub(super) fn with_begun<R>(&self, look: impl FnOnce(&mut Begun) -> R) -> Option<R> {
        self.inner.course.lock().as_mut().map(look)
    }

    /// The run is over.
    pub(crate) fn note_end(&self, failed: bool) {
        let outcome = if failed { FAILED } else { ENDED };
        let first = self.inner.outcome.compare_exchange(0, outcome, Ordering::SeqCst, Ordering::SeqCst);
        if first.is_ok() && self.is_watched() {
            self.note_end_at();
        }
    }

    #[cold]
    fn note_end_at(&self) {
        let runtime = self.with_begun(|begun| begun.runtime.clone());
        let now = runtime.map(|runtime| runtime.now());
        self.with_begun(|begun| begun.ended = now);
    }

    /// The run's name, and its runtime, once it has begun.
    pub(crate) fn told(&self) -> Option<(&'static str, RuntimeHandle)> {
        self.with_begun(|begun| (begun.name, begun.runtime.clone()))
    }

    pub(crate) fn downgrade(&self) -> WeakControls {
        WeakControls(Arc::downgrade(&self.inner))
    }

    /// What the run is doing.
    pub(crate) fn state(&self) -> RunState {
        match self.inner.outcome.load(Ordering::SeqCst) {
            FAILED => RunState::Failed,
            ENDED => RunState::Ended,
            _ if self.with_begun(|_| ()).is_none() => RunState::Planned,
            _ if self.inner.stop.is_cancelled() => RunState::Stopping,
            _ if self.is_paused() => RunState::Paused,
            _ => RunState::Running,
        }
    }

    /// True once somebody has looked at what the workers are doing.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.inner.watched.load(Ordering::Relaxed)
    }

    /// From now on the workers note when what they are doing changes.
    pub(super) fn set_watched(&self) {
        self.inner.watched.store(true, Ordering::SeqCst);
    }

    /// The stage of this name that can be changed.
    pub(crate) fn resizable(&self, name: &str) -> Named {
        let chart = self.inner.chart.lock();
        let mut named =
            chart.stations().iter().filter(|station| *station.name == *name && station.about.counts);
        match (named.next().map(|station| station.tally.resize()), named.count()) {
            (Some(_), more @ 1..) => Named::Several(more + 1),
            (Some(_), 0) if chart.is_repeated(name) => Named::Repeated,
            (Some(Resizable::Yes(stage)), 0) => Named::One(stage),
            (Some(Resizable::No), 0) => Named::Fixed,
            (None | Some(Resizable::Unknown), _) => {
                let known = chart.stations().iter();
                let known = known.filter(|station| matches!(station.tally.resize(), Resizable::Yes(_)));
                Named::None(known.map(|station| station.name.to_string()).collect())
            }
        }
    }

    /// Has the run observed, in place of whoever was to do so.
    pub(crate) fn set_observer(&self, by: Arc<dyn Observer>) {
        set_observes();
        let observed = Observed { by, began: false, ended: false };
        let before = self.inner.more.lock().get_or_insert_default().observed.replace(observed);
        drop(before);
    }

    /// Who observes the run.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.with_observed(|observed| Arc::clone(&observed.by))
    }

    fn with_observed<R>(&self, look: impl FnOnce(&mut Observed) -> R) -> Option<R> {
        self.inner.more.lock().as_mut()?.observed.as_mut().map(look)
    }

    /// True once: where the run begins.
    pub(super) fn is_first_beginning(&self) -> bool {
        let began = self.with_observed(|observed| std::mem::replace(&mut observed.began, true));
        began.is_some_and(|began| !began)
    }

    /// True once: where a run that has begun is over.
    pub(super) fn is_first_end(&self) -> bool {
        self.with_observed(|observed| observed.began && !std::mem::replace(&mut observed.ended, true))
            .unwrap_or(false)
    }

    /// Watches the run's pauses.
    pub(crate) fn pauses(&self) -> Pauses {
        Pauses { controls: self.clone(), place: Place::default() }
    }

    /// Asks for an end within `grace`, and tells the run.
    pub(crate) fn ask_grace(&self, length: Duration) {
        let mut grace = self.inner.grace.lock();
        grace.asked = Some(length);
        self.inner.asks_grace.store(true, Ordering::SeqCst);
        let run = grace.run.take();
        drop(grace);
        self.inner.stop.cancel();
        run.into_iter().for_each(Waker::wake);
    }

    /// Cancels the run, and tells it.
    pub(crate) fn cancel(&self) {
        self.inner.cancelled.store(true, Ordering::SeqCst);
        let run = self.inner.grace.lock().run.take();
        run.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn pause(&self) {
        self.inner.stop.set_held(true);
    }

    pub(crate) fn resume(&self) {
        self.inner.stop.set_held(false);
        let waiting = self.inner.more.lock().as_mut().map(|more| more.waiting.take());
        wake_each(waiting.into_iter().flatten());
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.inner.stop.is_held()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.inner.chart.lock().stats()
    }
}

/// The same, that keeps nothing.
pub(crate) struct WeakControls(Weak<Inner>);

impl WeakControls {
    pub(crate) fn upgrade(&self) -> Option<Controls> {
        self.0.upgrade().map(|inner| Controls { inner })
    }
}

/// What holds a source back during a pause; made by [`Controls::pauses`].
pub(crate) struct Pauses {
    controls: Controls,
    /// The place among those who wait for the end of the pause.
    place: Place,
}

impl Pauses {
    pub(crate) fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Pending while the run is paused.
    pub(crate) fn poll_resumed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.controls.is_paused() {
            return Poll::Ready(());
        }
        let mut more = self.controls.inner.more.lock();
        let old = more.get_or_insert_default().waiting.enter(&mut self.place, cx.waker());
        drop(more);
        drop(old);
        // After the entry: a resume in between has either seen the waker or is seen here.
        if self.controls.is_paused() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Pauses {
    fn drop(&mut self) {
        if !self.place.is_none() {
            let mut more = self.controls.inner.more.lock();
            let waker = more.as_mut().and_then(|more| more.waiting.leave(self.place));
            drop(more);
            drop(waker);
        }
    }
}
