//! What a thread knows while it polls a task of ours: whose task it is, and what to do before it
//! gives way.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

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

impl Place {
    fn runtime(&self) -> &RuntimeHandle {
        match self {
            Self::Scope(scope) => scope.runtime(),
            Self::Runtime(runtime) => runtime,
        }
    }
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
    /// How long the poll has gone on.
    stretch: Stretch,
    /// True while core drops what was cut off: a task that was cancelled, aborted or panicked.
    breaking: bool,
    /// True where the thread was unwinding already: a destructor runs the task, which does not unwind itself.
    unwinding_outside: bool,
}

impl Frame {
    /// What the thread knows while it works for `scope`.
    fn of(scope: &Scope, polling: bool) -> Self {
        let place = Some(Place::Scope(scope.clone()));
        Self { place, polling, unwinding_outside: std::thread::panicking(), ..Self::default() }
    }
}

/// How long a task may go on in one poll.
const STRETCH: Duration = Duration::from_micros(200);
/// And how often it may ask in one poll, since a virtual clock stands still meanwhile.
const ASKED: u32 = 1024;
/// The clock is read after this many items at the latest.
const BETWEEN_READINGS: u32 = 8;

/// What a poll knows of its length: the clock is read at once, then more and more rarely while little time has
/// passed.
#[derive(Default)]
struct Stretch {
    /// How often the poll has asked.
    asked: u32,
    /// When it asks the clock again.
    next_reading: u32,
    /// How many times it asks between two readings.
    between: u32,
    /// The first reading.
    since: Option<Instant>,
    /// Set once the poll has gone on for long enough.
    over: bool,
}

impl Stretch {
    /// True where the clock is to be read now.
    fn ask(&mut self) -> bool {
        self.asked += 1;
        self.over |= self.asked >= ASKED;
        !self.over && self.asked > self.next_reading
    }

    fn read(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.over = now.saturating_duration_since(since) >= STRETCH;
        self.between = (self.between * 2).clamp(1, BETWEEN_READINGS);
        self.next_reading = self.asked + self.between - 1;
    }
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
    // Under another runtime, but no other task than before.
    let (breaking, unwinding_outside) = FRAME
        .try_with(|frame| {
            let frame = frame.borrow();
            (frame.breaking, frame.unwinding_outside)
        })
        .unwrap_or_default();
    let place = Some(Place::Runtime(runtime));
    Entered::new(Frame { place, breaking, unwinding_outside, ..Frame::default() })
}

/// Marks the thread as polling a task of `scope`.
pub(crate) fn polling(scope: &Scope) -> Entered {
    Entered::new(Frame::of(scope, true))
}

/// Marks the thread as working for `scope`, with nobody to flush for it.
pub(crate) fn working(scope: &Scope) -> Entered {
    Entered::new(Frame::of(scope, false))
}

/// Notes whether what is dropped from here on was cut off; gives what was noted before.
pub(super) fn set_breaking(breaking: bool) -> bool {
    let set = |frame: &RefCell<Frame>| std::mem::replace(&mut frame.borrow_mut().breaking, breaking);
    FRAME.try_with(set).unwrap_or_default()
}

/// True where a destructor runs the task that is at work, on a thread that unwinds.
pub(super) fn is_unwound_from_outside() -> bool {
    FRAME.try_with(|frame| frame.borrow().unwinding_outside).unwrap_or_default()
}

/// True while the task that is at work unwinds.
pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking() && !is_unwound_from_outside()
}

/// True where a sender that is dropped now vanishes instead of ending its output: it was cut off, or its
/// task unwinds.
pub(crate) fn is_breaking() -> bool {
    is_unwinding() || FRAME.try_with(|frame| frame.borrow().breaking).unwrap_or_default()
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
    let runtime = |frame: &RefCell<Frame>| frame.borrow().place.as_ref().map(|place| place.runtime().clone());
    FRAME.try_with(runtime).ok().flatten()
}

/// Whether a loop in a poll may go on: the one way in which everything that loops gives way.
///
/// Ask it once for each turn of a loop that may otherwise never wait: for each item that is skipped, each try,
/// each empty row. It is pending, with the task woken already, once the poll has gone on for 200 µs by the
/// runtime's clock or for 1024 turns, and as soon as the scope is cancelled, whose task is then dropped. All
/// loops in one poll of a task share its time.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll, Waker, ready};
///
/// use anypipe_core::stage::poll_go_on;
///
/// /// Looks for a number, and gives way now and then.
/// fn poll_search(next: &mut u64, cx: &mut Context<'_>) -> Poll<u64> {
///     while *next % 5000 != 4999 {
///         ready!(poll_go_on(cx));
///         *next += 1;
///     }
///     Poll::Ready(*next)
/// }
///
/// let (mut next, mut polls) = (0, 1);
/// while poll_search(&mut next, &mut Context::from_waker(Waker::noop())).is_pending() {
///     polls += 1;
/// }
/// assert_eq!(next, 4999);
/// assert!(polls > 1);
/// ```
pub fn poll_go_on(cx: &mut Context<'_>) -> Poll<()> {
    /// What to ask once the frame is let go.
    enum Asked {
        Over(bool),
        Clock(RuntimeHandle),
    }
    let asked = FRAME.try_with(|frame| {
        let frame = &mut *frame.borrow_mut();
        if matches!(&frame.place, Some(Place::Scope(scope)) if scope.is_cancelled()) {
            return Asked::Over(true);
        }
        let is_time = frame.stretch.ask();
        match &frame.place {
            Some(place) if frame.polling && is_time => Asked::Clock(place.runtime().clone()),
            _ if frame.polling => Asked::Over(frame.stretch.over),
            // Nobody tells where a poll begins: it is a new one each time after it gave way.
            _ if frame.stretch.over => {
                frame.stretch = Stretch::default();
                Asked::Over(true)
            }
            _ => Asked::Over(false),
        }
    });
    let over = match asked {
        Ok(Asked::Over(over)) => over,
        Ok(Asked::Clock(runtime)) => {
            let now = runtime.now();
            let read = |frame: &RefCell<Frame>| {
                let mut frame = frame.borrow_mut();
                frame.stretch.read(now);
                frame.stretch.over
            };
            FRAME.try_with(read).unwrap_or(false)
        }
        Err(_) => false,
    };
    if over {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
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
