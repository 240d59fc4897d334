//! How a simulation ended.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::schedule::{Policy, Schedule};

/// The end of a simulation that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome<T> {
    /// What the root future gave.
    pub value: T,
    /// Tells this schedule from others: equal for equal schedules.
    pub hash: u64,
    /// How many polls and blocking jobs there were.
    pub steps: u64,
    /// How much virtual time has passed.
    pub elapsed: Duration,
}

/// Why a simulation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// Nothing could run, no timer was pending, and the root was not done.
    Deadlock,
    /// The root was not done after the most steps allowed.
    LiveLock,
    /// Tasks were left when the root was done.
    Leak,
    /// Another thread woke or started a task, so the schedule can't be replayed.
    Foreign,
}

/// The failure of a simulation; its text tells what happened, the seed, and how to replay it.
#[derive(Clone, Debug)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    seed: u64,
    policy: Policy,
    hash: u64,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, what: &str, schedule: &Schedule) -> Self {
        let message = format!("{what}\n{}", trailer(schedule));
        let Schedule { seed, hash, .. } = *schedule;
        Self { kind, message, seed, policy: schedule.policy.clone(), hash }
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The seed that gives this failure again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The policy that the simulation ran under.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The hash of the schedule up to the failure.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// The lines that tell which schedule it was and how to have it again.
pub(crate) fn trailer(schedule: &Schedule) -> String {
    let Schedule { seed, policy, jitter, hash, steps, .. } = schedule;
    let late = if *jitter == 0 { String::new() } else { format!(", sleeps up to {jitter}% late") };
    format!(
        "  simulated with seed {seed}, policy {policy}{late}: schedule {hash:016x}, {steps} steps\n  \
         replay: {}",
        replay(*seed, std::thread::current().name(), std::env::var("CARGO_PKG_NAME").ok().as_deref())
    )
}

/// The command that runs one test again. A test runs on a thread of its name; where only one thread is
/// allowed it is the main one, and nothing tells which test it is.
fn replay(seed: u64, thread: Option<&str>, package: Option<&str>) -> String {
    let package = package.map_or_else(String::new, |package| format!(" -p {package}"));
    match thread {
        None | Some("main") => format!("this test again, with ANYPIPE_SIM_SEED={seed}"),
        Some(test) => format!("ANYPIPE_SIM_SEED={seed} cargo test{package} {test} -- --exact"),
    }
}

#[cfg(test)]
mod tests {
    use super::replay;

    #[test]
    fn a_replay_names_what_is_known() {
        let told = replay(7, Some("a::test"), Some("mine"));
        assert_eq!(told, "ANYPIPE_SIM_SEED=7 cargo test -p mine a::test -- --exact");
        assert_eq!(replay(7, Some("a"), None), "ANYPIPE_SIM_SEED=7 cargo test a -- --exact");
        assert_eq!(replay(7, Some("main"), Some("mine")), "this test again, with ANYPIPE_SIM_SEED=7");
    }
}
