//! The example `watch`, run as its first line says, and this program attached to it in a terminal: the screen names the slow
//! stage, keys give it more workers, and the screen names the next one.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use common::{Screen, until};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The example, which goes with the test too.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Cargo, in the library's workspace.
fn cargo(does: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    cargo.args([does, "--quiet", "--release", "--example", "watch"]);
    cargo
}

/// The cells of a stage's row, from its dot on.
fn row(screen: &Screen, stage: &str) -> Option<Vec<String>> {
    let text = screen.text();
    let mut rows = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    rows.find(|cells| {
        cells.first().is_some_and(|dot| dot == "●") && cells.get(1).is_some_and(|name| name == stage)
    })
}

#[test]
fn the_example_is_seen_and_its_slow_stage_resized() {
    let folder = Folder(std::env::temp_dir().join(format!("anypipe-watch-{}", std::process::id())));
    fs::create_dir(&folder.0).expect("a folder of our own");
    let path = folder.0.join("words.sock").to_str().expect("text").to_owned();
    let Some(mut screen) = Screen::open(&["--every", "0.2", &path]) else { return };
    // It is there before the program that it is to show.
    screen.shows("trying again");

    // That takes as long as it takes, where nobody has done it before.
    assert!(cargo("build").status().expect("cargo").success(), "the example can't be built");
    let example = cargo("run").args(["--", "--serve", &path]).stdout(Stdio::piped()).spawn().expect("cargo");
    let mut example = Example(example);

    screen.shows("count on tokio, running");
    for stage in ["source", "read", "parse", "save", "count"] {
        until(|| row(&screen, stage).is_some(), || screen.text());
    }
    let (red, blue) = (Some(vt100::Color::Idx(1)), Some(vt100::Color::Idx(4)));
    screen.shows("`parse` is the bottleneck");
    until(|| screen.colour(" parse ") == red && screen.colour(" save ") == blue, || screen.text());
    let workers = |screen: &Screen, workers| row(screen, "parse").is_some_and(|row| row[2] == workers);
    assert!(workers(&screen, "2"), "{}", screen.text());

    // Below the title and the heads, as many keys as there are rows before it.
    let rows = screen.text().lines().position(|line| line.contains("● parse")).expect("its row") - 2;
    screen.press(&"j".repeat(rows));
    screen.press("++++++");
    until(|| workers(&screen, "8"), || screen.text());
    screen.shows("`save` is the bottleneck");
    until(|| screen.colour(" save ") == red, || screen.text());
    assert!(workers(&screen, "8"), "{}", screen.text());

    screen.press("s");
    until(|| example.0.try_wait().expect("a child").is_some(), || screen.text());
    assert!(example.0.wait().expect("it has ended").success());
    let told = std::io::read_to_string(example.0.stdout.take().expect("piped")).expect("text");
    assert!(told.lines().last().is_some_and(|line| line.ends_with(" items")), "{told}");
    screen.shows("trying again");
    screen.leave();
}
