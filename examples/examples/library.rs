// cargo run --release --example library
//! Three programs, each on a runtime of its own and none of them knowing anypipe, call the same library
//! (`examples/library`), which knows no runtime. Their answers must be the same.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use example_library::{BadLine, Station, averages};

type Answer = Result<BTreeMap<String, f64>, BadLine>;

/// A tokio program: it needs nothing but its own attribute.
#[tokio::main]
async fn tokio_program() -> Answer {
    averages(stations()).await
}

/// A smol program.
fn smol_program() -> Answer {
    smol::block_on(averages(stations()))
}

/// An async-std program.
fn async_std_program() -> Answer {
    async_std::task::block_on(averages(stations()))
}

fn stations() -> Vec<Station> {
    let delay = |n: u64| Duration::from_millis(n * 10);
    vec![
        Station::new(delay(3), ["Oslo;-3.5", "Oslo;1.5"]),
        Station::new(delay(1), ["Rome;17", "Lima;21.25"]),
        Station::new(delay(2), ["Lima;20.75"]),
    ]
}

fn main() -> ExitCode {
    let answers = [("tokio", tokio_program()), ("smol", smol_program()), ("async-std", async_std_program())];
    for (runtime, answer) in &answers {
        match answer {
            Ok(averages) => println!("{runtime:<10} {averages:?}"),
            Err(error) => println!("{runtime:<10} {error}"),
        }
    }
    if answers.iter().all(|(_, answer)| answer.is_ok() && *answer == answers[0].1) {
        println!("three programs, one answer");
        ExitCode::SUCCESS
    } else {
        println!("the answers differ");
        ExitCode::FAILURE
    }
}
