//! What happens to panics, decided once for all runtimes.

#![expect(clippy::missing_const_for_thread_local, reason = "the model checker's macro takes no `const`")]

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::{iter, option, vec};

use super::context::{current_scope, is_unwound_from_outside, note_call, set_breaking};
use crate::error::RunError;
use crate::sync::thread_local;

thread_local! {
    /// The stage whose closure is unwinding on this thread; set by [`in_stage`], taken by [`catch`].
    static STAGE: RefCell<Option<String>> = RefCell::new(None);
}

/// A panic on its way from the task that raised it to the awaiter of the run.
pub(crate) struct Panic {
    /// The stage whose closure raised it, where it is known.
    stage: Option<String>,
    /// What it was raised with.
    payload: Box<dyn Any + Send>,
}

impl Panic {
    /// The panic as the failure of a run; `place` names it where no stage did.
    pub(crate) fn into_error(self, place: Option<&str>) -> RunError {
        RunError::panicked(self.stage.or_else(|| place.map(str::to_owned)), self.payload)
    }

    pub(crate) fn resume(self) -> ! {
        std::panic::resume_unwind(self.payload)
    }
}

/// Runs `f`; a panic comes back as a value.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    // What is left here by a panic that somebody else caught is for nobody: it is put aside by the next.
    let outer = if is_stage_left() { swap_stage(None) } else { None };
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => {
            if outer.is_some() {
                swap_stage(outer);
            }
            Ok(value)
        }
        Err(payload) => Err(caught(outer, payload)),
    }
}

/// As [`catch`], for code that is built for each type of item or of future: this is built once. `f` is called once.
fn catch_call(f: &mut dyn FnMut()) -> Result<(), Panic> {
    catch(f)
}

#[cold]
fn caught(outer: Option<String>, payload: Box<dyn Any + Send>) -> Panic {
    Panic { stage: swap_stage(outer), payload }
}

/// True where a panic has left its stage here.
#[inline]
fn is_stage_left() -> bool {
    STAGE.try_with(|current| current.borrow().is_some()).unwrap_or(false)
}

#[cold]
fn swap_stage(stage: Option<String>) -> Option<String> {
    STAGE.try_with(|current| current.replace(stage)).ok().flatten()
}

/// Drops `value`; a panic in its destructor comes back as a value.
pub(crate) fn drop_caught<T>(value: T) -> Result<(), Panic> {
    let mut value = Some(value);
    catch_call(&mut || value = None)
}

/// Drops `value`, which was cut off before its end: its senders count as broken and not as closed. A panic
/// in its destructor comes back as a value.
pub(crate) fn drop_broken<T>(value: T) -> Result<(), Panic> {
    let mut value = Some(value);
    break_off(&mut || value = None)
}

/// Calls `f` once, which drops what was cut off, as [`drop_broken`] does.
pub(crate) fn break_off(f: &mut dyn FnMut()) -> Result<(), Panic> {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            set_breaking(self.0);
        }
    }
    let _restore = Restore(set_breaking(true));
    catch_call(f)
}

/// Drops items one by one, and goes on behind one that panics, since two panicking destructors in one
/// collection abort the process; then resumes the first panic, unless the task unwinds already.
///
/// A stage that holds items drops them through this.
///
/// # Panics
///
/// Where one of the destructors did.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// anypipe::author::drop_each(vec![1, 2, 3]);
/// ```
pub fn drop_each<T>(items: impl IntoIterator<Item = T>) {
    let mut items = items.into_iter();
    let (mut item, mut is_over) = (None, false);
    drop_rest(&mut || {
        while !is_over {
            drop(item.take());
            // Nothing more is asked of an iterator that has panicked.
            is_over = true;
            item = items.next();
            is_over = item.is_none();
        }
    });
}

/// As [`drop_each`], in little code: it is built for each type of item.
pub(crate) fn drop_items<T>(mut items: Vec<T>) {
    if items.is_empty() {
        return;
    }
    items.reverse();
    drop_rest(&mut || while items.pop().is_some() {});
}

/// Calls `drop_rest`, which drops one thing after the other, and again after each panic in it, until nothing is left;
/// then resumes the first panic, as [`drop_each`] does.
fn drop_rest(drop_rest: &mut dyn FnMut()) {
    let mut first = None;
    while let Err(panic) = catch_call(drop_rest) {
        first = first.or(Some(panic));
    }
    resume_first(first);
}

/// Runs `f`, which drops something, with `value` in hand, and gives `value` on. Where `f` panics, `value` is
/// dropped under a `catch` of its own before the panic goes on: two panicking destructors at once would
/// abort the process.
///
/// A stage that gives an item and lets its input go at the same time does it through this.
///
/// # Panics
///
/// Where `f` does.
///
/// # Examples
///
/// ```
/// let mut input = Some(vec![1, 2, 3]);
/// # use anypipe_core::__anypipe as anypipe;
/// assert_eq!(anypipe::author::holding(4, || input = None), 4);
/// assert!(input.is_none());
/// ```
pub fn holding<T>(value: T, f: impl FnOnce()) -> T {
    if let Err(panic) = catch(f) {
        // The first one is told.
        let _ = drop_caught(value);
        panic.resume();
    }
    value
}

/// Wakes all, also where one of the wakers panics; that panic resumes after the last, as in [`drop_each`].
pub(crate) fn wake_each(wakers: impl IntoIterator<Item = Waker>) {
    let mut wakers = wakers.into_iter();
    drop_rest(&mut || wakers.by_ref().for_each(Waker::wake));
}

#[inline]
fn wake_one(waker: Waker) {
    if std::thread::panicking() {
        return wake_unwinding(waker);
    }
    // The most common; what it panics with goes on as it is.
    waker.wake();
}

#[cold]
fn wake_unwinding(waker: Waker) {
    wake_each([waker]);
}

/// Wakes one, where there is one; the poll that does so knows of it ([`has_called`](super::has_called)).
pub(crate) fn call(waker: Option<Waker>) {
    if let Some(waker) = waker {
        note_call();
        waker.wake();
    }
}

/// Wakers to be woken once a lock is let go; one needs no allocation.
#[derive(Default)]
pub(crate) enum Wakes {
    #[default]
    None,
    One(Waker),
    More(Vec<Waker>),
}

impl Wakes {
    #[inline]
    pub(crate) fn add(&mut self, waker: Waker) {
        match self {
            Self::None => *self = Self::One(waker),
            _ => self.add_to_others(waker),
        }
    }

    #[cold]
    fn add_to_others(&mut self, waker: Waker) {
        *self = Self::More(match std::mem::take(self) {
            Self::None => vec![waker],
            Self::One(first) => vec![first, waker],
            Self::More(mut all) => {
                all.push(waker);
                all
            }
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Wakes all, as [`wake_each`]; the poll that does so knows of it ([`has_called`](super::has_called)).
    #[inline]
    pub(crate) fn call(self) {
        match self {
            Self::None => {}
            Self::One(waker) => {
                note_call();
                wake_one(waker);
            }
            Self::More(all) => {
                note_call();
                wake_each(all);
            }
        }
    }

    /// Wakes all, as [`wake_each`].
    #[inline]
    pub(crate) fn wake(self) {
        match self {
            Self::None => {}
            Self::One(waker) => wake_one(waker),
            Self::More(all) => wake_each(all),
        }
    }
}

impl Extend<Waker> for Wakes {
    fn extend<I: IntoIterator<Item = Waker>>(&mut self, wakers: I) {
        wakers.into_iter().for_each(|waker| self.add(waker));
    }
}

impl FromIterator<Waker> for Wakes {
    fn from_iter<I: IntoIterator<Item = Waker>>(wakers: I) -> Self {
        let mut all = Self::default();
        all.extend(wakers);
        all
    }
}

impl IntoIterator for Wakes {
    type Item = Waker;
    type IntoIter = iter::Chain<option::IntoIter<Waker>, vec::IntoIter<Waker>>;

    fn into_iter(self) -> Self::IntoIter {
        let (first, more) = match self {
            Self::None => (None, Vec::new()),
            Self::One(waker) => (Some(waker), Vec::new()),
            Self::More(all) => (None, all),
        };
        first.into_iter().chain(more)
    }
}

fn resume_first(first: Option<Panic>) {
    if let Some(panic) = first {
        resume_from_drop(panic);
    }
}

/// Goes on with a panic that a destructor has caught, unless its task unwinds already: the first panic is told,
/// and a second one would abort the process. Where something outside the task unwinds, the task's run fails
/// instead.
pub(crate) fn resume_from_drop(panic: Panic) {
    if !std::thread::panicking() {
        panic.resume();
    }
    if is_unwound_from_outside() {
        if let Some(scope) = current_scope() {
            scope.fail(panic.into_error(None));
        }
    }
}

/// Calls `f`; a panic in it comes back as the error that a run would fail with. `place` names it where no
/// stage did.
///
/// For work that goes on after a panic; all else leaves panics to the scope.
///
/// # Errors
///
/// Where `f` panics.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::catch_panic;
///
/// let error = catch_panic("divide", || panic!("by zero")).map(|()| 1).unwrap_err();
/// assert_eq!(error.to_string(), "stage `divide` panicked: by zero");
/// ```
pub fn catch_panic<R>(place: &str, f: impl FnOnce() -> R) -> Result<R, RunError> {
    catch(f).map_err(|panic| panic.into_error(Some(place)))
}

/// Calls a closure of the stage `name`, so that a panic in it is told with the stage's name.
///
/// Every operator calls its user's closures through this. It costs nothing while nothing panics.
///
/// # Panics
///
/// Where `f` does.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// assert_eq!(anypipe::author::in_stage("double", || 2 * 21), 42);
/// ```
#[inline]
pub fn in_stage<R>(name: &str, f: impl FnOnce() -> R) -> R {
    struct Guard<'a>(&'a str);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            // The innermost stage is the first to see the panic, and stays.
            let _ = STAGE.try_with(|stage| {
                if let Ok(mut stage) = stage.try_borrow_mut() {
                    stage.get_or_insert_with(|| self.0.to_owned());
                }
            });
        }
    }
    let guard = Guard(name);
    let result = f();
    #[expect(clippy::disallowed_methods, reason = "disarms a guard that owns nothing")]
    std::mem::forget(guard);
    result
}
