// cargo run --release --example graceful -- [--interrupt-after MS] [--grace MS]
//! Takes orders until Ctrl-C, then finishes those it has taken: none is lost. With `--interrupt-after` it
//! sends itself the real signal. What isn't finished within the grace is cancelled, and counted.
// ci: --interrupt-after 300
// ci: --interrupt-after 300 --grace 1

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::sleep;
use clap::Parser;
use signal_hook::consts::SIGINT;

/// Takes orders until Ctrl-C, then finishes those it has taken.
#[derive(Parser)]
struct Args {
    /// Sends itself the signal after so many milliseconds
    #[arg(long, value_name = "MS")]
    interrupt_after: Option<u64>,
    /// How many milliseconds the orders on their way get
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    grace: u64,
}

#[anypipe::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(length) = args.interrupt_after {
        interrupt_after(Duration::from_millis(length));
    }

    let delivered = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&delivered);
    let running = Pipeline::interval(Duration::from_millis(1))
        .then(async |order| {
            sleep(Duration::from_millis(40 + order % 20)).await;
            order
        })
        .named("deliver")
        .workers(8)
        .for_each(move |_order| {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .start()
        .stop_on_signals(Duration::from_millis(args.grace));
    let control = running.control();

    println!("taking orders until Ctrl-C");
    let result = running.await;

    let stats = control.stats();
    let Some(stage) = stats.stage("deliver") else { return ExitCode::FAILURE };
    let delivered = delivered.load(Ordering::SeqCst);
    println!("{} taken = {delivered} delivered + {} given up", stage.taken, stage.taken - delivered);
    let kept = match result {
        Ok(()) => {
            println!("all was finished");
            stage.taken == delivered
        }
        Err(error) => {
            println!("not all was finished in time: {error}");
            error.is_cancelled()
        }
    };
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Stands for the user's finger.
#[expect(clippy::disallowed_methods, reason = "it stands for something outside the program")]
fn interrupt_after(length: Duration) {
    thread::spawn(move || {
        thread::sleep(length);
        if let Err(error) = signal_hook::low_level::raise(SIGINT) {
            eprintln!("graceful: the signal could not be sent: {error}");
        }
    });
}
