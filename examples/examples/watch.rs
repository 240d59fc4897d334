// cargo run --release --example watch -- [--serve PATH]
//! Which stage holds everything up? Each second a bar for each stage, and a sentence that says it. After four seconds the
//! slow stage gets more workers while it runs, and the sentence changes. With `--serve` the screen `anypipe-top` can be
//! attached to it, and it goes on for ten minutes, or until it is stopped there.
// ci:

use std::error::Error;
use std::time::Duration;

use anypipe::picture::{Picture, RunState, StageKind, StagePicture};
use anypipe::prelude::*;
use anypipe::time::{move_on_after, sleep};
#[cfg(unix)]
use anypipe::top::serve;
#[cfg(not(unix))]
use anypipe::top::serve_tcp as serve;
use clap::Parser;

/// Shows which stage holds everything up.
#[derive(Parser)]
struct Args {
    /// Shows the run on a Unix socket at this path, for `anypipe-top`; without Unix sockets, on this port of the loopback
    #[arg(long, value_name = "PATH")]
    serve: Option<String>,
}

/// Made by a service that takes so many milliseconds for each.
async fn service(n: u64, milliseconds: u64) -> u64 {
    sleep(Duration::from_millis(milliseconds)).await;
    n
}

/// Two workers of 100 ms each: twenty items a second, where all else can do fifty and more.
fn pipeline() -> Run<usize> {
    Pipeline::from_iter(0..)
        .then(async |n| service(n, 5).await)
        .named("read")
        .then(async |n| service(n, 100).await)
        .named("parse")
        .workers(2)
        .buffer_size(16)
        .then(async |n| service(n, 20).await)
        .named("save")
        .count()
}

#[anypipe::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // First, so that the run is known there.
    let serving = args.serve.as_deref().map(serve).transpose()?;
    let run = pipeline();
    let control = run.control();
    let running = run.watch(Duration::from_secs(1), |picture| show(&picture)).start();

    if serving.is_some() {
        // Whoever is attached turns the screw.
        if let Some(items) = move_on_after(Duration::from_secs(600), running).await {
            println!("{} items", items?);
        }
        return Ok(());
    }
    sleep(Duration::from_millis(4200)).await;
    println!("\n`parse` gets eight workers, where it had two: the run goes on meanwhile");
    control.stage("parse")?.set_workers(8)?;
    sleep(Duration::from_millis(4200)).await;
    control.stop();
    println!("{} items", running.await?);
    Ok(())
}

/// What lies between two looks.
fn show(picture: &Picture) {
    if picture.state != RunState::Running {
        return;
    }
    println!("\nafter {:.0} s", picture.at.as_secs_f64());
    for stage in picture.stages.iter().filter(|stage| stage.kind == StageKind::Stage) {
        println!("{}", bar(stage, picture.watched));
    }
    if let Some(found) = picture.bottleneck() {
        println!("{found}");
    }
}

/// How much of its time a stage was at work.
fn bar(stage: &StagePicture, time: Duration) -> String {
    let busy = stage.times.busy();
    let filled =
        (0..20).map(|cell| if busy * 20.0 > f64::from(cell) + 0.5 { '#' } else { ' ' }).collect::<String>();
    let (workers, rate) = (stage.workers.len(), stage.rate(time).unwrap_or_default());
    let workers = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
    format!(
        "  {:<6} [{filled}] {:>3.0} % at work, {workers:<9} {rate:>4.0} items/s",
        stage.name,
        busy * 100.0
    )
}
