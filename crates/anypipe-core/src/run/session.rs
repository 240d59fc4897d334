//! One run while it runs: its scope, and the part that the awaiter polls itself.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::Plan;
use super::live::{self, Listed};
use super::watch::Watchers;
use crate::error::RunError;
use crate::runtime::{Alarm, RuntimeHandle, WaitsFor};
use crate::scope::{
    Cancelled, Controls, Deadline, DeadlineWatch, Panic, Part, RunEnd, SINK, Scope, WorkerState, break_off,
    catch, current_scope, observes, polling, polling_own, replace_waker, resume_from_drop, within,
};
use crate::sync::{Lone, built_here};

/// What becomes of tasks that still run when the body is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtEnd {
    /// A pipeline that has its result needs nothing more of its stages.
    Cancel,
    /// A group waits for its children, and is not done before them.
    Wait,
    /// A future's value counts from when it is there. What it has left behind is waited for until the limit,
    /// and then cancelled.
    Linger,
}

/// A body that gives more than once, as a stream does, in a scope of its own.
pub(crate) struct Session<B> {
    /// The part the awaiter polls, until it is done or cancelled.
    body: Option<B>,
    course: Course,
}

impl<B> Session<B> {
    /// `make` builds the body in the scope of the run.
    pub(crate) fn open(course: Course, make: impl FnOnce(&Scope) -> B) -> Self {
        let (mut body, mut make, mut course) = (None, Some(make), course);
        course.make(&mut |scope| body = make.take().map(|make| make(scope)));
        Self { body, course }
    }

    /// The body, unless the run was cancelled: nothing is asked of what was.
    pub(crate) fn body(&mut self) -> Option<&mut B> {
        if self.course.goes_on() { self.body.as_mut() } else { None }
    }

    /// Polls the body; `None` once there is none any more, because the run has failed.
    pub(crate) fn poll_body<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut B, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Option<R>> {
        let Self { body, course } = self;
        let Some(running) = body else { return Poll::Ready(None) };
        let mut given = None;
        let mut poll = |cx: &mut Context<'_>| poll(running, cx).map(|value| given = Some(value));
        if ready!(course.poll_body(cx, &mut poll)) {
            return Poll::Ready(given);
        }
        course.break_body(&mut || *body = None);
        Poll::Ready(None)
    }

    /// Ends the run after its body: joins every task and tells whether anything failed.
    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        if self.body.is_some() {
            self.course.drop_body(&mut || self.body = None);
        }
        self.course.poll_finish(cx)
    }
}

impl<B> Drop for Session<B> {
    fn drop(&mut self) {
        let body = &mut self.body;
        self.course.end(&mut || *body = None);
    }
}

/// All of a run but its body, which it is lent: built once, and not for each type of body. The one place where a run
/// begins, fails, is joined and is given up.
pub(crate) struct Course {
    /// Joins all tasks of the run.
    scope: Scope,
    /// The name told where the body panics outside any stage.
    name: &'static str,
    /// True where the body is the run's sink.
    is_sink: bool,
    /// Who looks at the run meanwhile, if anybody does.
    watchers: Option<Box<Watchers>>,
    /// Its place among the runs of the program, where they are listed.
    listed: Option<Box<Listed>>,
    /// Ends the run as timed out. Few have a clock: it lies apart.
    deadline: Option<Box<DeadlineWatch>>,
    /// Ends the run as cancelled, whichever is first.
    cancel: Vec<Cancelled>,
    /// Ends the run as cancelled, after the grace of a stop, once that was asked for.
    grace: Option<Box<Alarm>>,
    /// The waker that is called for whatever else ends the run, once its body was polled.
    known: Option<Waker>,
    /// What to do with tasks that still run when the body is done.
    at_end: AtEnd,
    /// True once a body that is a future is over, one way or the other.
    finishing: bool,
    /// Set once the scope was joined.
    joined: bool,
    /// Holds an owned runtime until everything on it has ended.
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

impl Course {
    /// Opens a scope on `runtime` in the scope this code runs in. The run fails as cancelled once one of `cancel` is
    /// done, and as timed out at the deadline.
    pub(crate) fn open(
        runtime: RuntimeHandle,
        name: &'static str,
        at_end: AtEnd,
        controls: Controls,
        keep: Option<Arc<dyn Any + Send + Sync>>,
        cancel: Vec<Cancelled>,
        deadline: Option<Deadline>,
    ) -> Self {
        // First: a length counts also while the body is made.
        let now = runtime.now();
        if let Some(deadline) = &deadline {
            deadline.begin(now);
        }
        let watch = deadline.clone().map(|deadline| Box::new(deadline.watch(&runtime)));
        let scope = Scope::limited(runtime, current_scope().as_ref(), controls, deadline);
        scope.controls().begin(name, &scope, now);
        let listed = live::enter(scope.controls());
        Self {
            scope,
            name,
            is_sink: false,
            watchers: None,
            listed,
            deadline: watch,
            cancel,
            grace: None,
            known: None,
            at_end,
            finishing: false,
            joined: false,
            _keep: keep,
        }
    }

    pub(crate) fn watched_by(mut self, watchers: Option<Box<Watchers>>) -> Self {
        self.watchers = watchers;
        self
    }

    /// Does what is to be done of the run's own part, with whoever observes the run around it.
    #[inline]
    fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        if !observes() || self.at_end == AtEnd::Linger {
            return work();
        }
        let part = Part { name: self.name, stage: self.is_sink.then_some(SINK) };
        within(self.scope.controls().observer().as_ref(), part, work)
    }

    /// Makes the body, in the scope.
    fn make(&mut self, make: &mut dyn FnMut(&Scope)) {
        let entered = polling(&self.scope);
        let result = catch(|| self.within(|| make(&self.scope)));
        drop(entered);
        if let Some(mut watchers) = self.watchers.take() {
            // Of the run, and not of its sink.
            self.within(|| watchers.start(&self.scope));
            self.watchers = Some(watchers);
        }
        self.is_sink = self.scope.controls().is_own_sink();
        if let Err(panic) = result {
            self.fail(panic);
        }
    }

    fn fail(&self, panic: Panic) {
        self.scope.fail(panic.into_error(Some(self.name)));
    }

    /// True unless the run was cancelled.
    fn goes_on(&self) -> bool {
        let is_cancelled = self.scope.controls().is_cancelled() || self.cancel.iter().any(Cancelled::is_over);
        if is_cancelled && !self.scope.is_cancelled() {
            self.scope.fail(RunError::cancelled());
        }
        !self.scope.is_cancelled()
    }

    /// Polls the body by `poll`; `false` where it is to be broken off, because the run has failed.
    ///
    /// The body first, and the clock only while there is something left to wait for: a value that is there is
    /// never given up for a clock. What was cancelled is not polled at all.
    fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    ) -> Poll<bool> {
        if !self.goes_on() {
            return Poll::Ready(false);
        }
        self.scope.note_body(Some((self.name, None)));
        if self.is_sink {
            self.begin_sink();
        }
        let entered = polling_own(&self.scope, self.is_sink);
        let polled = catch(|| self.within(|| poll(cx)));
        let waits_for = entered.leave();
        self.scope.note_body(matches!(polled, Ok(Poll::Pending)).then_some((self.name, Some(waits_for))));
        // One that has given something is at work, wherever that is, until it is asked for more.
        if self.is_sink {
            let waits = matches!(polled, Ok(Poll::Pending));
            self.wait_sink(if waits { waits_for } else { WaitsFor::Future });
        }
        match polled {
            Ok(Poll::Ready(())) => return Poll::Ready(true),
            Ok(Poll::Pending) => self.look_around(cx),
            Err(panic) => self.fail(panic),
        }
        if self.scope.is_cancelled() { Poll::Ready(false) } else { Poll::Pending }
    }

    /// A poll of the sink begins.
    #[inline]
    fn begin_sink(&self) {
        self.scope.controls().note_own_state(WorkerState::Polling);
        if self.scope.is_watched() {
            self.scope.begin_own_part();
        }
    }

    /// It is over, and the sink waits for this.
    #[inline]
    fn wait_sink(&self, waits_for: WaitsFor) {
        self.scope.controls().note_own_state(waits_for.into());
        if self.scope.is_watched() {
            self.scope.wait_own_part(waits_for);
        }
    }

    /// The body is over.
    fn end_stage(&self) {
        if self.is_sink && self.scope.is_watched() {
            self.scope.end_own_part();
        }
    }

    /// Has the task woken by whatever else ends the run, and looks whether it has come. A body that gave something
    /// waits for none of it.
    fn look_around(&mut self, cx: &mut Context<'_>) {
        if self.is_known(cx.waker()) {
            return;
        }
        // First: a failure from here on wakes us, and one before is seen after it.
        self.scope.register(cx);
        drop(replace_waker(&mut self.known, cx.waker()));
        self.look_at_cancel(cx);
        self.look_at_clock(cx);
    }

    /// True where all that could end the run has the waker still: what takes it away cancels the run, or asks for a grace.
    #[inline]
    fn is_known(&self, waker: &Waker) -> bool {
        self.known.as_ref().is_some_and(|known| known.will_wake(waker))
            && self.cancel.is_empty()
            && self.deadline.is_none()
            && self.grace.is_none()
            && !self.scope.controls().asks_grace()
    }

    fn look_at_cancel(&mut self, cx: &mut Context<'_>) {
        if self.scope.is_cancelled() {
            return;
        }
        let is_cancelled = self.scope.controls().is_cancelled();
        if is_cancelled || self.cancel.iter_mut().any(|cancel| Pin::new(cancel).poll(cx).is_ready()) {
            self.scope.fail(RunError::cancelled());
        }
    }

    fn look_at_clock(&mut self, cx: &mut Context<'_>) {
        if self.scope.is_cancelled() {
            return;
        }
        let grace = self.scope.controls().take_grace(cx);
        // After the entry: a cancel in between has either seen the waker or is seen here.
        if self.scope.controls().is_cancelled() {
            return self.scope.fail(RunError::cancelled());
        }
        if grace.is_none() && self.deadline.is_none() && self.grace.is_none() {
            return;
        }
        let over = catch(|| {
            if let Some(grace) = grace {
                let runtime = self.scope.runtime();
                self.grace.get_or_insert_with(|| Box::new(Alarm::new(runtime))).set(grace);
            }
            (self.is_too_late(cx), self.grace.as_mut().is_some_and(|grace| grace.poll(cx).is_ready()))
        });
        match over {
            Ok((true, _)) => self.scope.fail(RunError::timed_out()),
            Ok((_, true)) => self.scope.fail(RunError::cancelled()),
            Ok((false, false)) => {}
            Err(panic) => self.fail(panic),
        }
    }

    /// Whether the deadline has passed. A runtime without a timer panics.
    fn is_too_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.deadline.as_mut().is_some_and(|deadline| deadline.poll(cx).is_ready())
    }

    /// Drops a body, by `drop_it`, that is not to be finished; what it sends to is broken.
    fn break_body(&self, drop_it: &mut dyn FnMut()) {
        let entered = polling(&self.scope);
        let dropped = break_off(&mut || self.within(&mut *drop_it));
        drop(entered);
        self.end_stage();
        if let Err(panic) = dropped {
            self.fail(panic);
        }
    }

    /// Drops a body, by `drop_it`, that is done.
    fn drop_body(&self, drop_it: &mut dyn FnMut()) {
        let entered = polling(&self.scope);
        let dropped = catch(|| self.within(drop_it));
        drop(entered);
        self.end_stage();
        if let Err(panic) = dropped {
            self.fail(panic);
        }
    }

    /// Joins every task and tells whether anything failed.
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        if let Some(watchers) = &mut self.watchers {
            watchers.stop();
        }
        if self.scope.poll_join(cx).is_pending() {
            match self.at_end {
                AtEnd::Cancel => self.scope.cancel(),
                AtEnd::Wait => {
                    self.look_at_cancel(cx);
                    self.look_at_clock(cx);
                }
                AtEnd::Linger => match catch(|| self.is_too_late(cx)) {
                    Ok(true) => self.scope.cancel(),
                    Ok(false) => {}
                    Err(panic) => self.fail(panic),
                },
            }
            // A cancel may have ended the last of them.
            ready!(self.scope.poll_join(cx));
        }
        self.joined = true;
        let mut failure = self.scope.take_failure();
        self.scope.controls().note_end(failure.is_some());
        self.listed = None;
        if let Some(watchers) = self.watchers.take() {
            watchers.finish(self.scope.controls(), &mut failure);
        }
        self.scope.controls().observe_end(failure.as_ref().map_or(RunEnd::Ended, RunEnd::Failed));
        Poll::Ready(match failure {
            Some(error) => Err(error),
            None => Ok(()),
        })
    }

    /// Polls a future to its end, and joins every task.
    fn poll_future(&mut self, body: &mut dyn Body, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        if !self.finishing {
            if body.is_there() && !ready!(self.poll_body(cx, &mut |cx| body.poll(cx))) {
                self.break_body(&mut || body.drop_future());
            }
            self.finishing = true;
        }
        if body.is_there() {
            self.drop_body(&mut || body.drop_future());
        }
        let Err(mut error) = ready!(self.poll_finish(cx)) else { return Poll::Ready(Ok(())) };
        if let Err(panic) = catch(|| body.drop_value()) {
            error.push_other(panic.into_error(Some(self.name)));
        }
        Poll::Ready(Err(error))
    }

    /// Gives the run up where it was not joined; `drop_body` drops what is left of its body.
    fn end(&self, drop_body: &mut dyn FnMut()) {
        if self.joined {
            return;
        }
        self.end_stage();
        self.scope.controls().note_end(false);
        self.scope.abandon(&mut || {
            let entered = polling(&self.scope);
            let dropped = break_off(&mut || self.within(&mut *drop_body));
            drop(entered);
            dropped.err().map(|panic| panic.into_error(Some(self.name)))
        });
        self.scope.controls().observe_end(RunEnd::GivenUp);
    }
}

/// A run whose body is a future, and is lent: from its plan to its end.
pub(crate) enum Way {
    Planned(Plan),
    Active(Course),
    Over,
}

impl Way {
    fn plan(&mut self) -> Option<&mut Plan> {
        match self {
            Self::Planned(plan) => Some(plan),
            Self::Active(_) | Self::Over => None,
        }
    }

    fn take_plan(&mut self) -> Option<Plan> {
        match std::mem::replace(self, Self::Over) {
            Self::Planned(plan) => Some(plan),
            other => {
                *self = other;
                None
            }
        }
    }

    fn host(&mut self) -> (&'static str, Controls, Result<RuntimeHandle, RunError>) {
        match self {
            Self::Planned(plan) => plan.host(),
            // A run that was polled can be moved there only by `Unpin`; it goes on with what it has.
            Self::Active(course) => {
                let scope = &course.scope;
                (course.name, scope.controls().clone(), Ok(scope.runtime().clone()))
            }
            Self::Over => panic!("a run was started after it was over"),
        }
    }

    fn poll(&mut self, body: &mut dyn Body, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        if let Self::Planned(_) = self {
            let Some(plan) = self.take_plan() else { unreachable!("looked at one line above") };
            match plan.begin() {
                Ok(mut course) => {
                    course.make(&mut |scope| body.make(scope));
                    *self = Self::Active(course);
                }
                Err(error) => {
                    break_planned(body);
                    return Poll::Ready(Err(error));
                }
            }
        }
        let Self::Active(course) = self else { panic!("a run was polled after it was over") };
        let polled = course.poll_future(body, cx);
        if polled.is_ready() {
            *self = Self::Over;
        }
        polled
    }

    fn give_up(&mut self, body: &mut dyn Body) {
        match self {
            Self::Planned(_) => break_planned(body),
            Self::Active(course) => {
                // Before the course ends, which may have a panic to tell, too.
                if let Err(panic) = catch(|| body.drop_value()) {
                    course.fail(panic);
                }
                course.end(&mut || body.drop_future());
            }
            Self::Over => {}
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Planned(_) => "planned",
            Self::Active(_) => "active",
            Self::Over => "over",
        }
    }
}

built_here!(Lone<Way>);

// Here, so that the way into the box is built here as well.
impl Lone<Way> {
    pub(crate) fn planned(plan: Plan) -> Self {
        Self::new(Way::Planned(plan))
    }

    /// The plan, until the first poll.
    pub(crate) fn plan(&mut self) -> Option<&mut Plan> {
        self.get_mut().plan()
    }

    /// The plan, until the first poll, for another run.
    pub(crate) fn take_plan(&mut self) -> Option<Plan> {
        self.get_mut().take_plan()
    }

    /// What a task is made with that is to poll the run: the run's name, its controls, and its runtime, which is settled
    /// with that.
    pub(crate) fn host(&mut self) -> (&'static str, Controls, Result<RuntimeHandle, RunError>) {
        self.get_mut().host()
    }

    /// Begins the run where it has not begun, polls its body to the end, and joins every task.
    pub(crate) fn poll(&mut self, body: &mut dyn Body, cx: &mut Context<'_>) -> Poll<Result<(), RunError>> {
        self.get_mut().poll(body, cx)
    }

    /// Gives the run up, where it is not over.
    pub(crate) fn give_up(&mut self, body: &mut dyn Body) {
        self.get_mut().give_up(body);
    }
}

/// What a body was to send into is broken where it never comes to that.
fn break_planned(body: &mut dyn Body) {
    if let Err(panic) = break_off(&mut || body.drop_future()) {
        resume_from_drop(panic);
    }
}

/// A body that is a future, as a run is lent it.
pub(crate) trait Body {
    /// Makes the future, once.
    fn make(&mut self, scope: &Scope);
    /// Polls it, and keeps what it gives.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// True while the future is there.
    fn is_there(&self) -> bool;
    /// Drops it, or what was to make it.
    fn drop_future(&mut self);
    /// Drops what it gave.
    fn drop_value(&mut self);
}
