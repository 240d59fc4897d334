//! What a terminal returns: a run that has not started yet, one in hand, and one as a stream.

mod control;
mod gather;
mod gatherers;
mod group;
mod handle;
mod hosted;
mod interval;
mod live;
mod partial;
pub mod picture;
mod portal;
mod resize;
mod running;
mod session;
mod shield;
mod stall;
mod start;
mod stream;
mod timed;
mod watch;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub use self::control::Control;
pub use self::gather::{AsCompleted, as_completed, gather, try_gather};
pub use self::group::{TaskGroup, task_group, try_task_group};
pub use self::handle::{AbortOnDrop, TaskHandle};
use self::hosted::hosted;
pub use self::interval::{Interval, MissedTicks, interval, interval_at};
pub use self::live::{LiveRun, list_runs, runs};
pub use self::partial::Outcome;
pub use self::picture::{Bottleneck, Picture, StagePicture};
pub use self::portal::{BlockingPortal, PortalTask};
pub use self::resize::{ResizeError, StageControl};
pub use self::running::Running;
pub(crate) use self::session::{AtEnd, Body, Course, Session, Way};
pub use self::shield::{Shield, shield, shield_for};
pub use self::stall::Stall;
pub use self::start::{StartError, Started};
pub use self::stream::{CheckedStream, RunStream};
pub use self::timed::{Scoped, TimedOut, fail_after, move_on, move_on_after, scoped, sleep_until};
use self::watch::Watchers;
use crate::error::RunError;
use crate::runtime::{AsHandle, RuntimeHandle};
use crate::scope::task::BoxFuture;
use crate::scope::{Breakable, CancelToken, Cancelled, Controls, Deadline, Scope, current_runtime};
pub use crate::scope::{ChangeReason, Observer, StageStats, Stats, WorkerChange, observe_runs};
use crate::sink::Sink;
use crate::source::Source;
use crate::sync::Lone;

/// Finds the runtime of a run that wasn't given one. The facade's knows every backend; core's own
/// is [`inherit`].
pub type Choose = fn() -> Result<RuntimeHandle, RunError>;

/// The runtime of the scope this code runs in, or the one that was entered on this thread.
///
/// # Errors
///
/// [`ErrorKind::NoRuntime`](crate::ErrorKind::NoRuntime) where there is neither.
pub fn inherit() -> Result<RuntimeHandle, RunError> {
    current_runtime().ok_or_else(|| {
        RunError::no_runtime(
            "no runtime: name one with `.on(runtime)`, or run inside one that anypipe has entered",
        )
    })
}

/// How a run starts and what ends it early.
pub(crate) struct Plan {
    /// The name told where the run's own part panics outside any stage.
    name: &'static str,
    /// Finds a runtime where none was given.
    choose: Choose,
    /// The runtime that was given.
    on: Option<RuntimeHandle>,
    /// What the given runtime needs to live.
    keep: Option<Arc<dyn Any + Send + Sync>>,
    /// By when the run must be over.
    deadline: Option<Deadline>,
    /// What steers the run from outside.
    controls: Controls,
    /// What cancels it beside those.
    cancelled: Vec<Cancelled>,
    /// Who looks at it meanwhile.
    watchers: Option<Box<Watchers>>,
    /// What to do with tasks that still run when the body is done.
    at_end: AtEnd,
}

impl Plan {
    pub(crate) fn new(name: &'static str, choose: Choose, at_end: AtEnd) -> Self {
        let (on, keep, deadline) = (None, None, None);
        let (controls, cancelled, watchers) = (Controls::default(), Vec::new(), None);
        Self { name, choose, on, keep, deadline, controls, cancelled, watchers, at_end }
    }

    fn cancel_on(&mut self, token: CancelToken) {
        self.cancelled.push(token.into_cancelled());
    }

    fn set_runtime(&mut self, runtime: &impl AsHandle) {
        self.on = Some(runtime.handle());
        self.keep = runtime.keep_alive();
    }

    fn runtime(&self) -> Result<RuntimeHandle, RunError> {
        self.on.clone().map_or_else(self.choose, Ok)
    }

    /// See [`Way::host`].
    fn host(&mut self) -> (&'static str, Controls, Result<RuntimeHandle, RunError>) {
        let runtime = self.runtime();
        if let Ok(runtime) = &runtime {
            self.on = Some(runtime.clone());
        }
        (self.name, self.controls.clone(), runtime)
    }

    /// Opens the run's course, for its body to be made in.
    pub(crate) fn begin(self) -> Result<Course, RunError> {
        let runtime = self.runtime()?;
        let Self { name, at_end, controls, keep, cancelled, deadline, watchers, .. } = self;
        if at_end == AtEnd::Linger {
            controls.inherit_observer();
        } else {
            controls.observe_begin(name, runtime.name());
        }
        let course = Course::open(runtime, name, at_end, controls, keep, cancelled, deadline);
        Ok(course.watched_by(watchers))
    }
}

/// Makes a run's own part. What it was to send into is broken where it never comes to that.
type Make<B> = Breakable<Box<dyn FnOnce(&Scope) -> B + Send>>;

/// A run that was described and not started: it starts when it is awaited, or by
/// [`start`](Run::start).
///
/// `.await` gives the value, and panics where the run itself failed: with the panic of the user
/// code that failed it, else with the [`RunError`]'s text. [`checked`](Run::checked) gives the
/// error as a value.
///
/// # Cancel safety
///
/// Dropping a run in its middle cancels it: every task that isn't being polled on another thread
/// at that moment is dropped at once, the rest when their poll returns; the scope the run started
/// in joins those. What was on its way is lost.
#[must_use = "a run does nothing unless it is awaited or started"]
pub struct Run<T> {
    /// How far it is.
    way: Lone<Way>,
    /// Its own part; `None` where another run has taken that over.
    body: Option<Box<dyn BodyOf<T>>>,
    /// Steers it; handed out by [`Run::control`].
    controls: Controls,
}

/// The own part of a run that gives a `T`.
trait BodyOf<T>: Send {
    /// For the run's way.
    fn body(&mut self) -> &mut dyn Body;
    /// What it gave, once.
    fn take_value(&mut self) -> Option<T>;
    /// The future itself, for another run whose part it becomes.
    fn into_future(self: Box<Self>, scope: &Scope) -> BoxFuture<T>;
}

/// A run's own part: what makes a future, the future, and what that gave.
struct Part<M, T> {
    make: Option<M>,
    future: Option<BoxFuture<T>>,
    value: Option<T>,
}

impl<M: FnOnce(&Scope) -> BoxFuture<T>, T> Body for Part<M, T> {
    fn make(&mut self, scope: &Scope) {
        self.future = self.make.take().map(|make| make(scope));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        future.as_mut().poll(cx).map(|value| self.value = Some(value))
    }

    fn is_there(&self) -> bool {
        self.future.is_some()
    }

    fn drop_future(&mut self) {
        self.make = None;
        self.future = None;
    }

    fn drop_value(&mut self) {
        self.value = None;
    }
}

impl<M: FnOnce(&Scope) -> BoxFuture<T> + Send, T: Send> BodyOf<T> for Part<M, T> {
    fn body(&mut self) -> &mut dyn Body {
        self
    }

    fn take_value(&mut self) -> Option<T> {
        self.value.take()
    }

    fn into_future(mut self: Box<Self>, scope: &Scope) -> BoxFuture<T> {
        let make = self.make.take().expect("it was only planned");
        make(scope)
    }
}

impl<T: Send + 'static> Run<T> {
    /// A run of `make`'s future in a scope of its own. When the future is done the run needs nothing
    /// more: tasks that still run are cancelled and joined.
    ///
    /// `name` is told where the future panics outside any stage; `choose` finds a runtime.
    pub fn new<F>(name: &'static str, choose: Choose, make: impl FnOnce(&Scope) -> F + Send + 'static) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        Self::planned(Plan::new(name, choose, AtEnd::Cancel), make)
    }

    /// A run that drains `source` into `sink`.
    ///
    /// `name` is told where the sink panics outside any stage; `choose` finds a runtime.
    pub fn drain<S, K>(name: &'static str, choose: Choose, source: S, sink: K) -> Self
    where
        S: Source,
        K: Sink<S::Item, Output = T>,
    {
        let plan = Plan::new(name, choose, AtEnd::Cancel);
        Self::boxed(plan, move |scope| {
            let input = source.attach(scope);
            let of_sink = scope.controls().take_cut().map(|cut| {
                // A scope of its own tells the sink from those that are beside the way.
                let of_sink = scope.child();
                of_sink.cut_at(cut);
                of_sink
            });
            hosted(name, scope, sink.drain(input, of_sink.as_ref().unwrap_or(scope)))
        })
    }

    pub(crate) fn planned<F>(plan: Plan, make: impl FnOnce(&Scope) -> F + Send + 'static) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        Self::boxed(plan, |scope| Box::pin(make(scope)))
    }

    fn boxed(plan: Plan, make: impl FnOnce(&Scope) -> BoxFuture<T> + Send + 'static) -> Self {
        let controls = plan.controls.clone();
        let body = Part { make: Some(make), future: None, value: None };
        Self { way: Lone::planned(plan), body: Some(Box::new(body)), controls }
    }

    /// A handle that stops, cancels, pauses and watches the run, from anywhere; also before it is awaited or started, and
    /// after its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_core::{Run, run::inherit};
    /// use anypipe_core::run::picture::RunState;
    ///
    /// let run = Run::new("answer", inherit, |_scope| async { 42 });
    /// let control = run.control();
    /// assert_eq!(control.picture().state, RunState::Planned);
    /// ```
    pub fn control(&self) -> Control {
        Control::new(self.controls.clone())
    }

    /// # Panics
    ///
    /// Where it was polled.
    #[track_caller]
    fn edit_planned(mut self, otherwise: &str, edit: impl FnOnce(&mut Plan)) -> Self {
        let Some(plan) = self.way.plan() else { panic!("{otherwise}") };
        edit(plan);
        self
    }

    fn edit(mut self, edit: impl FnOnce(&mut Plan)) -> Self {
        if let Some(plan) = self.way.plan() {
            edit(plan);
        }
        self
    }

    /// Runs on this runtime, whatever the code runs in.
    ///
    /// A value that owns its runtime (`Tokio::multi_thread(2)`) is kept alive until the run is over.
    #[doc(alias("flowOn", "subscribeOn"))]
    pub fn on(self, runtime: impl AsHandle) -> Self {
        self.edit(|plan| plan.set_runtime(&runtime))
    }

    /// Cancels and joins the run at its deadline; it then fails as timed out.
    ///
    /// A length of time counts from when the run starts. A [`Deadline`] can be looked at and moved while the run goes
    /// on, and may limit other work too.
    pub fn deadline(self, deadline: impl Into<Deadline>) -> Self {
        self.edit(|plan| plan.deadline = Some(deadline.into()))
    }

    /// Cancels and joins the run when the token is cancelled; it then fails as cancelled. Nothing
    /// is polled where the token is cancelled already. Asked for with several tokens, any of them does it.
    pub fn cancel_on(self, token: CancelToken) -> Self {
        self.edit(|plan| plan.cancel_on(token))
    }

    /// Ends the sources when the token is cancelled: items on their way are finished, and the run
    /// gives what it has. Asked for with several tokens, any of them does it.
    #[doc(alias("KillSwitch", "interruptWhen", "takeUntil", "take_until"))]
    pub fn stop_on(self, token: CancelToken) -> Self {
        self.edit(|plan| plan.controls.stop_on(token))
    }

    /// Has the run observed by this, in place of what [observes all runs](observe_runs).
    ///
    /// # Panics
    ///
    /// Where the run was polled already.
    #[track_caller]
    pub fn observe(self, observer: Arc<dyn Observer>) -> Self {
        self.edit_planned("a run must be observed before it is polled", |plan| {
            plan.controls.set_observer(observer);
        })
    }

    /// The same run, with its failure as a value instead of a panic.
    pub fn checked(self) -> Checked<T> {
        Checked { run: self }
    }

    /// Starts the run now, on a task of its own.
    pub fn start(self) -> Running<T> {
        Running::start(self)
    }

    fn poll_checked(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RunError>> {
        let Some(body) = &mut self.body else { panic!("a run was polled that another has taken over") };
        ready!(self.way.poll(body.body(), cx))?;
        // Without a failure and without a value the scope was cancelled by hand.
        Poll::Ready(body.take_value().ok_or_else(RunError::cancelled))
    }

    /// The plan and the own part, for another run; `None` where it has begun.
    fn take_over(mut self) -> Option<(Plan, Box<dyn BodyOf<T>>)> {
        self.way.take_plan().zip(self.body.take())
    }
}

impl<T: Send + 'static, E: Send + 'static> Run<Result<T, E>> {
    /// The same run with all its errors instead of the first: it doesn't stop at an `Err`, and gives
    /// every one of them, in the order in which they came.
    pub fn all_errors(self) -> Run<Result<T, Vec<E>>> {
        let Some((plan, body)) = self.take_over() else {
            panic!("all errors must be asked for before the run is polled");
        };
        Run::planned(plan, move |scope| {
            let controls = scope.controls().clone();
            controls.keep_errors::<E>();
            let run = body.into_future(scope);
            async move {
                let result = run.await;
                let mut errors = controls.kept_errors();
                match result {
                    Ok(value) if errors.is_empty() => return Ok(value),
                    Ok(_) => {}
                    // What the sink could not go on from.
                    Err(last) => errors.push(last),
                }
                Err(errors)
            }
        })
    }
}

impl<T: Send + 'static> Future for Run<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_checked(cx).map(|result| result.unwrap_or_else(|error| error.resume()))
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if let Some(body) = &mut self.body {
            self.way.give_up(body.body());
        }
    }
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("state", &self.way.name()).finish_non_exhaustive()
    }
}

/// A [`Run`] whose failure is a value, made by [`Run::checked`].
///
/// # Cancel safety
///
/// As that of [`Run`].
#[derive(Debug)]
#[must_use = "a run does nothing unless it is awaited"]
pub struct Checked<T> {
    run: Run<T>,
}

impl<T: Send + 'static> Future for Checked<T> {
    type Output = Result<T, RunError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.run.poll_checked(cx)
    }
}
