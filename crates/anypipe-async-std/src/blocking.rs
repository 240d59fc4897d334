//! What blocks a thread: blocking work, and entering the runtime.

use std::future::Future;
use std::pin::Pin;

use anypipe_core::runtime::{Enter, Job};
use async_std::task;

use crate::AsyncStd;

/// Runs a job on async-std's threads for blocking work.
pub(crate) fn spawn(job: Job) {
    drop(task::spawn_blocking(move || job.run()));
}

impl Enter for AsyncStd {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        task::block_on(root);
    }
}
