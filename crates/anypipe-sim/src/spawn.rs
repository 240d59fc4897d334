//! The simulator as core sees it: a [`Runtime`] behind a handle that doesn't own the simulation.

use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::runtime::{Job, Locals, Runtime, RuntimeHandle, Spawner, Task, Timer};

use crate::clock::Clock;
use crate::executor::World;
use crate::state::Work;

/// What a handle to the simulator holds.
pub(crate) struct SimRuntime {
    pub(crate) world: Weak<World>,
    pub(crate) clock: Arc<Clock>,
}

impl Spawner for SimRuntime {
    fn spawn(&self, task: Task) {
        self.add(Work::Task { watch: task.watch(), task: Some(task) });
    }

    fn spawn_blocking(&self, job: Job) {
        self.add(crate::blocking::work(job));
    }
}

impl Runtime for SimRuntime {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        let ends = self.world.upgrade().is_some_and(|world| world.budget_ends());
        if ends {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn is_replayable(&self) -> bool {
        true
    }

    fn locals(&self) -> Option<Locals> {
        self.world.upgrade().map(|world| world.locals.clone())
    }

    fn wait_in_job(
        &self,
        wait: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        limit: Option<Duration>,
    ) -> bool {
        crate::blocking::wait(wait, limit.map(|limit| self.sleep(limit)))
    }
}

impl SimRuntime {
    /// A handle to a simulator.
    pub(crate) fn handle(world: &Arc<World>) -> RuntimeHandle {
        RuntimeHandle::new(Self { world: Arc::downgrade(world), clock: Arc::clone(&world.clock) })
    }

    /// Starts work, or drops it where the simulation is over.
    fn add(&self, work: Work) {
        let refused = match self.world.upgrade() {
            Some(world) => world.add(work).err(),
            None => Some(work),
        };
        drop(refused);
    }
}
