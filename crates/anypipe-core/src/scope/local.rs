//! Values that tasks inherit.

// For maintainers. A thread knows the values of the code that it runs (`context.rs`): one pointer, null where nobody uses
// any. A future that has values of its own puts them there for each of its polls, and for its drop. What is spawned while
// there are any is wrapped in such a future, so that a task without costs one look at the pointer when it is spawned, and
// one when it is polled, where it hides those of a task that it is polled in. A list of values never changes: a scope
// makes a new one.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::context::{current_locals, swap_locals};
use super::task::{BoxFuture, BoxJob};
use super::values::{Key, Locals, Value, Values};

/// The values of this thread as they are to be, until it goes.
struct Set {
    before: Locals,
}

impl Set {
    fn new(locals: Locals) -> Self {
        Self { before: swap_locals(locals) }
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        drop(swap_locals(self.before.take()));
    }
}

/// A task's future that sees the values of the code that spawns it.
pub(super) fn inherit(future: BoxFuture<()>) -> BoxFuture<()> {
    match current_locals() {
        None => future,
        locals => Box::pin(Inherits { locals, future: Some(future) }),
    }
}

/// As [`inherit`], for blocking work.
pub(super) fn inherit_job(job: BoxJob) -> BoxJob {
    match current_locals() {
        None => job,
        locals => Box::new(move || {
            let set = Set::new(locals);
            job();
            drop(set);
        }),
    }
}

/// A future with the values it was spawned with.
struct Inherits {
    locals: Locals,
    /// Dropped with the values in place.
    future: Option<BoxFuture<()>>,
}

impl Future for Inherits {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _set = Set::new(self.locals.clone());
        match &mut self.future {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Inherits {
    fn drop(&mut self) {
        let _set = Set::new(self.locals.clone());
        self.future = None;
    }
}

/// A value of a task, declared by `task_local!`: what is spawned inherits it.
///
/// It is given to a future by [`scope`](LocalKey::scope). All that this future calls sees it, and so does what it
/// spawns, however long that runs: children of task groups, the stages of a pipeline, shields, what is gathered,
/// blocking closures. They have what was there when they were spawned; a value that a child is given is seen by the
/// child alone, as with context variables in Python.
pub struct LocalKey<T: 'static> {
    /// As it was declared. It also makes each key a place of its own.
    name: &'static str,
    _value: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(name: &'static str) -> Self {
        Self { name, _value: PhantomData }
    }

    fn key(&'static self) -> Key {
        std::ptr::from_ref(self).addr()
    }

    /// Gives a value to a future, and to all that it spawns; inside it hides the one outside.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future, which still sees the value meanwhile.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> LocalScope<F> {
        LocalScope { key: self.key(), value: Arc::new(value), made: None, future: Some(future) }
    }

    /// As [`scope`](LocalKey::scope), for a closure.
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let _set = Set::new(Some(Values::with(current_locals().as_deref(), self.key(), Arc::new(value))));
        f()
    }

    /// Looks at the value.
    ///
    /// # Errors
    ///
    /// Where there is none here.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, NotSet> {
        let value = current_locals().and_then(|values| values.get(self.key()));
        match value.as_ref().and_then(|value| value.downcast_ref()) {
            Some(value) => Ok(f(value)),
            None => Err(NotSet { name: self.name }),
        }
    }

    /// Looks at the value.
    ///
    /// # Panics
    ///
    /// Where there is none here: in no [`scope`](LocalKey::scope), nor spawned in one.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// Where there is none here.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("name", &self.name).finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that sees a value of a task, made by [`LocalKey::scope`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future.
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct LocalScope<F> {
        key: Key,
        value: Value,
        // The values outside, and those together with this one.
        made: Option<(Locals, Arc<Values>)>,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for LocalScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _set = Set::new(Some(values(*this.key, this.value, this.made)));
            this.future.set(None);
        }
    }
}

/// The values with this one, made anew where those outside are others than before.
fn values(key: Key, value: &Value, made: &mut Option<(Locals, Arc<Values>)>) -> Arc<Values> {
    let outside = current_locals();
    let address = |locals: &Locals| locals.as_ref().map(Arc::as_ptr);
    match made {
        Some((before, made)) if address(before) == address(&outside) => Arc::clone(made),
        _ => {
            let values = Values::with(outside.as_deref(), key, Arc::clone(value));
            *made = Some((outside, Arc::clone(&values)));
            values
        }
    }
}

impl<F: Future> Future for LocalScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _set = Set::new(Some(values(*this.key, this.value, this.made)));
        this.future.as_pin_mut().expect("it is there until the drop").poll(cx)
    }
}

impl<F> fmt::Debug for LocalScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalScope").finish_non_exhaustive()
    }
}

/// A value of a task was looked at where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSet {
    name: &'static str,
}

impl fmt::Display for NotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        write!(f, "`{name}` has no value here: give it one with `{name}.scope(value, future)`")
    }
}

impl Error for NotSet {}

/// Declares values of tasks, which what is spawned inherits: see [`LocalKey`](crate::scope::LocalKey).
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::task::task_local;
///
/// task_local! {
///     /// Who asks.
///     static USER: String;
/// }
///
/// async fn greeting() -> String {
///     USER.with(|user| format!("hello {user}"))
/// }
///
/// # use std::task::{Context, Poll, Waker};
/// let greeted = USER.scope("alice".to_owned(), greeting());
/// # let polled = Box::pin(greeted).as_mut().poll(&mut Context::from_waker(Waker::noop()));
/// # assert_eq!(polled, Poll::Ready("hello alice".to_owned()));
/// // In a task group, a pipeline or `gather` in there, all that is spawned sees it too.
/// assert!(USER.try_with(String::len).is_err());
/// ```
#[doc(alias("RunVar", "RunvarToken", "WithValue", "contextvars"))]
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty);* $(;)?) => {$(
        $(#[$attribute])*
        $vis static $name: $crate::scope::LocalKey<$type> = $crate::scope::LocalKey::__new(stringify!($name));
    )*};
}
