use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::Scope;
use anypipe_core::runtime::{RuntimeHandle, Sleep};

/// A wait on the run's clock, that can be set again and again.
pub(crate) struct Alarm {
    runtime: RuntimeHandle,
    /// The runtime's wait, once there was one.
    sleep: Option<Sleep>,
    /// When it goes off, while it is set.
    at: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new(scope: &Scope) -> Self {
        Self { runtime: scope.runtime().clone(), sleep: None, at: None }
    }

    pub(crate) fn now(&self) -> Instant {
        self.runtime.now()
    }

    /// Sets it to go off after `length`.
    pub(crate) fn set(&mut self, length: Duration) {
        // A wait that ends beyond all time never ends.
        self.at = self.now().checked_add(length);
        if self.at.is_some() {
            self.start(length);
        }
    }

    /// Sets it to go off at this moment, unless it is set so already.
    pub(crate) fn set_at(&mut self, at: Instant) {
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

    pub(crate) fn clear(&mut self) {
        self.at = None;
    }

    pub(crate) fn is_set(&self) -> bool {
        self.at.is_some()
    }

    /// Ready, once, when it goes off; one that isn't set never does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(_), Some(sleep)) = (self.at, &mut self.sleep) else { return Poll::Pending };
        ready!(Pin::new(sleep).poll(cx));
        self.at = None;
        Poll::Ready(())
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("at", &self.at).finish_non_exhaustive()
    }
}
