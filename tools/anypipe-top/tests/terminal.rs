//! The program in a terminal: it is attached to runs of this process, keys are pressed, and it is seen on the screen and by
//! the runs that it is done. Without a terminal to be had these are skipped, and say so.

mod common;

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anypipe::Control;
use anypipe::picture::RunState;
use anypipe::prelude::*;
#[cfg(unix)]
use anypipe::top::serve;
#[cfg(not(unix))]
use anypipe::top::serve_tcp as serve;

use common::{Screen, until};

/// Held by a test that has runs: whoever is attached sees all of the process.
static RUNS: Mutex<()> = Mutex::new(());

/// A run in which `slow` holds all else up, driven on a thread.
fn planted() -> (Control, thread::JoinHandle<Result<usize, anypipe::RunError>>) {
    let slow = async |n: u64| {
        anypipe::time::sleep(Duration::from_millis(20)).await;
        n
    };
    let quick = async |n: u64| n;
    let run = Pipeline::from_iter(0..)
        .then(quick)
        .named("quick")
        .then(slow)
        .named("slow")
        .workers(2)
        .then(quick)
        .named("after")
        .count();
    let control = run.control();
    (control, thread::spawn(move || anypipe::run_on(anypipe::runtime::Smol::threads(1), run.checked())))
}

/// Where nobody serves yet.
#[cfg(unix)]
fn free() -> String {
    let path = std::env::temp_dir().join(format!("anypipe-top-{}", std::process::id()));
    path.to_str().expect("text").to_owned()
}

/// Where nobody serves yet: a port, since there are no Unix sockets.
#[cfg(not(unix))]
fn free() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    free.local_addr().expect("a port").to_string()
}

#[test]
fn keys_steer_what_is_seen() {
    let _alone = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let path = free();
    let serving = serve(&path).expect("nobody serves there");
    let (control, run) = planted();
    let Some(mut screen) = Screen::open(&["--every", "0.1", &path]) else { return };

    screen.shows("count on smol, running");
    screen.shows("`slow` is the bottleneck");
    // Red, and what is before it is grey: it waits for room.
    until(|| screen.colour(" slow ") == Some(vt100::Color::Idx(1)), || screen.text());
    until(|| screen.colour(" quick ") == Some(vt100::Color::Idx(8)), || screen.text());
    until(|| screen.colour(" after ") == Some(vt100::Color::Idx(4)), || screen.text());

    screen.press("p");
    screen.shows("pause: done");
    screen.shows("count on smol, paused");
    assert_eq!(control.picture().state, RunState::Paused);
    screen.press("r");
    screen.shows("count on smol, running");
    assert_eq!(control.picture().state, RunState::Running);

    // To the stage that is slow, whose workers become four.
    let row = control.picture().stages.iter().position(|stage| stage.name == "slow").expect("it is there");
    screen.press(&"j".repeat(row));
    let workers = || control.picture().stage("slow").map_or(0, |stage| stage.workers.len());
    screen.press("++");
    until(|| workers() == 4, || screen.text());
    screen.shows("set_workers: done");
    screen.press("-");
    until(|| workers() == 3, || screen.text());

    screen.press("s");
    let count = run.join().expect("no panic").expect("it was stopped, not cancelled");
    assert!(count > 0);
    screen.shows("no run goes on");

    // The next run is shown as it comes, and cancelled.
    let (_control, run) = planted();
    screen.shows("count on smol, running");
    screen.press("c");
    screen.shows("press c again");
    screen.press("c");
    let error = run.join().expect("no panic").expect_err("it was cancelled");
    assert_eq!(error.kind(), anypipe::ErrorKind::Cancelled);

    // The line is lost, and found again.
    drop(serving);
    screen.shows("trying again");
    let serving = serve(&path).expect("it is free again");
    screen.shows("no run goes on");
    until(|| !screen.text().contains("trying again"), || screen.text());
    screen.leave();
    drop(serving);
}

#[test]
fn one_picture_is_printed() {
    let _alone = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let serving = anypipe::top::serve_tcp("127.0.0.1:0").expect("loopback");
    let address = serving.address().expect("a port").to_string();
    let (control, run) = planted();
    let once = || {
        let output = Command::new(env!("CARGO_BIN_EXE_anypipe-top")).args(["--once", &address]).output();
        let output = output.expect("it was built");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    until(|| once().contains("`slow` is the bottleneck"), once);
    let text = once();
    assert!(text.contains("● quick") && text.contains("● slow") && text.contains("blocked"), "{text}");
    control.stop();
    run.join().expect("no panic").expect("it was stopped");
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_anypipe-top")).args(arguments).output().expect("it was built");
        (output.status.success(), String::from_utf8(output.stderr).expect("text"))
    };
    for (arguments, told) in [
        (&[][..], "where does the program serve?"),
        (&["--once", "/nowhere/at/all"], "/nowhere/at/all: "),
        (&["--every", "0", "a"], "`--every` wants"),
        (&["--twice", "a"], "`--twice` isn't known"),
        (&["a", "b"], "one program"),
    ] {
        let (success, error) = run(arguments);
        assert!(!success && error.contains(told), "{error}");
    }
    assert!(run(&["--help"]).0);
}
