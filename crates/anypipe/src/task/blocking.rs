use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::Scope;
use anypipe_core::run::scoped;
use anypipe_core::runtime::RuntimeHandle;
use anypipe_core::scope::current_scope;

use crate::sync::CapacityLimiter;
use crate::{backend, runtime};

/// How many closures a runtime has on threads at a time, unless told otherwise: as many as anyio has. It is enough for work
/// that mostly waits, and few enough that a burst of calls doesn't start hundreds of threads, as the runtimes' own pools would.
const AT_A_TIME: usize = 40;

/// Runs a closure on a thread where blocking is allowed, and gives what it gives.
///
/// No more than 40 of them are on threads at a time: [`blocking_limiter`] changes that for a runtime, and
/// [`limiter`](Blocking::limiter) for a call. The rest wait their turn, first come, first served. The work of a stage with
/// `.blocking()` isn't counted among them: its workers are its bound.
///
/// In the closure, [`portal`](super::portal()) is the way back into the run.
///
/// # Panics
///
/// As the closure does, and where there is no runtime.
///
/// # Cancel safety
///
/// Dropping it stops the waiting. A closure that has not started is dropped; nothing can interrupt one that has. The scope
/// this was awaited in joins that; with no scope around it outlives the call. With
/// [`abandon_on_cancel`](Blocking::abandon_on_cancel) nobody waits for it.
///
/// # Examples
///
/// ```
/// use anypipe::task::blocking;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let here = std::thread::current().id();
///     let there = blocking(|| std::thread::current().id()).await;
///     assert_ne!(here, there);
/// });
/// ```
#[doc(alias("block_in_place", "process_worker", "run_sync", "to_thread", "to_thread_run_sync"))]
pub fn blocking<T, F>(work: F) -> Blocking<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let plan = Plan { work: Box::new(work), is_abandoned: false, limiter: None };
    Blocking { state: State::Planned(plan) }
}

/// What limits the closures of [`blocking`] that name no limiter of their own, on the runtime this code runs on.
///
/// There is one for each runtime, which lasts as long as that; for each pool of threads, to be exact: all executors of smol
/// share theirs, and so do tokio runtimes that anypipe didn't make.
///
/// # Panics
///
/// Where there is no runtime.
///
/// # Examples
///
/// ```
/// use anypipe::task::blocking_limiter;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     assert_eq!(blocking_limiter().total_tokens(), 40);
///     blocking_limiter().set_total_tokens(100);
///     assert_eq!(blocking_limiter().total_tokens(), 100);
/// });
/// ```
#[doc(alias("current_default_thread_limiter"))]
pub fn blocking_limiter() -> Arc<CapacityLimiter> {
    limiter_of(&runtime::current())
}

fn limiter_of(runtime: &RuntimeHandle) -> Arc<CapacityLimiter> {
    /// Apart from limiters that others may keep there.
    struct Default(Arc<CapacityLimiter>);
    let kept = runtime.locals().get_or_init(|| Default(Arc::new(CapacityLimiter::new(AT_A_TIME))));
    Arc::clone(&kept.0)
}

/// A closure for a thread where blocking is allowed, made by [`blocking`]: a future of what it gives. It starts when it is
/// awaited.
#[must_use = "the closure doesn't start unless this is awaited"]
pub struct Blocking<T> {
    state: State<T>,
}

enum State<T> {
    Planned(Plan<T>),
    Active(Pin<Box<dyn Future<Output = T> + Send>>),
    Over,
}

struct Plan<T> {
    work: Box<dyn FnOnce() -> T + Send>,
    /// True where nobody waits for it once this was dropped.
    is_abandoned: bool,
    /// What was given in place of the runtime's own.
    limiter: Option<Arc<CapacityLimiter>>,
}

impl<T: Send + 'static> Blocking<T> {
    fn edit(mut self, edit: impl FnOnce(&mut Plan<T>)) -> Self {
        if let State::Planned(plan) = &mut self.state {
            edit(plan);
        }
        self
    }

    /// Has nobody wait for the closure once this is dropped, by a cancel or a limit of time: one that has started goes on
    /// alone, and what it gives is dropped, a panic too.
    ///
    /// It keeps its place under its limiter until it has ended, so that abandoned closures don't pile up. It is in a scope
    /// of its own, that ends with the call: through a [`portal`](super::portal()) of it nothing is begun after that.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::task::blocking;
    /// use anypipe::time::move_on_after;
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let (go, goes) = std::sync::mpsc::channel::<()>();
    ///     let slow = blocking(move || goes.recv()).abandon_on_cancel();
    ///     assert!(move_on_after(Duration::from_millis(5), slow).await.is_none());
    ///     drop(go); // until now the closure was on its thread
    /// });
    /// ```
    pub fn abandon_on_cancel(self) -> Self {
        self.edit(|plan| plan.is_abandoned = true)
    }

    /// Has it wait for a token of this limiter, in place of the runtime's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use anypipe::sync::CapacityLimiter;
    /// use anypipe::task::blocking;
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let disk = Arc::new(CapacityLimiter::new(2));
    ///     let (one, other) = (blocking(|| 1).limiter(&disk), blocking(|| 2).limiter(&disk));
    ///     assert_eq!(one.await + other.await, 3);
    ///     assert_eq!(disk.borrowed_tokens(), 0);
    /// });
    /// ```
    pub fn limiter(self, limiter: &Arc<CapacityLimiter>) -> Self {
        self.edit(|plan| plan.limiter = Some(Arc::clone(limiter)))
    }
}

impl<T: Send + 'static> Plan<T> {
    async fn run(self) -> T {
        if let Some(scope) = current_scope() {
            return self.run_in(scope).await;
        }
        let work = async {
            let Some(scope) = current_scope() else { unreachable!("this is polled in the scope around it") };
            self.run_in(scope).await
        };
        scoped("blocking", backend::choose, work).await.unwrap_or_else(|error| error.rethrow())
    }

    async fn run_in(self, scope: Scope) -> T {
        let Self { work, is_abandoned, limiter } = self;
        let limiter = limiter.unwrap_or_else(|| limiter_of(scope.runtime()));
        let token = limiter.acquire_owned().await;
        let work = move || {
            // Held until the closure has ended, whoever still waits for it.
            let _token = token;
            work()
        };
        let job = if is_abandoned {
            scope.spawn_abandonable("blocking", work)
        } else {
            scope.spawn_blocking("blocking", work)
        };
        match job.await {
            Ok(value) => value,
            // The scope is about to drop the task that asked, for a reason of its own.
            Err(error) if error.is_cancelled() => pending().await,
            Err(error) => error.rethrow(),
        }
    }
}

impl<T: Send + 'static> Future for Blocking<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let State::Planned(_) = self.state {
            let State::Planned(plan) = std::mem::replace(&mut self.state, State::Over) else {
                unreachable!("looked at one line above");
            };
            self.state = State::Active(Box::pin(plan.run()));
        }
        let State::Active(run) = &mut self.state else {
            panic!("blocking work was polled after it was over");
        };
        let polled = run.as_mut().poll(cx);
        if polled.is_ready() {
            self.state = State::Over;
        }
        polled
    }
}

// The closure and the future are boxed, and the value is only ever moved.
impl<T> Unpin for Blocking<T> {}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Planned(_) => "planned",
            State::Active(_) => "active",
            State::Over => "over",
        };
        f.debug_struct("Blocking").field("state", &state).finish_non_exhaustive()
    }
}
