use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use anypipe_core::runtime::{AsHandle, Enter, RuntimeHandle};

use crate::executor::{EndsJobs, World};
use crate::report::{Failure, Outcome};
use crate::schedule::{Plan, Policy};
use crate::spawn::SimRuntime;

/// The most steps of a simulation that wasn't given another number.
const MAX_STEPS: u64 = 1_000_000;

/// A simulator: a runtime whose schedule comes from a seed.
///
/// What isn't fixed by hand (the [policy](Sim::policy), the rates of [extra polls](Sim::extra_polls)
/// and of [ends of budget](Sim::budget_ends), the [jitter](Sim::jitter)) is drawn from the seed too, so the seed alone gives a
/// schedule again. Every call of [`run`](Sim::run), [`try_run`](Sim::try_run) or
/// [`block_on`](Enter::block_on) is a simulation of its own, from the start of the schedule; only
/// the clock goes on. Tasks run while one of these does, and what is spawned after its end is
/// dropped, as on a runtime that is gone.
///
/// # Examples
///
/// ```
/// use anypipe_sim::Sim;
///
/// let sim = Sim::new(7);
/// assert_eq!(sim.run(async { 6 * 7 }).value, 42);
/// ```
#[derive(Clone)]
pub struct Sim {
    plan: Plan,
    world: Arc<World>,
}

impl Sim {
    /// A simulator with this seed.
    pub fn new(seed: u64) -> Self {
        let plan = Plan {
            seed,
            policy: None,
            extra_polls: None,
            budget_ends: None,
            jitter: None,
            max_steps: MAX_STEPS,
            manual_clock: false,
            told: false,
        };
        let world = World::new(&plan);
        Self { plan, world }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Fixes which of the runnable tasks goes next.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.plan.policy = Some(policy);
        self
    }

    /// Fixes how many of 100 steps poll a parked task, or the root, that nobody woke.
    pub fn extra_polls(mut self, percent: u8) -> Self {
        self.plan.extra_polls = Some(percent);
        self
    }

    /// Fixes how often in 100 times a task that asks for its budget has to give way; with 100 it never
    /// goes on.
    pub fn budget_ends(mut self, percent: u8) -> Self {
        self.plan.budget_ends = Some(percent);
        self
    }

    /// Fixes by how much of its length a sleep may be late, in percent; how late each one is, is drawn.
    ///
    /// Two sleeps of different lengths may then end in either order, as on a real machine: with 100 where
    /// one is less than twice as long as the other. Blocking work begins late too, by 10 µs for each
    /// percent at the most. A sleep is never over too soon.
    ///
    /// With 0 time is exact: ask for it where a test compares times. Where nothing is said it is 0 under
    /// the policies first-in and last-in, and 0, 30 or 100 under the others. A [manual
    /// clock](Sim::manual_clock) is always exact.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod anypipe { pub mod runtime { pub use anypipe_core::runtime::*; pub use anypipe_sim::Sim; } }
    /// use std::time::Duration;
    ///
    /// use anypipe::runtime::{AsHandle, Sim};
    ///
    /// Sim::each(20, |sim| {
    ///     let sim = sim.clone().jitter(0);
    ///     let runtime = sim.handle();
    ///     let outcome = sim.run(async { runtime.sleep(Duration::from_secs(1)).await });
    ///     assert_eq!(outcome.elapsed, Duration::from_secs(1));
    /// });
    /// ```
    pub fn jitter(mut self, percent: u8) -> Self {
        self.plan.jitter = Some(percent);
        self
    }

    /// Fails as a live-lock after this many steps; a million where nothing is said.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.plan.max_steps = steps;
        self
    }

    /// Has the clock moved by [`testing::advance`](crate::testing::advance) alone. Without this it
    /// also jumps to the next timer by itself when nothing can run.
    pub fn manual_clock(mut self) -> Self {
        self.plan.manual_clock = true;
        self
    }

    /// Runs `root`, and every task it spawns, to the end.
    ///
    /// # Panics
    ///
    /// With the text of the [`Failure`] where the simulation fails, and with what `root` panics
    /// with; the seed is printed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_sim::Sim;
    ///
    /// let first = Sim::new(3).run(async { "same" });
    /// assert_eq!(first, Sim::new(3).run(async { "same" }));
    /// ```
    pub fn run<F: Future>(&self, root: F) -> Outcome<F::Output> {
        self.try_run(root).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Runs `root`, and every task it spawns, to the end; a failed simulation is a value.
    ///
    /// # Errors
    ///
    /// Where nothing can run, or too long, or another thread meddled, or tasks are left at the end.
    ///
    /// # Panics
    ///
    /// With what `root` panics with, and where this simulation is running already.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_sim::{FailureKind, Sim};
    ///
    /// let failure = Sim::new(3).try_run(std::future::pending::<()>()).unwrap_err();
    /// assert_eq!(failure.kind(), FailureKind::Deadlock);
    /// ```
    pub fn try_run<F: Future>(&self, root: F) -> Result<Outcome<F::Output>, Failure> {
        let mut value = None;
        let _ends_jobs = EndsJobs(&self.world);
        let Outcome { hash, steps, elapsed, .. } = {
            let root = pin!(async { value = Some(root.await) });
            self.world.run(&self.plan, self.handle(), root)?
        };
        let value = value.expect("a simulation ends well only after its root");
        Ok(Outcome { value, hash, steps, elapsed })
    }

    /// Leaves it to the caller to tell the seed of a panic.
    pub(crate) fn told(mut self) -> Self {
        self.plan.told = true;
        self
    }

    /// The lines that tell which schedule ran last.
    pub(crate) fn trailer(&self) -> String {
        self.world.trailer()
    }
}

impl AsHandle for Sim {
    fn handle(&self) -> RuntimeHandle {
        SimRuntime::handle(&self.world)
    }

    fn keep_alive(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.world) as Arc<dyn Any + Send + Sync>)
    }
}

impl Enter for Sim {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        let _ends_jobs = EndsJobs(&self.world);
        if let Err(failure) = self.world.run(&self.plan, self.handle(), root) {
            panic!("{failure}");
        }
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("plan", &self.plan).finish_non_exhaustive()
    }
}
