//! How a run fails.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::sync::{Lone, Mutex};

/// Why a run failed.
#[doc(alias("NoEventLoopError", "RunFinishedError"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// User code panicked.
    Panicked,
    /// A producer vanished without ending its output, so the result would have been short.
    Broken,
    /// The run, or the task, was cancelled.
    Cancelled,
    /// The run's deadline passed.
    TimedOut,
    /// No runtime was given and none was found.
    NoRuntime,
    /// The runtime shut down while the run was on it.
    RuntimeGone,
    /// The scope had ended before the task was spawned into it.
    ScopeEnded,
    /// A call that waits was made where it would block a thread that others need.
    WouldBlock,
}

/// The failure of a run: what went wrong, in which stage, and what else failed after it.
///
/// Errors of items are not in here: they are the user's own type and flow as items.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::{ErrorKind, RunError};
///
/// let error = RunError::no_runtime("turn on a feature");
/// assert_eq!(error.kind(), ErrorKind::NoRuntime);
/// assert_eq!(error.to_string(), "turn on a feature");
/// ```
pub struct RunError {
    inner: Lone<Inner>,
}

struct Inner {
    /// What sort of failure this is.
    kind: ErrorKind,
    /// The stage or task in which it happened, where one is known.
    stage: Option<String>,
    /// The whole message, without the failures that came after.
    message: String,
    /// What a panic was raised with; taken out when the panic is resumed.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    /// The error below this one, where there is one.
    source: Option<Box<dyn Error + Send + Sync>>,
    /// What failed afterwards, while the run was being cancelled and joined.
    others: Vec<RunError>,
}

impl RunError {
    fn new(kind: ErrorKind, stage: Option<String>, message: String) -> Self {
        let (payload, source, others) = (Mutex::new(None), None, Vec::new());
        Self { inner: Lone::new(Inner { kind, stage, message, payload, source, others }) }
    }

    /// A panic in user code, with the stage it happened in and what it was raised with.
    pub fn panicked(stage: Option<String>, payload: Box<dyn Any + Send>) -> Self {
        let place = match &stage {
            Some(name) => format!("stage `{name}`"),
            None => "a task".to_owned(),
        };
        let message = match text(&*payload) {
            Some(text) => format!("{place} panicked: {text}"),
            None => format!("{place} panicked with a payload that is not text"),
        };
        let error = Self::new(ErrorKind::Panicked, stage, message);
        *error.inner.payload.lock() = Some(payload);
        error
    }

    /// A panic that is told here and resumed elsewhere.
    pub(crate) fn panic_message(stage: &str, message: String) -> Self {
        Self::new(ErrorKind::Panicked, Some(stage.to_owned()), message)
    }

    /// A producer that vanished without ending its output.
    pub fn broken(stage: impl Into<String>) -> Self {
        let stage = stage.into();
        let message = format!("stage `{stage}` vanished before its output ended; the result would be short");
        Self::new(ErrorKind::Broken, Some(stage), message)
    }

    /// A child that can't say any more that it is ready.
    pub(crate) fn not_ready(message: &str) -> Self {
        Self::new(ErrorKind::Broken, None, message.to_owned())
    }

    /// A run, or a task, that was cancelled.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, None, "cancelled".to_owned())
    }

    /// A run that didn't finish by its deadline.
    pub fn timed_out() -> Self {
        Self::new(ErrorKind::TimedOut, None, "timed out".to_owned())
    }

    /// No runtime to run on; `advice` is the whole message.
    pub fn no_runtime(advice: impl Into<String>) -> Self {
        Self::new(ErrorKind::NoRuntime, None, advice.into())
    }

    /// A runtime that shut down under a run.
    pub fn runtime_gone(runtime: &str, stage: Option<String>) -> Self {
        let message = match &stage {
            Some(name) => format!("the {runtime} runtime shut down while stage `{name}` was running"),
            None => format!("the {runtime} runtime shut down in mid-run"),
        };
        Self::new(ErrorKind::RuntimeGone, stage, message)
    }

    /// A task that was spawned into a scope after its end.
    pub fn scope_ended() -> Self {
        let message = "the scope has ended: nothing can be spawned into it any more".to_owned();
        Self::new(ErrorKind::ScopeEnded, None, message)
    }

    /// A call that waits, made where it must not; `advice` is the whole message.
    pub(crate) fn would_block(advice: String) -> Self {
        Self::new(ErrorKind::WouldBlock, None, advice)
    }

    /// Puts another error below this one, for [`Error::source`].
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.inner.get_mut().source = Some(source.into());
        self
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The stage, or the task, in which it happened, where one is known.
    pub fn stage(&self) -> Option<&str> {
        self.inner.stage.as_deref()
    }

    /// The panics that came afterwards, while the rest was being cancelled and joined. What was only cut off by
    /// the first failure is its consequence, and not among them.
    pub fn others(&self) -> &[RunError] {
        &self.inner.others
    }

    /// True for [`ErrorKind::Panicked`].
    pub fn is_panic(&self) -> bool {
        self.kind() == ErrorKind::Panicked
    }

    /// True for [`ErrorKind::Cancelled`].
    pub fn is_cancelled(&self) -> bool {
        self.kind() == ErrorKind::Cancelled
    }

    /// Goes on with the panic where this is one: with its text and the stage's name, or with the
    /// payload as it was where that is no text. Any other failure panics with its message.
    ///
    /// The text is printed, as that of any panic is: the first message, from where the panic was raised, can't
    /// know the stage.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub fn resume(self) -> ! {
        let payload = self.inner.payload.lock().take();
        match payload {
            Some(payload) if text(&*payload).is_none() => std::panic::resume_unwind(payload),
            _ => panic!("{self}"),
        }
    }

    /// Goes on with the panic as it was raised, where this is one; an enclosing stage then names it.
    /// Any other failure panics with its message.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub fn rethrow(self) -> ! {
        let payload = self.inner.payload.lock().take();
        match payload {
            Some(payload) => std::panic::resume_unwind(payload),
            None => panic!("{self}"),
        }
    }

    /// The panics among this failure and those that came after.
    pub(crate) fn into_panics(mut self) -> Vec<RunError> {
        if self.is_panic() {
            return vec![self];
        }
        let others = std::mem::take(&mut self.inner.get_mut().others);
        others.into_iter().flat_map(RunError::into_panics).collect()
    }

    pub(crate) fn push_other(&mut self, other: RunError) {
        self.inner.get_mut().others.push(other);
    }
}

/// The text of a panic's payload, where it is text.
fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    let literal = payload.downcast_ref::<&'static str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        match self.inner.others.len() {
            0 => Ok(()),
            n => write!(f, " (and {n} more failed while it was being cancelled)"),
        }
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunError")
            .field("kind", &self.inner.kind)
            .field("stage", &self.inner.stage)
            .field("message", &self.inner.message)
            .field("others", &self.inner.others)
            .finish_non_exhaustive()
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}
