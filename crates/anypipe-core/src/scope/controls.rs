use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::waiters::{Place, Waiters};
use super::{CancelToken, Cut, Resize, Stats, Tally, replace_waker, wake_each};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What steers one run from outside; its scopes and its [`Control`]s share it.
#[derive(Clone, Default)]
pub(crate) struct Controls {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Ends the sources; while it is held they give nothing.
    stop: CancelToken,
    /// The tokens from elsewhere that it hears from.
    heard: Mutex<Vec<CancelToken>>,
    /// Set where the run is to be cancelled.
    cancelled: AtomicBool,
    /// How long a stop may take before it becomes a cancel.
    grace: Mutex<Grace>,
    /// Sources that wait for the end of a pause.
    waiting: Mutex<Waiters>,
    /// The errors of items, a `Vec` of the run's error type, where all of them were asked for.
    errors: Mutex<Option<Box<dyn Any + Send>>>,
    /// What the run's boundaries count.
    tallies: Mutex<Tallies>,
    /// Where the input of the run's sink is cut off.
    cut: Mutex<OfSink>,
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

#[derive(Default)]
struct Tallies {
    /// With their stages' names, in the order in which these were attached.
    all: Vec<(Cow<'static, str>, Tally)>,
    /// Those of stages that are attached any number of times, by their names.
    repeated: BTreeMap<Cow<'static, str>, Tally>,
}

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
        self.inner.heard.lock().push(token);
    }

    pub(crate) fn stop_token(&self) -> &CancelToken {
        &self.inner.stop
    }

    /// The grace that was last asked for, once; the task is woken at the next, and at a cancel.
    pub(crate) fn take_grace(&self, cx: &mut Context<'_>) -> Option<Duration> {
        let mut grace = self.inner.grace.lock();
        let old = replace_waker(&mut grace.run, cx.waker());
        let asked = grace.asked.take();
        drop(grace);
        drop(old);
        asked
    }

    /// From now on errors of this type are kept and don't end the run.
    pub(crate) fn keep_errors<E: Send + 'static>(&self) {
        *self.inner.errors.lock() = Some(Box::new(Vec::<E>::new()));
    }

    /// Keeps an error, or hands it back where the first is to end the run, or the run's are of another
    /// type.
    pub(crate) fn keep_error<E: Send + 'static>(&self, error: E) -> Result<(), E> {
        let mut errors = self.inner.errors.lock();
        match errors.as_mut().and_then(|errors| errors.downcast_mut::<Vec<E>>()) {
            Some(errors) => {
                errors.push(error);
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The errors that were kept, in order.
    pub(crate) fn kept_errors<E: 'static>(&self) -> Vec<E> {
        let errors = self.inner.errors.lock().take();
        errors.and_then(|errors| errors.downcast().ok()).map_or_else(Vec::new, |errors| *errors)
    }

    /// Has the run's sink, which is attached next, end its input at a deadline.
    pub(crate) fn offer_cut(&self, cut: Arc<Cut>) {
        *self.inner.cut.lock() = OfSink::Offered(cut);
    }

    /// The cut that was offered, once.
    pub(crate) fn take_cut(&self) -> Option<Arc<Cut>> {
        let mut of_sink = self.inner.cut.lock();
        match std::mem::take(&mut *of_sink) {
            OfSink::Offered(cut) => Some(cut),
            other => {
                *of_sink = other;
                None
            }
        }
    }

    /// Has whoever drains in a scope obey a cut.
    pub(crate) fn cut_in(&self, scope: usize, cut: Arc<Cut>) {
        *self.inner.cut.lock() = OfSink::In(scope, cut);
    }

    /// The cut of whoever drains in a scope.
    pub(crate) fn cut_of(&self, scope: usize) -> Option<Arc<Cut>> {
        match &*self.inner.cut.lock() {
            OfSink::In(of, cut) if *of == scope => Some(Arc::clone(cut)),
            _ => None,
        }
    }

    /// What counts the items of a stage. Those of one name that are attached any number of times share it.
    pub(crate) fn tally(&self, name: Cow<'static, str>, repeated: bool) -> Tally {
        let mut tallies = self.inner.tallies.lock();
        let known = if repeated { tallies.repeated.get(&name).cloned() } else { None };
        known.unwrap_or_else(|| {
            let tally = Tally::next(tallies.all.last().map(|(_, tally)| tally), repeated);
            tallies.all.push((name.clone(), tally.clone()));
            if repeated {
                tallies.repeated.insert(name, tally.clone());
            }
            tally
        })
    }

    /// The stage of this name that can be changed.
    pub(crate) fn resizable(&self, name: &str) -> Named {
        let tallies = self.inner.tallies.lock();
        let mut named = tallies.all.iter().filter(|(known, _)| known == name);
        match (named.next().map(|(_, tally)| tally.resize()), named.count()) {
            (Some(_), more @ 1..) => Named::Several(more + 1),
            (Some(_), 0) if tallies.repeated.contains_key(name) => Named::Repeated,
            (Some(Some(Some(stage))), 0) => Named::One(Weak::clone(stage)),
            (Some(Some(None)), 0) => Named::Fixed,
            (None | Some(None), _) => {
                let known = tallies.all.iter().filter(|(_, tally)| matches!(tally.resize(), Some(Some(_))));
                Named::None(known.map(|(name, _)| name.to_string()).collect())
            }
        }
    }

    /// Watches the run's pauses.
    pub(crate) fn pauses(&self) -> Pauses {
        Pauses { controls: self.clone(), place: Place::default() }
    }

    /// Asks for an end within `grace`, and tells the run.
    pub(crate) fn ask_grace(&self, length: Duration) {
        let mut grace = self.inner.grace.lock();
        grace.asked = Some(length);
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
        let waiting = self.inner.waiting.lock().take();
        wake_each(waiting);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.inner.stop.is_held()
    }

    pub(crate) fn stats(&self) -> Stats {
        let tallies = self.inner.tallies.lock();
        Stats { stages: tallies.all.iter().map(|(name, tally)| tally.stats(name)).collect() }
    }
}

/// What holds a source back during a pause; made by [`Controls::pauses`].
pub(crate) struct Pauses {
    controls: Controls,
    /// The place among those who wait for the end of the pause.
    place: Place,
}

impl Pauses {
    /// Pending while the run is paused.
    pub(crate) fn poll_resumed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.controls.is_paused() {
            return Poll::Ready(());
        }
        let mut waiting = self.controls.inner.waiting.lock();
        let old = waiting.enter(&mut self.place, cx.waker());
        drop(waiting);
        drop(old);
        // After the entry: a resume in between has either seen the waker or is seen here.
        if self.controls.is_paused() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Pauses {
    fn drop(&mut self) {
        if !self.place.is_none() {
            let waker = self.controls.inner.waiting.lock().leave(self.place);
            drop(waker);
        }
    }
}
