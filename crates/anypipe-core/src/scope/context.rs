//! What a thread knows while it polls a task of ours: whose task it is, and what to do before it
//! gives way.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Scope;
use crate::runtime::{RuntimeHandle, WaitsFor};
use crate::sync::thread_local;

/// Something that put work off until the running task gives way.
pub(crate) trait Flush: Send + Sync {
    /// Does the work that was put off.
    fn flush(&self);
}

/// Where code is running: in a scope, or under a runtime that was entered by hand.
#[derive(Clone)]
enum Place {
    Scope(Scope),
    Runtime(RuntimeHandle),
}

#[derive(Default)]
struct Frame {
    /// The innermost scope or entered runtime.
    place: Option<Place>,
    /// True while a task or a run is being polled, so that somebody will call the flushes.
    polling: bool,
    /// What the task being polled would wait for if it gave way now.
    waits_for: Option<WaitsFor>,
    /// What to flush when the poll is over.
    dirty: Vec<Arc<dyn Flush>>,
}

thread_local! {
    static FRAME: RefCell<Frame> = RefCell::new(Frame::default());
}

/// Restores what the thread knew before; made by [`enter`] and by every poll.
#[must_use = "the runtime is left again when this is dropped"]
pub struct Entered {
    previous: Option<Frame>,
    /// The guard belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

impl Entered {
    fn new(frame: Frame) -> Self {
        let previous = FRAME.try_with(|current| current.replace(frame)).ok();
        Self { previous, _not_send: PhantomData }
    }

    /// Ends a poll and tells what the task waits for.
    pub(crate) fn leave(mut self) -> WaitsFor {
        self.restore().and_then(|frame| frame.waits_for).unwrap_or(WaitsFor::Future)
    }

    fn restore(&mut self) -> Option<Frame> {
        let previous = self.previous.take()?;
        let mut frame = FRAME.try_with(|current| current.replace(previous)).ok()?;
        for flush in frame.dirty.drain(..) {
            flush.flush();
        }
        Some(frame)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Makes `runtime` the one that runs start on in this thread, until the guard goes.
///
/// # Examples
///
/// ```
/// assert!(anypipe_core::scope::current_runtime().is_none());
/// ```
pub fn enter(runtime: RuntimeHandle) -> Entered {
    Entered::new(Frame { place: Some(Place::Runtime(runtime)), ..Frame::default() })
}

/// Marks the thread as polling a task of `scope`.
pub(crate) fn polling(scope: &Scope) -> Entered {
    Entered::new(Frame { place: Some(Place::Scope(scope.clone())), polling: true, ..Frame::default() })
}

/// Marks the thread as working for `scope`, with nobody to flush for it.
pub(crate) fn working(scope: &Scope) -> Entered {
    Entered::new(Frame { place: Some(Place::Scope(scope.clone())), ..Frame::default() })
}

/// The scope whose task is being polled on this thread.
pub fn current_scope() -> Option<Scope> {
    let scope = |frame: &RefCell<Frame>| match &frame.borrow().place {
        Some(Place::Scope(scope)) => Some(scope.clone()),
        _ => None,
    };
    FRAME.try_with(scope).ok().flatten()
}

/// The runtime of the scope whose task is being polled on this thread, or the one [`enter`]ed.
pub fn current_runtime() -> Option<RuntimeHandle> {
    let runtime = |frame: &RefCell<Frame>| match &frame.borrow().place {
        Some(Place::Scope(scope)) => Some(scope.runtime().clone()),
        Some(Place::Runtime(runtime)) => Some(runtime.clone()),
        None => None,
    };
    FRAME.try_with(runtime).ok().flatten()
}

/// Notes what the task being polled waits for, for reports.
pub(crate) fn note_wait(waits_for: WaitsFor) {
    let _ = FRAME.try_with(|frame| frame.borrow_mut().waits_for = Some(waits_for));
}

/// Has `flush` called when the running task gives way, or at once where nobody would.
pub(crate) fn flush_later(flush: Arc<dyn Flush>) {
    let now = FRAME.try_with(|frame| {
        let mut frame = frame.borrow_mut();
        if frame.polling {
            frame.dirty.push(flush);
            None
        } else {
            Some(flush)
        }
    });
    if let Ok(Some(flush)) = now {
        flush.flush();
    }
}
