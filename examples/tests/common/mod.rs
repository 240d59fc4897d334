//! Runs the programs that cargo built beside the tests.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// Runs an example to its end.
pub(crate) fn run<A: AsRef<OsStr>>(example: &str, arguments: impl IntoIterator<Item = A>) -> Output {
    let here = std::env::current_exe().unwrap();
    let profile = here.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(example).with_extension(std::env::consts::EXE_EXTENSION);
    if !program.exists() {
        build(example, profile);
    }
    Command::new(program).args(arguments).output().unwrap()
}

/// A plain `cargo test` has built all examples; with `--test` or `--all-targets` it has not.
fn build(example: &str, profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "examples", "--example", example]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "`{example}` can't be built");
}

/// The lines that an example prints, which must end well.
pub(crate) fn lines<A: AsRef<OsStr>>(example: &str, arguments: impl IntoIterator<Item = A>) -> Vec<String> {
    let output = run(example, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim().to_owned()).collect()
}
