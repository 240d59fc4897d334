//! The backends of this build in one table, and how one of them is chosen.

use std::ffi::OsString;
use std::sync::OnceLock;

use anypipe_core::RunError;
use anypipe_core::runtime::{Enter, RuntimeHandle};
use anypipe_core::scope;

/// The environment variable that names a backend.
const VARIABLE: &str = "ANYPIPE_RUNTIME";

/// Every name a backend of ours has; each is also the name of its feature.
const NAMES: [&str; 4] = ["tokio", "smol", "async-std", "sim"];

/// How a backend takes part in the choice.
pub(crate) struct Backend {
    /// What users write in `ANYPIPE_RUNTIME`.
    name: &'static str,
    /// Finds its live context on this thread.
    detect: fn() -> Option<RuntimeHandle>,
    /// The runtime to enter; the same one each time where it runs anywhere.
    make: fn() -> Box<dyn Enter>,
    /// True where it runs without having been entered.
    anywhere: bool,
    /// True where it is entered without being named.
    unasked: bool,
}

/// The table. Entering, and running without a context, try it from the top; detection goes from the
/// bottom, since async-std's `tokio1` feature gives its tasks a tokio context too.
const BACKENDS: &[Backend] = &[
    #[cfg(feature = "tokio")]
    Backend {
        name: "tokio",
        detect: anypipe_tokio::detect,
        make: || Box::new(anypipe_tokio::Tokio::new()),
        anywhere: false,
        unasked: true,
    },
    #[cfg(feature = "smol")]
    Backend {
        name: "smol",
        detect: || None,
        make: || Box::new(anypipe_smol::Smol::new()),
        anywhere: true,
        unasked: true,
    },
    #[cfg(feature = "async-std")]
    Backend {
        name: "async-std",
        detect: anypipe_async_std::detect,
        make: || Box::new(anypipe_async_std::AsyncStd::new()),
        anywhere: true,
        unasked: true,
    },
    #[cfg(feature = "sim")]
    Backend {
        name: "sim",
        detect: || None,
        make: || Box::new(anypipe_sim::Sim::new(0)),
        anywhere: false,
        unasked: false,
    },
];

/// The runtime that the program gave for all runs that name none.
static DEFAULT: OnceLock<Box<dyn Enter + Send + Sync>> = OnceLock::new();

/// Gives the program its default; hands the runtime back where it has one.
pub(crate) fn set_default(runtime: Box<dyn Enter + Send + Sync>) -> Result<(), Box<dyn Enter + Send + Sync>> {
    DEFAULT.set(runtime)
}

/// The names of the backends that are compiled in.
pub(crate) fn available() -> impl Iterator<Item = &'static str> {
    BACKENDS.iter().map(|backend| backend.name)
}

/// The runtime of a run that was given none.
pub(crate) fn choose() -> Result<RuntimeHandle, RunError> {
    if let Some(runtime) = scope::current_runtime().or_else(detect) {
        return Ok(runtime);
    }
    if let Some(runtime) = DEFAULT.get() {
        return Ok(runtime.handle());
    }
    let backend = match named()? {
        Some(backend) if !backend.anywhere => return Err(not_running(backend.name)),
        Some(backend) => Some(backend),
        None => BACKENDS.iter().find(|backend| backend.anywhere),
    };
    backend.map(|backend| (backend.make)().handle()).ok_or_else(nothing_runs)
}

/// The runtime to enter where none was given.
pub(crate) fn choose_to_enter() -> Result<Box<dyn Enter>, RunError> {
    if let Some(runtime) = DEFAULT.get() {
        return Ok(Box::new(&**runtime));
    }
    let backend = match named()? {
        Some(backend) => Some(backend),
        None => BACKENDS.iter().find(|backend| backend.unasked),
    };
    backend.map(|backend| (backend.make)()).ok_or_else(nothing_compiled_in)
}

/// Refuses to enter a runtime on a thread that is inside one.
pub(crate) fn refuse_nesting() -> Result<(), RunError> {
    let around = scope::current_scope().map(|scope| scope.runtime().clone()).or_else(detect);
    match around {
        None => Ok(()),
        Some(runtime) if scope::in_blocking_work() => Err(RunError::no_runtime(format!(
            "`anypipe::run` was called in blocking work of a run on the {} runtime: call into that run by \
             `anypipe::task::portal().call(..)`, or enter another on a thread of its own",
            runtime.name(),
        ))),
        Some(runtime) => Err(RunError::no_runtime(format!(
            "`anypipe::run` was called inside a running {} runtime, where it would block a thread that \
             others need: await the future instead, or call it on a thread of its own",
            runtime.name(),
        ))),
    }
}

fn detect() -> Option<RuntimeHandle> {
    BACKENDS.iter().rev().find_map(|backend| (backend.detect)())
}

/// The backend that the environment names.
fn named() -> Result<Option<&'static Backend>, RunError> {
    parse(std::env::var_os(VARIABLE))
}

/// The backend of this name; nothing where the variable is not set, or empty.
fn parse(value: Option<OsString>) -> Result<Option<&'static Backend>, RunError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let name = value.to_string_lossy();
    if let Some(backend) = BACKENDS.iter().find(|backend| backend.name == name) {
        return Ok(Some(backend));
    }
    Err(RunError::no_runtime(if NAMES.contains(&&*name) {
        format!("{VARIABLE} is `{name}`, but anypipe was built without its feature `{name}`")
    } else {
        format!(
            "{VARIABLE} is `{name}`, which is no runtime that anypipe knows: it is one of {}",
            list(&NAMES)
        )
    }))
}

/// Why no backend that is compiled in can run here.
fn nothing_runs() -> RunError {
    match BACKENDS.first() {
        Some(backend) => not_running(backend.name),
        None => nothing_compiled_in(),
    }
}

fn not_running(name: &str) -> RunError {
    let entered = if name == "tokio" { "`#[tokio::main]` or `anypipe::run`" } else { "`anypipe::run_on`" };
    RunError::no_runtime(format!(
        "no {name} runtime is running here: call this inside {entered}, name a runtime with \
         `.on(runtime)`, or give one to the whole program with `anypipe::runtime::set_default`",
    ))
}

fn nothing_compiled_in() -> RunError {
    let only_sim = if BACKENDS.is_empty() { "" } else { " but the simulator, which is never chosen unasked" };
    RunError::no_runtime(format!(
        "no runtime: anypipe was built without a backend{only_sim}. Turn on its feature `tokio`, `smol` or \
         `async-std` in the application, or name a runtime of your own with `.on(runtime)`",
    ))
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(value: &str) -> Option<String> {
        parse(Some(value.into())).err().map(|error| error.to_string())
    }

    #[test]
    fn an_unset_or_empty_variable_names_nothing() {
        assert!(parse(None).is_ok_and(|backend| backend.is_none()));
        assert!(parse(Some(OsString::new())).is_ok_and(|backend| backend.is_none()));
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known() {
        let message = message("asyncio").unwrap();
        for name in ["`asyncio`", "`tokio`", "`smol`", "`async-std`", "`sim`"] {
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn a_known_name_is_found_or_the_error_names_its_feature() {
        for name in NAMES {
            match message(name) {
                None => assert!(available().any(|other| other == name)),
                Some(message) => assert!(message.contains(&format!("feature `{name}`")), "{message}"),
            }
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_names() {
        let order = |name| NAMES.iter().position(|other| *other == name);
        assert!(available().map(order).is_sorted());
        assert!(available().all(|name| order(name).is_some()));
    }
}
