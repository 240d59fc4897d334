//! How a case is run on a backend.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anypipe_core::RunError;
use anypipe_core::run::{inherit, scoped};
use anypipe_core::runtime::Enter;
use anypipe_core::scope::{Roster, enter};

use crate::rules::rule_of;
use crate::tools::text_of;

/// When a case counts as hanging, all its seeds together.
const PATIENCE: Duration = Duration::from_secs(60);
/// Gives that more seconds, for many seeds.
const PATIENCE_VARIABLE: &str = "ANYPIPE_CASE_TIMEOUT";
/// Gives another seed.
const SEED_VARIABLE: &str = "ANYPIPE_CASE_SEED";

pub(crate) type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One law, promise or acceptance case: a future that panics where it doesn't hold.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    body: Body,
}

/// Makes the runtime that a case is run on.
pub(crate) type Make<'a> = &'a dyn Fn() -> Box<dyn Enter>;

/// What a case does.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Body {
    /// Is run on the runtime, in a scope of its own; draws what it draws from the number.
    Future(fn(u64) -> BoxFuture),
    /// Makes runtimes itself.
    Law(fn(Make<'_>)),
}

impl Case {
    #[doc(hidden)]
    pub const fn new(name: &'static str, body: Body) -> Self {
        Self { name, body }
    }

    /// The name of the case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// True for a law about runtimes as values: it makes them and drops them itself, so what `make` gives
    /// must be the only owner.
    pub fn owns_runtimes(&self) -> bool {
        matches!(self.body, Body::Law(_))
    }

    /// Runs the case to its end on the calling thread, on what `make` makes. Cases that draw something
    /// draw it from `seed`.
    ///
    /// # Panics
    ///
    /// Where the case doesn't hold.
    pub fn run_on<R: Enter + 'static>(&self, make: impl Fn() -> R, seed: u64) {
        match self.body {
            Body::Future(body) => enter_scoped(&make(), self.name, body(seed)),
            Body::Law(law) => law(&|| Box::new(make())),
        }
    }

    /// The future of the case, for a runtime that is entered in a way of its own; `None` for the laws
    /// that make their runtimes themselves.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the case in its middle, with all that it has started.
    pub fn future(&self, seed: u64) -> Option<impl Future<Output = Result<(), RunError>> + use<>> {
        match self.body {
            Body::Future(body) => Some(scoped(self.name, inherit, body(seed))),
            Body::Law(_) => None,
        }
    }
}

/// Runs a future on `runtime`, in a scope of its own.
pub(crate) fn enter_scoped(runtime: &dyn Enter, name: &'static str, body: BoxFuture) {
    let handle = runtime.handle();
    let mut outcome = None;
    {
        let mut body = scoped(name, inherit, body);
        let root = poll_fn(|cx| {
            let _entered = enter(handle.clone());
            Pin::new(&mut body).poll(cx).map(|done| outcome = Some(done))
        });
        runtime.block_on(pin!(root));
    }
    let outcome = outcome.expect("`block_on` MUST NOT return before the future is done");
    outcome.unwrap_or_else(|error| error.resume());
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs a test on a thread of its own: one that is not done in time fails, and its thread is left
/// behind. `path` is the test's, with the variant's name in it. A failure tells the rule that the test is
/// about, and a hang also what was being tried and what each task waits for.
///
/// # Panics
///
/// As `test` does, and where it hangs.
pub fn watched(path: &str, test: impl FnOnce() + Send + 'static) {
    watched_for(patience(), path, test);
}

/// As [`watched`], with another patience.
#[doc(hidden)]
pub fn watched_for(patience: Duration, path: &str, test: impl FnOnce() + Send + 'static) {
    // Without the name of the crate, as `cargo test` takes it.
    let name = path.split_once("::").map_or(path, |(_, name)| name).to_owned();
    let rule = rule_of(&name).map_or_else(String::new, |rule| format!("\n  the rule: {rule}"));
    let (done, ended) = sync_channel(1);
    let (roster, tried) = (Roster::new(), Tried::default());
    let (lists, tries) = (roster.clone(), Arc::clone(&tried));
    let run = move || {
        let _listed = lists.enter();
        let _ = TRIED.try_with(|tried| tried.replace(Some(tries)));
        // Where nobody listens any more the test has failed already.
        let _ = done.send(catch_unwind(AssertUnwindSafe(test)));
    };
    let thread = thread::Builder::new().name(name.clone()).spawn(run).expect("a thread for the test");
    match ended.recv_timeout(patience) {
        Ok(result) => {
            // So that what the thread holds is gone too when the test ends.
            let _ = thread.join();
            result.unwrap_or_else(|panic| fail(panic, &(rule + &told(&tried))));
        }
        Err(RecvTimeoutError::Timeout) => {
            let tried = told(&tried);
            panic!(
                "{name} hangs: it was not done after {patience:?}{rule}{tried}\nwhat has not ended:\n{roster}"
            )
        }
        Err(RecvTimeoutError::Disconnected) => panic!("the thread of {name} vanished"),
    }
}

/// What was being tried when it ended.
fn told(tried: &Tried) -> String {
    let tried = tried.lock().unwrap_or_else(PoisonError::into_inner).clone();
    tried.map_or_else(String::new, |tried| format!("\n  what was being tried: {tried}"))
}

/// Goes on with a panic, with more in its text.
fn fail(panic: Box<dyn Any + Send>, more: &str) -> ! {
    if more.is_empty() {
        resume_unwind(panic);
    }
    // The panic itself was printed when it was raised.
    eprintln!("{}", more.trim_start());
    resume_unwind(Box::new(text_of(&*panic) + more))
}

type Tried = Arc<Mutex<Option<String>>>;

thread_local! {
    /// Where the watched test of this thread tells what it tries.
    static TRIED: RefCell<Option<Tried>> = const { RefCell::new(None) };
}

/// Notes what the watched test on this thread is trying.
pub(crate) fn note_tried(what: Option<&str>) {
    let _ = TRIED.try_with(|tried| {
        if let Some(tried) = &*tried.borrow() {
            *tried.lock().unwrap_or_else(PoisonError::into_inner) = what.map(str::to_owned);
        }
    });
}

fn patience() -> Duration {
    number(PATIENCE_VARIABLE).map_or(PATIENCE, Duration::from_secs)
}

/// What cases draw from where nothing else gives a seed: the number in `ANYPIPE_CASE_SEED`, else 0.
///
/// # Panics
///
/// Where the variable is no number.
pub fn seed() -> u64 {
    number(SEED_VARIABLE).unwrap_or(0)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.trim().parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} must be a number, not `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_fails_the_test_with_its_payload() {
        let panic = catch_unwind(|| watched("a::test", || panic!("{}", "boom"))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "boom");
    }

    #[test]
    fn a_failure_tells_its_rule_and_a_hang_what_was_tried() {
        let panic = catch_unwind(|| watched("a::law_6_budget", || panic!("boom"))).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with("boom\n  the rule: MUST 6 of a runtime"), "{text}");
        let hangs = || {
            note_tried(Some("map"));
            thread::park_timeout(Duration::from_secs(5));
        };
        let panic = catch_unwind(|| watched_for(Duration::from_millis(50), "a::law_6_budget", hangs));
        let text = *panic.unwrap_err().downcast::<String>().unwrap();
        for told in ["law_6_budget hangs", "MUST 6", "being tried: map", "no run is left"] {
            assert!(text.contains(told), "`{told}` is missing in: {text}");
        }
    }

    #[test]
    fn a_test_that_is_done_passes_under_its_name() {
        watched("crate::a::test", || assert_eq!(thread::current().name(), Some("a::test")));
    }
}
