//! What a run holds that waits for items. Each contender has a process of its own: this program again.

use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use super::Scenario;
use crate::contenders::ALL;
use crate::measure::{Row, Table};
use crate::runtime::Runtime;

/// Has the program park runs and tell what they take.
pub const FLAG: &str = "--park";

pub const SCENARIO: Scenario = Scenario {
    name: "parked",
    about: "bytes of memory for each run of four tasks that has moved an item and waits for the next",
    tables: |effort| {
        let runs = effort.items(20_000);
        let rows = ALL.iter().filter(|contender| contender.park.is_some());
        vec![Table {
            name: "parked".into(),
            about: format!("resident memory of {runs} runs of 4 tasks, capacity 64, that wait"),
            unit: "bytes for each run",
            steady: true,
            rows: rows.map(|contender| Row::new(contender.name, move || child(contender.name, runs))).collect(),
        }]
    },
};

fn child(name: &str, runs: u64) -> f64 {
    let program = env::current_exe().expect("this program has a file");
    let output = Command::new(program).arg(FLAG).arg(format!("{name}:{runs}")).output();
    let output = output.expect("this program runs once more");
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.trim().parse();
    told.unwrap_or_else(|_| panic!("{name} parks nothing: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What the child does: `NAME:RUNS`.
pub fn park(what: &str) {
    let (name, runs) = what.split_once(':').expect("NAME:RUNS");
    let runs: u64 = runs.parse().expect("a number of runs");
    let contender = ALL.iter().find(|contender| contender.name == name).expect("a contender");
    let park = contender.park.expect("a contender that parks");
    Runtime::Tokio.block_on(async {
        drop(park(100).await); // what comes once is there
        thread::sleep(Duration::from_millis(50));
        let before = resident();
        let kept = park(runs).await;
        thread::sleep(Duration::from_millis(100));
        println!("{}", (resident() - before) / runs as f64);
        drop(kept);
    });
}

/// The bytes of memory that this process has, where the system tells them as Linux does.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("a system with /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024.0
}
