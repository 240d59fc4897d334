//! What is told of a simulation that fails: who is left, and what each waits for.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::{Failure, FailureKind};
use crate::state::{Entry, State, Work};
use crate::turn::Doing;

impl State {
    pub(crate) fn check_thread(&self) -> Result<(), Failure> {
        let Some(foreign) = &self.foreign else { return Ok(()) };
        let message = format!(
            "{foreign}, which isn't the simulator's: such a schedule can't be replayed; in a simulation \
             use its own clock and tasks"
        );
        Err(Failure::new(FailureKind::Foreign, &message, &self.schedule))
    }

    pub(crate) fn deadlock(&self, now: u64) -> Failure {
        let time = Duration::from_nanos(now - self.from);
        let timers = match self.timers.len() {
            0 => "no timer is pending".to_owned(),
            n => format!("the clock is moved by hand, with `advance` (timers pending: {n})"),
        };
        let message = format!("deadlock at {time:?} of virtual time: nothing can run and {timers}");
        Failure::new(FailureKind::Deadlock, &self.list(message), &self.schedule)
    }

    pub(crate) fn live_lock(&self) -> Failure {
        let most = self.schedule.max_steps();
        let message = format!(
            "live-lock: not done after {most} steps (`Sim::max_steps` allows more); can run: {}",
            self.queue.len()
        );
        Failure::new(FailureKind::LiveLock, &self.list(message), &self.schedule)
    }

    pub(crate) fn leak(&self) -> Failure {
        let message = "leak: the root is done, and these tasks are not".to_owned();
        Failure::new(FailureKind::Leak, &self.list(message), &self.schedule)
    }

    /// Adds a line for everything that has not ended.
    fn list(&self, mut message: String) -> String {
        for (id, Entry { work, queued, polls, .. }) in &self.entries {
            let nth = id - self.first_id;
            let what = match work {
                _ if *queued => format!("`{}` can run", work.name()),
                Work::Root => "the root waits for its own future".to_owned(),
                Work::Task { watch, .. } => format!("`{}` waits for {}", watch.name(), watch.waits_for()),
                Work::Job { name, doing: Some(Doing::New(_)) } => format!("job `{name}` has not begun"),
                Work::Job { name, doing: Some(Doing::Waits(_)) } => format!("job `{name}` waits"),
                Work::Job { name, doing: None } => format!("job `{name}` is running"),
            };
            // Writing to a string can't fail.
            let _ = write!(message, "\n  {nth}: {what} ({polls} polls)");
        }
        message
    }
}
