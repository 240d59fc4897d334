//! The program's default runtime. One test: a process has one default.
#![cfg(all(feature = "smol", any(feature = "tokio", feature = "async-std")))]

use anypipe::runtime::{current, enter, set_default};

#[cfg(all(feature = "async-std", not(feature = "tokio")))]
use anypipe::runtime::AsyncStd as Other;
#[cfg(feature = "tokio")]
use anypipe::runtime::Tokio as Other;

#[test]
fn it_goes_before_the_environment_and_after_what_the_code_runs_in() {
    let other = if cfg!(feature = "tokio") { "tokio" } else { "async-std" };
    assert_eq!(current().name(), "smol");

    set_default(Other::new()).expect("the first");
    assert_eq!(current().name(), other);
    assert_eq!(anypipe::run(async { current().name() }), other);

    let error = set_default(anypipe::runtime::Smol::new()).expect_err("the second");
    assert_eq!(error.to_string(), "a default runtime was set already");
    assert_eq!(current().name(), other);

    let smol = anypipe::runtime::Smol::new();
    {
        let _entered = enter(&smol);
        assert_eq!(current().name(), "smol");
    }
    assert_eq!(current().name(), other);
    assert_eq!(anypipe::run_on(&smol, async { current().name() }), "smol");
}
