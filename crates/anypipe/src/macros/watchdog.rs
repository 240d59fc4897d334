//! How a test of `#[anypipe::test]` is run: so that a hang is a failure, told with what everybody waits for.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anypipe_core::scope::Roster;

/// One test on one backend.
#[derive(Debug)]
pub struct Case {
    /// The test's path, from the crate's name to the backend's.
    pub path: &'static str,
    /// When it counts as hanging, in milliseconds.
    pub timeout_ms: u64,
    /// True where it passes by a panic.
    pub should_panic: bool,
}

/// Runs a test on a thread of its own, and fails where it is not done in time; the thread is then
/// left behind.
///
/// # Panics
///
/// As the test does, and where it hangs.
pub fn check(case: &Case, test: impl FnOnce() + Send + 'static) {
    let name = case.name();
    let (done, ended) = sync_channel(1);
    let roster = Roster::new();
    let lists = roster.clone();
    let run = move || {
        let _listed = lists.enter();
        // Where nobody listens any more the test has failed already.
        let _ = done.send(catch_unwind(AssertUnwindSafe(test)));
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    let thread = started.unwrap_or_else(|error| panic!("no thread for the test {name}: {error}"));
    match ended.recv_timeout(Duration::from_millis(case.timeout_ms)) {
        Ok(result) => {
            // So that what the thread holds is gone too when the test ends.
            let _ = thread.join();
            result.unwrap_or_else(|panic| resume_unwind(panic));
        }
        Err(RecvTimeoutError::Timeout) => hung(case, &roster),
        Err(RecvTimeoutError::Disconnected) => panic!("the thread of the test {name} vanished"),
    }
}

impl Case {
    /// The name by which `cargo test` knows the test: the path without the crate.
    fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }
}

fn hung(case: &Case, roster: &Roster) {
    let (name, Case { timeout_ms, should_panic, .. }) = (case.name(), case);
    let message = format!(
        "{name} hangs: it was not done after {:?}; `#[anypipe::test(timeout = \"…\")]` gives it longer; \
         what has not ended:\n{roster}",
        Duration::from_millis(*timeout_ms),
    );
    assert!(*should_panic, "{message}");
    // A panic would let this test pass; without one it fails, and this says why.
    eprintln!("{message}");
}

/// Fails a test whose body gave an `Err`.
pub fn outcome(outcome: impl Outcome) {
    outcome.check();
}

/// What the body of a test may give.
#[diagnostic::on_unimplemented(
    message = "a test can't give `{Self}`",
    note = "the body of an `#[anypipe::test]` gives `()`, or a `Result` whose error is `Debug`"
)]
pub trait Outcome {
    /// Panics where this is a failure.
    fn check(self);
}

impl Outcome for () {
    fn check(self) {}
}

impl<T: Outcome, E: Debug> Outcome for Result<T, E> {
    fn check(self) {
        match self {
            Ok(value) => value.check(),
            Err(error) => panic!("the test gave an error: {error:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: Case = Case { path: "crate::a::test::tokio", timeout_ms: 60_000, should_panic: false };

    fn panic_of(case: &Case, test: impl FnOnce() + Send + 'static) -> Option<String> {
        let panic = catch_unwind(AssertUnwindSafe(|| check(case, test))).err()?;
        panic.downcast::<String>().ok().map(|text| *text)
    }

    #[test]
    fn a_test_that_is_done_passes() {
        assert_eq!(panic_of(&CASE, || ()), None);
        assert_eq!(panic_of(&CASE, || outcome(Ok::<_, u8>(()))), None);
    }

    #[test]
    fn a_panic_and_an_error_fail_it() {
        assert_eq!(panic_of(&CASE, || panic!("{}", "boom")).unwrap(), "boom");
        assert!(panic_of(&CASE, || outcome(Err::<(), _>(7_u8))).unwrap().contains("error: 7"));
    }

    #[test]
    fn a_hang_fails_it() {
        let message = panic_of(&Case { timeout_ms: 1, ..CASE }, thread::park).unwrap();
        assert!(message.contains("a::test::tokio hangs") && message.contains("1ms"), "{message}");
    }

    #[test]
    fn a_hang_is_no_panic_where_one_is_expected() {
        assert_eq!(panic_of(&Case { timeout_ms: 1, should_panic: true, ..CASE }, thread::park), None);
    }
}
