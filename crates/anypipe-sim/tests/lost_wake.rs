//! A planted bug, as found in the wild: one place for a waker, and two tasks that wait.
//!
//! The simulator must find it, print its seed, and fail again in the same way under that seed. The
//! variables are set for a second run of this very program, as a user would set them.

use std::future::poll_fn;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use anypipe_core::Run;
use anypipe_core::run::inherit;
use anypipe_sim::{FailureKind, Sim};

/// A gate that forgets all who wait but the last.
#[derive(Default)]
struct Gate {
    open: bool,
    waits: Option<Waker>,
}

fn through_the_gate() -> Run<()> {
    Run::new("gate", inherit, |scope| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let left = Arc::new(Mutex::new((2, None::<Waker>)));
        for name in ["first", "second"] {
            let (gate, left) = (Arc::clone(&gate), Arc::clone(&left));
            scope.spawn(name, async move {
                poll_fn(|cx| {
                    let mut gate = gate.lock().unwrap();
                    if gate.open {
                        return Poll::Ready(());
                    }
                    // The bug: whoever waited here is forgotten.
                    gate.waits = Some(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                let mut left = left.lock().unwrap();
                left.0 -= 1;
                left.1.take().into_iter().for_each(Waker::wake);
            });
        }
        scope.spawn("opens", async move {
            let mut gate = gate.lock().unwrap();
            gate.open = true;
            gate.waits.take().into_iter().for_each(Waker::wake);
        });
        poll_fn(move |cx| {
            let mut left = left.lock().unwrap();
            left.1 = Some(cx.waker().clone());
            if left.0 == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
    })
}

#[test]
#[ignore = "fails on purpose; the test below runs it"]
fn planted() {
    Sim::each(500, |sim| {
        sim.run(through_the_gate());
    });
}

/// Runs the failing test in a process of its own, with a variable set.
fn run_planted(variable: &str, value: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "planted", "--ignored", "--nocapture"]);
    command.env_remove("ANYPIPE_SIM_SEED").env_remove("ANYPIPE_SIM_SEEDS").env(variable, value);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(!status.success(), "the planted bug was not found: {text}");
    text
}

/// The line that tells which schedule failed, and the seed in it.
fn schedule(text: &str) -> (&str, u64) {
    let line = text.lines().find(|line| line.contains("simulated with seed ")).expect(text);
    let seed = line.split("seed ").nth(1).and_then(|rest| rest.split(',').next()).expect(line);
    (line, seed.parse().expect(line))
}

#[test]
fn a_lost_wake_is_found_printed_with_its_seed_and_replayed() {
    let found = run_planted("ANYPIPE_SIM_SEEDS", "200");
    assert!(found.contains("deadlock at 0ns"), "{found}");
    assert!(found.contains("`first` waits") || found.contains("`second` waits"), "{found}");
    let (line, seed) = schedule(&found);
    let replay = found.lines().find(|line| line.contains("replay: ")).expect(&found);
    assert!(replay.contains(&format!("ANYPIPE_SIM_SEED={seed} cargo test")), "{replay}");
    assert!(replay.ends_with(" planted -- --exact"), "{replay}");

    let again = run_planted("ANYPIPE_SIM_SEED", &seed.to_string());
    assert_eq!(schedule(&again).0, line, "the same schedule, to the last choice");

    let here = Sim::new(seed).try_run(through_the_gate()).unwrap_err();
    assert_eq!(here.kind(), FailureKind::Deadlock);
    assert!(line.contains(&format!("{:016x}", here.hash())), "{line}");
}

#[test]
fn the_bug_shows_under_some_schedules_only() {
    let lost = (0..200).filter(|seed| Sim::new(*seed).try_run(through_the_gate()).is_err()).count();
    assert!((1..200).contains(&lost), "lost under {lost} of 200 seeds");
}
