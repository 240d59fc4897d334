//! Where a run gives what it has at a deadline: the end of its sink's input.

use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use super::deadline::{Deadline, DeadlineWatch};
use crate::runtime::RuntimeHandle;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Lone, built_here};

/// A deadline at which the input of a run's sink is cut off.
pub(crate) struct Cut {
    deadline: Deadline,
    /// Set once it was.
    made: AtomicBool,
}

impl Cut {
    pub(crate) fn new(deadline: Deadline) -> Self {
        Self { deadline, made: AtomicBool::new(false) }
    }

    /// A length counts from here on.
    pub(crate) fn begin(&self, now: Instant) {
        self.deadline.begin(now);
    }

    /// True once the input was cut off.
    pub(crate) fn is_made(&self) -> bool {
        self.made.load(Ordering::SeqCst)
    }

    /// The wait for the deadline alone.
    pub(crate) fn watch(&self, runtime: &RuntimeHandle) -> DeadlineWatch {
        self.deadline.clone().watch(runtime)
    }
}

/// The sink's wait for the cut.
pub(crate) struct CutWatch {
    cut: Arc<Cut>,
    watch: DeadlineWatch,
    /// True once the deadline has come: the input is asked once more.
    is_late: bool,
}

built_here!(Lone<CutWatch>);

impl Lone<CutWatch> {
    pub(crate) fn watching(cut: Arc<Cut>, runtime: &RuntimeHandle) -> Self {
        let watch = cut.watch(runtime);
        Self::new(CutWatch { cut, watch, is_late: false })
    }

    /// Looks at the clock, before the input is asked; true where it is not to be asked any more.
    pub(crate) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_late {
            return self.ends();
        }
        let watch = self.get_mut();
        watch.is_late = watch.watch.poll(cx).is_ready();
        false
    }

    /// The input has nothing now; true where it is cut off for that.
    pub(crate) fn ends(&self) -> bool {
        if self.is_late {
            self.cut.made.store(true, Ordering::SeqCst);
        }
        self.is_late
    }
}
