//! Runs one ignored test of this binary in a process of its own, with its own environment.

use std::process::Command;

/// What a test in a process of its own came to.
pub(crate) struct Child {
    pub(crate) passed: bool,
    pub(crate) output: String,
}

/// Runs the ignored test of this name. `runtime` is what `ANYPIPE_RUNTIME` says there.
pub(crate) fn run(test: &str, runtime: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its program"));
    command.args([test, "--exact", "--ignored", "--nocapture"]).env_remove("ANYPIPE_RUNTIME");
    if let Some(runtime) = runtime {
        command.env("ANYPIPE_RUNTIME", runtime);
    }
    let done = command.output().expect("the test's program can be started");
    let output = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(output.contains("running 1 test"), "there is no ignored test `{test}`: {output}");
    Child { passed: done.status.success(), output: output.into_owned() }
}
