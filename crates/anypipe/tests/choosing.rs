//! Which runtime a run gets, with whatever features these tests are built.

mod child;

use anypipe::ErrorKind;
use anypipe::runtime::{available, try_current};

const TOKIO: bool = cfg!(feature = "tokio");
const SMOL: bool = cfg!(feature = "smol");
const ASYNC_STD: bool = cfg!(feature = "async-std");
const SIM: bool = cfg!(feature = "sim");

/// What runs without a context.
fn anywhere() -> Option<&'static str> {
    SMOL.then_some("smol").or(ASYNC_STD.then_some("async-std"))
}

/// What is entered unasked.
fn entered() -> Option<&'static str> {
    TOKIO.then_some("tokio").or(anywhere())
}

fn found() -> Option<&'static str> {
    try_current().ok().map(|runtime| runtime.name())
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn the_features_tell_what_is_available() {
    let all = [("tokio", TOKIO), ("smol", SMOL), ("async-std", ASYNC_STD), ("sim", SIM)];
    let on: Vec<_> = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    assert_eq!(available(), on);
}

#[test]
fn a_plain_thread_gets_what_runs_anywhere_or_advice() {
    assert_eq!(found(), anywhere());
    if let Err(error) = try_current() {
        assert_eq!(error.kind(), ErrorKind::NoRuntime);
        let message = error.to_string();
        let advice: &[&str] = match (TOKIO, SIM) {
            (true, _) => {
                &["no tokio runtime is running here", "#[tokio::main]", "`.on(runtime)`", "set_default"]
            }
            (false, true) => &["no sim runtime is running here", "`anypipe::run_on`"],
            (false, false) => &["without a backend", "`tokio`", "`smol`", "`async-std`"],
        };
        assert!(advice.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn run_enters_the_first_of_the_table_or_names_the_features() {
    let ran = anypipe::try_run(async { anypipe::runtime::current().name() });
    assert_eq!(ran.as_ref().ok().copied(), entered());
    if let Err(error) = ran {
        let message = error.to_string();
        let features = ["`tokio`", "`smol`", "`async-std`"];
        assert!(features.iter().all(|feature| message.contains(feature)), "{message}");
    }
}

#[test]
fn a_tokio_context_is_found() {
    let expected = if TOKIO { Some("tokio") } else { anywhere() };
    assert_eq!(tokio_runtime().block_on(async { found() }), expected);
}

#[test]
fn a_plain_smol_program_runs_on_what_is_compiled_in() {
    assert_eq!(smol::block_on(async { found() }), anywhere());
}

#[test]
fn an_async_std_task_is_found() {
    let expected = if ASYNC_STD { Some("async-std") } else { anywhere() };
    assert_eq!(async_std::task::block_on(async { found() }), expected);
}

#[test]
fn an_async_std_task_is_found_before_the_tokio_context_it_may_have() {
    let tokio = tokio_runtime();
    let found = async_std::task::block_on(async {
        let _entered = tokio.enter();
        found()
    });
    let expected = if ASYNC_STD { Some("async-std") } else { TOKIO.then_some("tokio").or(anywhere()) };
    assert_eq!(found, expected);
}

/// Prints what is chosen and what is entered; run with different environments below.
#[test]
#[ignore = "started by the tests below"]
fn tell() {
    let entered = anypipe::try_run(async { anypipe::runtime::current().name() });
    let tell =
        |what: Result<&str, anypipe::RunError>| what.map_or_else(|error| error.to_string(), str::to_owned);
    println!("chosen: {}\nentered: {}.", tell(try_current().map(|runtime| runtime.name())), tell(entered));
}

/// What a test prints in a process of its own.
fn told(test: &str, runtime: Option<&str>) -> String {
    let child = child::run(test, runtime);
    assert!(child.passed, "{}", child.output);
    child.output
}

#[test]
fn the_environment_names_the_runtime() {
    for name in available() {
        let output = told("tell", Some(name));
        assert!(output.contains(&format!("entered: {name}.")), "{output}");
        let chosen = match name {
            "smol" | "async-std" => format!("chosen: {name}\n"),
            _ => format!("chosen: no {name} runtime is running here"),
        };
        assert!(output.contains(&chosen), "{output}");
    }
}

#[test]
fn h01_a_name_that_is_not_compiled_in_is_an_error_that_names_the_feature() {
    for name in ["tokio", "smol", "async-std", "sim"] {
        if !available().contains(&name) {
            let output = told("tell", Some(name));
            let message =
                format!("ANYPIPE_RUNTIME is `{name}`, but anypipe was built without its feature `{name}`");
            assert_eq!(output.matches(&message).count(), 2, "{output}");
        }
    }
}

#[test]
fn h01_an_unknown_name_is_an_error() {
    let output = told("tell", Some("asyncio"));
    assert_eq!(output.matches("ANYPIPE_RUNTIME is `asyncio`, which is no runtime").count(), 2, "{output}");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let output = told("tell", Some(""));
    assert!(output.contains(&format!("chosen: {}", anywhere().unwrap_or("no"))), "{output}");
}

/// A context that is found goes before the environment.
#[test]
#[ignore = "started by the test below"]
fn tell_in_tokio() {
    println!("found {:?}", tokio_runtime().block_on(async { found() }));
}

#[test]
fn a_live_context_goes_before_the_environment() {
    if TOKIO {
        let output = told("tell_in_tokio", Some("smol"));
        assert!(output.contains("found Some(\"tokio\")"), "{output}");
    }
}
