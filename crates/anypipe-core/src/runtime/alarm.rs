use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{RuntimeHandle, Sleep};

/// A wait on a runtime's clock that can be set again and again, for what does something else until then.
///
/// Whatever races a clock looks for a value first and asks its alarm after: a value that is there is never
/// given up for a clock. By the runtime's [`now`](RuntimeHandle::now) it is over at once where the length is
/// zero, on every runtime alike.
///
/// # Cancel safety
///
/// Dropping it forgets the wait and nothing else.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::Alarm;
/// use anypipe::runtime::RuntimeHandle;
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
/// use std::time::Duration;
///
/// /// A value, or that it was too late.
/// fn poll_in_time<F: Future>(
///     mut future: Pin<&mut F>,
///     alarm: &mut Alarm,
///     cx: &mut Context<'_>,
/// ) -> Poll<Option<F::Output>> {
///     match future.as_mut().poll(cx) {
///         Poll::Ready(value) => Poll::Ready(Some(value)),
///         Poll::Pending => alarm.poll(cx).map(|()| None),
///     }
/// }
/// ```
pub struct Alarm {
    runtime: RuntimeHandle,
    /// The runtime's wait, once there was one.
    sleep: Option<Sleep>,
    /// When it goes off, while it is set.
    at: Option<Instant>,
}

impl Alarm {
    /// An alarm on this runtime's clock, that isn't set.
    pub fn new(runtime: &RuntimeHandle) -> Self {
        Self { runtime: runtime.clone(), sleep: None, at: None }
    }

    /// The runtime's present moment.
    pub fn now(&self) -> Instant {
        self.runtime.now()
    }

    /// Sets it to go off after `length`; one that ends beyond all time never goes off.
    pub fn set(&mut self, length: Duration) {
        self.at = self.now().checked_add(length);
        if self.at.is_some() {
            self.start(length);
        }
    }

    /// Sets it to go off at this moment, unless it is set so already.
    pub fn set_at(&mut self, at: Instant) {
        if self.at != Some(at) {
            self.at = Some(at);
            let length = at.saturating_duration_since(self.now());
            self.start(length);
        }
    }

    fn start(&mut self, length: Duration) {
        match &mut self.sleep {
            Some(sleep) => sleep.reset(length),
            none => *none = Some(self.runtime.sleep(length)),
        }
    }

    /// Has it not go off.
    pub fn clear(&mut self) {
        self.at = None;
    }

    /// True while it is set and has not gone off.
    pub fn is_set(&self) -> bool {
        self.at.is_some()
    }

    /// True once its moment has come; it stays set. For a loop that has items to take all the while.
    pub fn is_due(&self) -> bool {
        self.at.is_some_and(|at| self.now() >= at)
    }

    /// Ready, once, when it goes off; one that isn't set never does.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(_), Some(sleep)) = (self.at, &mut self.sleep) else { return Poll::Pending };
        // A runtime's timer may be coarser than its clock.
        if Pin::new(sleep).poll(cx).is_ready() || self.is_due() {
            self.at = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("at", &self.at).finish_non_exhaustive()
    }
}
