//! Tasks. async-std has no budget: core gives way by itself.

use anypipe_core::runtime::{Job, Runtime, Spawner, Task};
use async_std::task;

/// What a `RuntimeHandle` holds of async-std: nothing, the runtime is the program's.
pub(crate) struct Native;

impl Spawner for Native {
    fn spawn(&self, task: Task) {
        // Letting async-std's handle go lets the task run on.
        drop(task::spawn(task));
    }

    fn spawn_blocking(&self, job: Job) {
        crate::blocking::spawn(job);
    }
}

impl Runtime for Native {
    fn name(&self) -> &'static str {
        "async-std"
    }
}
