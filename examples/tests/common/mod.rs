//! Runs the programs that cargo built beside the tests.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Runs an example to its end.
pub(crate) fn run<A: AsRef<OsStr>>(example: &str, arguments: impl IntoIterator<Item = A>) -> Output {
    let here = std::env::current_exe().unwrap();
    let program = here.parent().unwrap().parent().unwrap().join("examples").join(example);
    assert!(
        program.with_extension(std::env::consts::EXE_EXTENSION).exists(),
        "`{example}` is not built: run `cargo test -p examples`, which builds the examples too"
    );
    Command::new(program).args(arguments).output().unwrap()
}

/// The lines that an example prints, which must end well.
pub(crate) fn lines<A: AsRef<OsStr>>(example: &str, arguments: impl IntoIterator<Item = A>) -> Vec<String> {
    let output = run(example, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim().to_owned()).collect()
}
