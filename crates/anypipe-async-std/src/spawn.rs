//! Tasks. async-std has no budget: core gives way by itself.

use std::sync::LazyLock;

use anypipe_core::runtime::{Job, Locals, Runtime, Spawner, Task};
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

/// What is kept for the program's runtime.
static LOCALS: LazyLock<Locals> = LazyLock::new(Locals::default);

impl Runtime for Native {
    fn locals(&self) -> Option<Locals> {
        Some(LOCALS.clone())
    }

    fn name(&self) -> &'static str {
        "async-std"
    }
}
