//! Blocking work: scheduled like a task, and done in one step on the simulator's thread.

use anypipe_core::runtime::Job;

use crate::state::Work;

/// A job as the simulator schedules it.
pub(crate) fn work(job: Job) -> Work {
    Work::Job { name: job.name().to_owned(), job: Some(job) }
}
