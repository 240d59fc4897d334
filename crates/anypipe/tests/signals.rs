//! Signals, in processes of their own: a run is stopped, the grace is kept, and the second signal ends the process.
#![cfg(all(
    feature = "signal",
    unix,
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::future::{Future, pending};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::prelude::*;
use anypipe::runtime::Enter;
use anypipe::signal::{self, Signal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::raise;

/// Names the runtime in a process of a test's own.
const VARIABLE: &str = "ANYPIPE_TEST_SIGNALS_ON";

/// The runtimes that are compiled in, and wait for what comes from outside.
fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    if cfg!(feature = "tokio") {
        names.extend(["tokio", "tokio-current-thread"]);
    }
    if cfg!(feature = "smol") {
        names.extend(["smol", "smol-one-thread"]);
    }
    if cfg!(feature = "async-std") {
        names.push("async-std");
    }
    names
}

/// Those, and the simulator, which takes no wake from outside.
fn all_names() -> Vec<&'static str> {
    let mut names = names();
    if cfg!(feature = "sim") {
        names.push("sim");
    }
    names
}

/// The one that this process is to use. A process that hangs ends after a minute, with a status of its own.
fn runtime() -> Box<dyn Enter> {
    watch_over_this_process();
    match std::env::var(VARIABLE).as_deref() {
        #[cfg(feature = "tokio")]
        Ok("tokio") => Box::new(anypipe::runtime::Tokio::multi_thread(2)),
        #[cfg(feature = "tokio")]
        Ok("tokio-current-thread") => Box::new(anypipe::runtime::Tokio::current_thread()),
        #[cfg(feature = "smol")]
        Ok("smol") => Box::new(anypipe::runtime::Smol::new()),
        #[cfg(feature = "smol")]
        Ok("smol-one-thread") => Box::new(anypipe::runtime::Smol::threads(1)),
        #[cfg(feature = "async-std")]
        Ok("async-std") => Box::new(anypipe::runtime::AsyncStd::new()),
        #[cfg(feature = "sim")]
        Ok("sim") => Box::new(anypipe::runtime::Sim::new(7)),
        other => panic!("{VARIABLE} is {other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread that no runtime knows of")]
fn watch_over_this_process() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(60));
        eprintln!("it hangs");
        std::process::exit(99);
    });
}

/// Runs an ignored test on each of these runtimes, in a process of its own, and checks how that ends: 0 is a test that
/// passed.
fn ends_with(test: &str, on: Vec<&'static str>, status: i32) {
    for name in on {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(VARIABLE, name)
            .env("RUST_BACKTRACE", "0");
        let done = command.output().unwrap();
        let output = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        assert!(output.contains("running 1 test"), "there is no ignored test `{test}`: {output}");
        assert_eq!(done.status.code(), Some(status), "`{test}` on {name}: {output}");
    }
}

/// Counts items, and raises a signal at the tenth.
fn counts(signal: i32) -> (impl Fn(u64) + Clone, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&taken);
    let count = move |_| {
        if counts.fetch_add(1, Ordering::SeqCst) == 10 {
            raise(signal).unwrap();
        }
    };
    (count, taken)
}

#[test]
fn a_signal_stops_a_run() {
    ends_with("child_is_stopped_by_ctrl_c", names(), 0);
    ends_with("child_is_stopped_by_terminate", names(), 0);
}

fn is_stopped_by(raised: i32, signal: Signal) {
    anypipe::run_on(&*runtime(), async move {
        let (count, taken) = counts(raised);
        let items = Pipeline::interval(Duration::from_millis(1))
            .then(async |item| item)
            .inspect(move |item| count(*item));
        let mut run = items.count().start().stop_on_signals(Duration::from_secs(3600));
        let control = run.control();
        let delivered = (&mut run).await.unwrap();
        assert_eq!((delivered as u64, run.stopped_by()), (taken.load(Ordering::SeqCst), Some(signal)));
        assert!(delivered > 10);
        control.stop();

        // A run that ends by itself was stopped by nobody.
        let mut run = Pipeline::from_iter(0..5).count().stop_on_signals(Duration::MAX);
        assert_eq!(((&mut run).await.unwrap(), run.stopped_by()), (5, None));
    });
}

#[test]
#[ignore = "it raises signals: run by `a_signal_stops_a_run` in a process of its own"]
fn child_is_stopped_by_ctrl_c() {
    is_stopped_by(SIGINT, Signal::CtrlC);
}

#[test]
#[ignore = "it raises signals: run by `a_signal_stops_a_run` in a process of its own"]
fn child_is_stopped_by_terminate() {
    is_stopped_by(SIGTERM, Signal::Terminate);
}

#[test]
fn what_is_not_over_within_the_grace_is_cancelled() {
    ends_with("child_is_cancelled_after_the_grace", names(), 0);
}

#[test]
#[ignore = "it raises signals: run by `what_is_not_over_within_the_grace_is_cancelled` in a process of its own"]
fn child_is_cancelled_after_the_grace() {
    anypipe::run_on(&*runtime(), async {
        let stuck = Pipeline::from_iter([SIGINT]).for_each_async(async |signal| {
            raise(signal).unwrap();
            pending::<()>().await;
        });
        let mut run = stuck.stop_on_signals(Duration::from_millis(1));
        let error = (&mut run).await.unwrap_err();
        assert_eq!((error.kind(), run.stopped_by()), (ErrorKind::Cancelled, Some(Signal::CtrlC)));
    });
}

#[test]
fn the_second_signal_ends_the_process() {
    ends_with("child_is_ended_by_the_second_ctrl_c", all_names(), 130);
    ends_with("child_is_ended_by_the_second_that_is_terminate", all_names(), 143);
}

/// A run that is stuck in a loop and hears of nothing; two signals.
fn is_ended_by_the_second(second: i32) {
    anypipe::run_on(&*runtime(), async move {
        let stuck = Pipeline::from_iter([SIGINT]).for_each(move |first| {
            raise(first).unwrap();
            // Until the first one was told: this second one has nobody to hear it then, whichever thread is stuck.
            loop {
                #[expect(clippy::disallowed_methods, reason = "a loop that nothing can interrupt")]
                thread::sleep(Duration::from_millis(20));
                raise(second).unwrap();
            }
        });
        let ended = stuck.stop_on_signals(Duration::from_secs(3600)).await;
        panic!("it went on: {ended:?}");
    });
}

#[test]
#[ignore = "it raises signals: run by `the_second_signal_ends_the_process` in a process of its own"]
fn child_is_ended_by_the_second_ctrl_c() {
    is_ended_by_the_second(SIGINT);
}

#[test]
#[ignore = "it raises signals: run by `the_second_signal_ends_the_process` in a process of its own"]
fn child_is_ended_by_the_second_that_is_terminate() {
    is_ended_by_the_second(SIGTERM);
}

#[test]
fn a_signal_that_nobody_waits_for_ends_the_process() {
    ends_with("child_waits_no_more", all_names(), 130);
    ends_with("child_has_a_run_that_is_over", all_names(), 143);
}

#[test]
#[ignore = "it raises signals: run by `a_signal_that_nobody_waits_for_ends_the_process` in a process of its own"]
fn child_waits_no_more() {
    let (kept, dropped) = (signal::terminate(), signal::ctrl_c());
    drop(dropped);
    raise(SIGINT).unwrap();
    drop(kept);
    wait_for_the_end();
}

#[test]
#[ignore = "it raises signals: run by `a_signal_that_nobody_waits_for_ends_the_process` in a process of its own"]
fn child_has_a_run_that_is_over() {
    anypipe::run_on(&*runtime(), async {
        let mut over = Pipeline::from_iter(0..5).count().stop_on_signals(Duration::MAX);
        (&mut over).await.unwrap();
        raise(SIGTERM).unwrap();
        wait_for_the_end();
    });
}

/// The process ends elsewhere; where it doesn't, it was watched over.
fn wait_for_the_end() -> ! {
    watch_over_this_process();
    loop {
        thread::park();
    }
}

#[test]
fn a_stream_that_is_not_looked_at_keeps_no_process() {
    ends_with("child_does_not_look", all_names(), 130);
}

#[test]
#[ignore = "it raises signals: run by `a_stream_that_is_not_looked_at_keeps_no_process` in a process of its own"]
fn child_does_not_look() {
    let _interrupts = signal::ctrl_c();
    for _ in 0..1000 {
        raise(SIGINT).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a program that is busy with something else")]
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_crowd_hears_of_a_signal() {
    ends_with("child_is_a_crowd", names(), 0);
}

/// Panics when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
#[ignore = "it raises signals: run by `a_crowd_hears_of_a_signal` in a process of its own"]
fn child_is_a_crowd() {
    let mut crowd: Vec<_> = (0..100_000).map(|_| signal::ctrl_c()).collect();
    let panics = Waker::from(Arc::new(Panics));
    // Some of them only: what panics is printed.
    for signals in crowd.iter_mut().step_by(5000) {
        assert!(Pin::new(signals).poll(&mut Context::from_waker(&panics)).is_pending());
    }
    drop(crowd.drain(20_000..80_000));
    anypipe::run_on(&*runtime(), async move {
        raise(SIGINT).unwrap();
        for signals in crowd {
            assert_eq!(signals.await, Signal::CtrlC);
        }
        // The thread that wakes them has outlived those that panic.
        let again = signal::ctrl_c();
        raise(SIGINT).unwrap();
        assert_eq!(again.await, Signal::CtrlC);
    });
}

#[test]
fn futures_and_streams_hear_of_signals() {
    ends_with("child_hears_each", names(), 0);
}

#[test]
#[ignore = "it raises signals: run by `futures_and_streams_hear_of_signals` in a process of its own"]
fn child_hears_each() {
    // Without a runtime, and with each, in turn: a signal before the first poll is not lost.
    let hears = async {
        let (ctrl_c, terminate, any) = (signal::ctrl_c(), signal::terminate(), signal::any());
        raise(SIGTERM).unwrap();
        assert_eq!((terminate.await, any.await), (Signal::Terminate, Signal::Terminate));
        raise(SIGINT).unwrap();
        assert_eq!(ctrl_c.await, Signal::CtrlC);

        // A stream hears each, also where it is asked by hand.
        let mut interrupts = signal::ctrl_c();
        for _ in 0..3 {
            raise(SIGINT).unwrap();
            assert_eq!(interrupts.recv().await, Signal::CtrlC);
        }
        drop(interrupts);

        // A source, whose run ends with a stop.
        let heard = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&heard);
        let each = Pipeline::from_stream(signal::ctrl_c()).take(1).for_each(move |signal| {
            tells.store(signal == Signal::CtrlC, Ordering::SeqCst);
        });
        raise(SIGINT).unwrap();
        each.await;
        assert!(heard.load(Ordering::SeqCst));
        format!("{:?}", signal::any())
    };
    let told = anypipe::run_on(&*runtime(), hears);
    assert_eq!(told, "Signals { waiting: true, .. }");
}
