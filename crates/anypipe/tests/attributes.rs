//! `#[anypipe::test]` and `#[anypipe::main]`, with whatever features these tests are built.
#![cfg(feature = "macros")]

mod child;

use std::time::Duration;

use anypipe as renamed;

const ANY: bool = cfg!(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim"));

#[anypipe::main]
async fn chosen() -> &'static str {
    anypipe::runtime::current().name()
}

#[test]
fn main_enters_what_run_enters() {
    let run = anypipe::try_run(async { anypipe::runtime::current().name() });
    if let Ok(name) = run {
        assert_eq!(chosen(), name);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn main_takes_a_variant_and_a_number_of_threads() {
    #[anypipe::main(tokio, threads = 2)]
    async fn two() -> Result<usize, std::num::ParseIntError> {
        let two: usize = "2".parse()?;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_workers(), two);
        Ok(two)
    }
    #[anypipe::main(tokio_current_thread, crate = renamed)]
    async fn one() -> usize {
        tokio::runtime::Handle::current().metrics().num_workers()
    }
    assert_eq!((two(), one()), (Ok(2), 1));
}

#[cfg(feature = "smol")]
#[test]
fn main_takes_smol() {
    #[anypipe::main(smol, threads = 3)]
    async fn name() -> &'static str {
        anypipe::runtime::current().name()
    }
    assert_eq!(name(), "smol");
}

// Those below are started by the tests at the end: where no backend is compiled in they have to fail.

#[anypipe::test]
#[ignore = "started below"]
async fn passes() {
    anypipe::time::sleep(Duration::from_millis(1)).await;
}

#[anypipe::test(seeds = 3, timeout = "30s", crate = renamed)]
#[ignore = "started below"]
async fn gives_a_result() -> Result<(), std::num::ParseIntError> {
    let _two: u8 = "two".parse()?;
    Ok(())
}

/// Docs and lints are of the function.
#[allow(unreachable_code, reason = "it panics at once")]
#[anypipe::test]
#[ignore = "started below"]
#[should_panic(expected = "on purpose")]
async fn panics() {
    panic!("on purpose");
    anypipe::task::yield_now().await;
}

#[anypipe::test(timeout = "50ms")]
#[ignore = "started below"]
async fn hangs() {
    anypipe::task::blocking(std::thread::park).await;
}

#[anypipe::test(timeout = "50ms")]
#[ignore = "started below"]
#[should_panic(expected = "hangs")]
async fn hangs_where_a_panic_is_expected() {
    anypipe::task::blocking(std::thread::park).await;
}

#[anypipe::test(timeout = "2s")]
#[ignore = "started below"]
async fn waits_for_ever() {
    use anypipe::prelude::*;

    let stuck =
        Pipeline::from_iter([1]).then(async |_: u8| std::future::pending::<u8>().await).named("fetch");
    stuck.then(async |n| n).named("parse").collect::<Vec<_>>().await;
}

#[anypipe::test(tokio_current_thread, smol_one_thread, async_std, sim)]
#[ignore = "started below"]
async fn narrowed() {
    anypipe::task::yield_now().await;
}

#[cfg(feature = "sim")]
#[anypipe::test(sim)]
#[ignore = "started below"]
async fn fails_under_some_seeds() {
    use anypipe::prelude::*;

    let work = async |n: u32| {
        anypipe::task::yield_now().await;
        n
    };
    let all: Vec<_> = Pipeline::range(0..4).then(work).workers(4).unordered().collect().await;
    assert!(all.is_sorted(), "{all:?}");
}

#[anypipe::test]
#[cfg(any())]
async fn is_not_there() {
    does_not_compile();
}

/// The variants that are compiled in, as the tests' names have them.
fn variants() -> Vec<&'static str> {
    let all = [
        ("tokio", cfg!(feature = "tokio")),
        ("tokio_current_thread", cfg!(feature = "tokio")),
        ("smol", cfg!(feature = "smol")),
        ("smol_one_thread", cfg!(feature = "smol")),
        ("async_std", cfg!(feature = "async-std")),
        ("sim", cfg!(feature = "sim")),
    ];
    all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect()
}

#[test]
fn a_test_passes_on_every_variant() {
    for variant in variants() {
        for test in ["passes", "panics"] {
            let child = child::run(&format!("{test}::{variant}"), None);
            assert!(child.passed, "{}", child.output);
        }
    }
}

#[test]
fn an_error_fails_the_test() {
    for variant in variants() {
        let child = child::run(&format!("gives_a_result::{variant}"), None);
        assert!(!child.passed && child.output.contains("InvalidDigit"), "{}", child.output);
    }
}

#[test]
fn a_hang_fails_the_test_and_is_told() {
    for variant in variants() {
        for test in ["hangs", "hangs_where_a_panic_is_expected"] {
            let child = child::run(&format!("{test}::{variant}"), None);
            let message = format!("{test}::{variant} hangs: it was not done after 50ms");
            assert!(!child.passed && child.output.contains(&message), "{}", child.output);
            assert!(child.output.contains("job `blocking` is running"), "{}", child.output);
        }
    }
}

#[test]
fn a_hang_is_told_with_what_everybody_waits_for() {
    std::thread::scope(|threads| {
        for variant in variants() {
            threads.spawn(move || {
                let child = child::run(&format!("waits_for_ever::{variant}"), None);
                for told in ["`fetch` waits for its own future", "`parse` waits for an item of its input"] {
                    assert!(!child.passed && child.output.contains(told), "{}", child.output);
                }
            });
        }
    });
}

#[test]
fn without_a_backend_there_is_one_failing_test_that_says_so() {
    if !ANY {
        for test in ["passes", "panics"] {
            let child = child::run(&format!("{test}::no_backend"), None);
            assert!(!child.passed && child.output.contains("no backend is compiled in"), "{}", child.output);
        }
    }
}

#[test]
fn a_named_backend_that_is_missing_is_a_failing_test_that_names_the_feature() {
    let named = [
        ("tokio_current_thread", "tokio"),
        ("smol_one_thread", "smol"),
        ("async_std", "async-std"),
        ("sim", "sim"),
    ];
    for (variant, feature) in named {
        let child = child::run(&format!("narrowed::{variant}"), None);
        let there = variants().contains(&variant);
        assert_eq!(child.passed, there, "{}", child.output);
        let told = child.output.contains(&format!("anypipe's feature `{feature}` is off"));
        assert_eq!(told, !there, "{}", child.output);
    }
}

/// The one word or number that follows `before` in `text`.
#[cfg(feature = "sim")]
fn word_after<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("`{before}` is missing in: {text}"));
    rest.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default()
}

#[cfg(feature = "sim")]
#[test]
fn the_replay_that_is_printed_runs_the_one_test_with_the_same_schedule() {
    let failed = child::run("fails_under_some_seeds::sim", None).output;
    let seed = word_after(&failed, "simulated with seed ");
    let (_, command) = failed.split_once(&format!("replay: ANYPIPE_SIM_SEED={seed} cargo test ")).unwrap();
    // Which package it is, only cargo tells.
    let own = std::env::var("CARGO_PKG_NAME").map_or_else(|_| String::new(), |name| format!("-p {name} "));
    let given = command.lines().next().unwrap().strip_prefix(&own).expect("the package is named");
    // As cargo hands it on to the program of the package's tests.
    let given = given.split(' ').filter(|word| *word != "--").chain(["--ignored"]);
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(given).env("ANYPIPE_SIM_SEED", seed);
    let again = again.output().unwrap();
    let again = String::from_utf8_lossy(&again.stdout) + String::from_utf8_lossy(&again.stderr);
    assert!(again.contains("running 1 test\n") && again.contains("1 failed"), "{again}");
    assert_eq!(word_after(&again, "schedule "), word_after(&failed, "schedule "));
}
