use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

pub use anypipe_core::scope::DeadlinePassed;

use super::TimedOut;
use crate::backend;

/// A limit of time in hand: it can be looked at and moved while work runs under it. All clones are the same deadline,
/// and may be moved from any task or thread.
///
/// Work is run under it by [`move_on`](Deadline::move_on) and [`fail`](Deadline::fail), and a whole run by
/// `Run::deadline`, which takes one too. A length of time counts from when the first work under the deadline begins. Any
/// number of works may be under one, one after the other or side by side: it passes once, for all of them, and stays
/// passed. Work under a deadline that has passed is polled once.
///
/// Deadlines lie in each other as scopes do, and each knows its own: where the outer one comes first, the inner one
/// [has not passed](Deadline::has_passed).
///
/// It is made before or after there is a runtime. Putting one off wakes nobody, so that it may be done for each item.
///
/// # Examples
///
/// A limit that each sign of life puts off:
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{Deadline, sleep};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let deadline = Deadline::after(Duration::from_secs(60));
///     let alive = deadline.clone();
///     let work = async move {
///         for _ in 0..3 {
///             sleep(Duration::from_millis(1)).await;
///             alive.extend(Duration::from_secs(60)).expect("it is in time");
///         }
///         "done"
///     };
///     assert_eq!(deadline.move_on(work).await, Some("done"));
///     assert!(!deadline.has_passed());
/// });
/// ```
///
/// Two that lie in each other:
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::Deadline;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let outer = Deadline::after(Duration::from_millis(5));
///     let inner = Deadline::after(Duration::from_secs(60));
///     let late = outer.move_on(inner.move_on(std::future::pending::<()>())).await;
///     assert_eq!(late, None);
///     assert!(outer.has_passed() && !inner.has_passed());
/// });
/// ```
#[derive(Clone, Default)]
pub struct Deadline {
    inner: anypipe_core::scope::Deadline,
}

impl Deadline {
    /// One that never comes, unless it is [set](Deadline::set).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(anypipe::time::Deadline::new().get(), None);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// One that comes `length` after the first work under it has begun; beyond all time (`Duration::MAX`) it never does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::time::{Deadline, now};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let deadline = Deadline::after(Duration::from_secs(60));
    ///     let looks = deadline.clone();
    ///     let comes = deadline.move_on(async move { looks.get() }).await.flatten();
    ///     assert!(comes.is_some_and(|at| at > now()));
    /// });
    /// ```
    pub fn after(length: Duration) -> Self {
        Self { inner: anypipe_core::scope::Deadline::after(length) }
    }

    /// One that comes at this moment, as [`now`](super::now) tells it where the work runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::time::{Deadline, now};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let deadline = Deadline::at(now());
    ///     assert_eq!(deadline.move_on(async { 1 }).await, Some(1), "what is there at once is in time");
    ///     assert_eq!(deadline.move_on(std::future::pending::<()>()).await, None);
    /// });
    /// ```
    pub fn at(at: Instant) -> Self {
        Self { inner: anypipe_core::scope::Deadline::at(at) }
    }

    /// When it comes, or came: `None` where it never does, and where it is a length of time that no work has begun to
    /// use.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::time::{Deadline, now};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let at = now();
    ///     assert_eq!(Deadline::at(at).get(), Some(at));
    /// });
    /// ```
    pub fn get(&self) -> Option<Instant> {
        self.inner.get()
    }

    /// True once it has cut off work that was under it: of several that lie in each other, whose time had come. Where all
    /// work is done before its moment it has not passed.
    ///
    /// # Examples
    ///
    /// As in the second example of [`Deadline`].
    #[doc(alias("cancelled_caught", "expired"))]
    pub fn has_passed(&self) -> bool {
        self.inner.has_passed()
    }

    /// Moves it to this moment. Where that is over already, what runs under it is polled once more and then cut off.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::time::{Deadline, now};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let deadline = Deadline::new();
    ///     let moves = deadline.clone();
    ///     let work = async move {
    ///         moves.set(now()).expect("it has not passed");
    ///         std::future::pending::<()>().await;
    ///     };
    ///     assert_eq!(deadline.move_on(work).await, None);
    ///     assert!(deadline.set(now() + Duration::from_secs(60)).is_err());
    /// });
    /// ```
    #[doc(alias("reschedule"))]
    pub fn set(&self, at: Instant) -> Result<(), DeadlinePassed> {
        self.inner.set(at)
    }

    /// Moves it `length` further away; beyond all time it never comes. One that never comes stays so.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::time::{Deadline, now};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let at = now();
    ///     let deadline = Deadline::at(at);
    ///     deadline.extend(Duration::from_secs(1)).unwrap();
    ///     assert_eq!(deadline.get(), Some(at + Duration::from_secs(1)));
    ///     deadline.extend(Duration::MAX).unwrap();
    ///     assert_eq!(deadline.get(), None);
    /// });
    /// ```
    pub fn extend(&self, length: Duration) -> Result<(), DeadlinePassed> {
        self.inner.extend(length)
    }

    /// Has it never come, unless it is set again.
    ///
    /// # Errors
    ///
    /// [`DeadlinePassed`] where it has passed; nothing is moved then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::time::Deadline;
    ///
    /// let deadline = Deadline::after(Duration::ZERO);
    /// deadline.never().unwrap();
    /// assert_eq!(deadline.get(), None);
    /// ```
    pub fn never(&self) -> Result<(), DeadlinePassed> {
        self.inner.never()
    }

    /// Runs a future until it is done or the deadline passes: `None` where it passed. The future has then been dropped,
    /// and all it had started has been joined.
    ///
    /// # Panics
    ///
    /// Where there is no runtime, where the runtime has no timer, and where the future does.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future and cancels what it started; the enclosing scope joins the rest.
    ///
    /// # Examples
    ///
    /// As in those of [`Deadline`].
    pub async fn move_on<F: Future>(&self, future: F) -> Option<F::Output> {
        anypipe_core::run::move_on(backend::choose, self.clone(), future).await
    }

    /// As [`move_on`](Deadline::move_on), with an error where the deadline passed.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] where it passed before the future was done.
    ///
    /// # Panics
    ///
    /// As [`move_on`](Deadline::move_on).
    ///
    /// # Cancel safety
    ///
    /// As [`move_on`](Deadline::move_on).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe::time::{Deadline, TimedOut};
    ///
    /// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
    /// anypipe::run(async {
    ///     let deadline = Deadline::after(Duration::ZERO);
    ///     assert_eq!(deadline.fail(std::future::pending::<()>()).await, Err(TimedOut));
    /// });
    /// ```
    pub async fn fail<F: Future>(&self, future: F) -> Result<F::Output, TimedOut> {
        self.move_on(future).await.ok_or(TimedOut)
    }
}

impl From<Deadline> for anypipe_core::scope::Deadline {
    fn from(deadline: Deadline) -> Self {
        deadline.inner
    }
}

impl From<Duration> for Deadline {
    fn from(length: Duration) -> Self {
        Self::after(length)
    }
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Self {
        Self::at(at)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The nearest deadline around the code that runs now, as it is now: of the limited futures and runs that it is in, also
/// of those whose tasks it is one of. `None` where nothing limits it.
///
/// A shielded future is outside of what is around it, and a run that has ended limits nothing any more.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe::time::{current_deadline, move_on_after, now};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     assert_eq!(current_deadline(), None);
///     let left = move_on_after(Duration::from_secs(60), async {
///         current_deadline().map(|at| at.saturating_duration_since(now()))
///     });
///     assert!(left.await.flatten().is_some_and(|left| left <= Duration::from_secs(60)));
/// });
/// ```
#[doc(alias("current_effective_deadline"))]
pub fn current_deadline() -> Option<Instant> {
    anypipe_core::scope::current_scope()?.deadline()
}
