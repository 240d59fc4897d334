//! Blocking work: scheduled like a task, on a thread of its own that takes turns with the simulator's.

// For maintainers. A job may wait for a task, so it can't be on the thread that polls that. Both threads never run at the
// same time: the simulator's hands its turn over (`turn.rs`) and sleeps until the job waits or has ended, which is one step
// of the schedule, as a poll is. A wait of core's asks `wait` here instead of parking: it polls with the job's own waker and
// hands the turn back, so a job that waits is woken and picked as a task is. While a job has the turn its thread counts as
// the simulation's. So the schedule is the same as if all were on one thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::runtime::{Job, Sleep};

use crate::state::Work;
use crate::turn::{Doing, Here};

/// A job as the simulator schedules it.
pub(crate) fn work(job: Job) -> Work {
    Work::Job { name: job.name().to_owned(), doing: Some(Doing::New(job)) }
}

/// Waits in a job, until `wait` is ready or `alarm` is; false on a thread that has none.
pub(crate) fn wait(wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, mut alarm: Option<Sleep>) -> bool {
    let Some(here) = Here::current() else { return false };
    let mut goes_on = true;
    loop {
        let mut cx = Context::from_waker(&here.waker);
        // What is there at the very moment counts.
        let is_ready = wait(&mut cx).is_ready();
        if is_ready || alarm.as_mut().is_some_and(|alarm| Pin::new(alarm).poll(&mut cx).is_ready()) {
            return true;
        }
        assert!(goes_on, "the simulation is over, and nothing can end this wait of blocking work any more");
        goes_on = here.hand_back();
    }
}
