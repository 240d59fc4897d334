//! Progress bars, on every backend, on a terminal in memory.
#![cfg(all(
    feature = "progress",
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::Arc;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::progress::{ShowProgress, bars};
use anypipe::sync::Event;
use anypipe::time::sleep;
use indicatif::{InMemoryTerm, MultiProgress, ProgressDrawTarget};

const TICK: Duration = Duration::from_millis(5);

/// A terminal, and what draws on it.
fn terminal() -> (InMemoryTerm, MultiProgress) {
    let terminal = InMemoryTerm::new(24, 100);
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
    (terminal, MultiProgress::with_draw_target(target))
}

/// Ten items, of which the first two pass and the others wait for the event.
fn held(go_on: &Arc<Event>) -> Pipeline<impl Source<Item = u32>> {
    let go_on = Arc::clone(go_on);
    let hold = move |n| {
        let go_on = Arc::clone(&go_on);
        async move {
            if n >= 2 {
                go_on.wait().await;
            }
            n
        }
    };
    Pipeline::from_iter(0..10u32).then(hold).named("hold").then(async |n| n).named("a longer\nname")
}

#[anypipe::test]
async fn bars_are_drawn_and_one_line_stays() {
    let (terminal, multi) = terminal();
    let go_on = Arc::new(Event::new());
    let shown = bars().total(10).every(TICK).within(multi);
    let run = held(&go_on).count().progress(shown).start();
    // The slow stage's bar is full.
    let full = "hold          ████████████████████ 100 % at work, 3 in, 2 out, 1 held";
    let live = loop {
        let live = terminal.contents();
        if live.contains("2/10") && live.contains(full) {
            break live;
        }
        sleep(TICK).await;
    };
    let lines: Vec<_> = live.lines().collect();
    assert_eq!(lines.len(), 5, "{live}");
    assert!(lines[1].starts_with(full) && lines[2].starts_with("a longer name "), "{live}");
    assert!(lines[4].starts_with("count ") && lines[4].contains('█'), "{live}");
    go_on.set();
    assert_eq!(run.await.unwrap(), 10);
    let last = terminal.contents();
    assert!(last.starts_with("count 10 items, done after"), "{last}");
    assert_eq!(last.lines().count(), 1, "{last}");
}

#[anypipe::test]
async fn rate_and_time_left_are_told() {
    if !anypipe::runtime::current().is_exact() {
        return;
    }
    let (terminal, multi) = terminal();
    let slow = Pipeline::from_iter(0..100u32).then(async |_| sleep(Duration::from_secs(1)).await);
    let run = slow
        .drain()
        .progress(bars().total(100).every(Duration::from_millis(10_500)).within(multi.clone()))
        .start();
    sleep(Duration::from_secs(53)).await;
    let live = terminal.contents();
    let last = live.lines().last().unwrap();
    assert!(last.contains("52/100, 1.0/s, "), "{live}");
    let left = last.rsplit(' ').nth(1).and_then(|left| left.strip_suffix('s')).unwrap();
    assert!((40..=56).contains(&left.parse::<u32>().unwrap()), "{live}");
    run.await.unwrap();
    assert_eq!(terminal.contents(), "drain 100 items, done after 2m, 1.0/s");
}

#[anypipe::test]
async fn a_run_that_fails_says_so() {
    let (terminal, multi) = terminal();
    let failing = Pipeline::from_iter(0..10u32).then(async |n| assert!(n < 3, "three"));
    let failed = failing.drain().progress(bars().within(multi)).checked().await;
    assert!(failed.is_err());
    let last = terminal.contents();
    assert!(last.contains("items, failed after") && last.lines().count() == 1, "{last}");
}

#[anypipe::test]
async fn a_run_that_is_dropped_leaves_nothing() {
    let (terminal, multi) = terminal();
    multi.println("before").unwrap();
    let run = held(&Arc::new(Event::new())).count().progress(bars().every(TICK).within(multi)).start();
    while !terminal.contents().contains("hold") {
        sleep(TICK).await;
    }
    drop(run);
    while terminal.contents() != "before" {
        sleep(TICK).await;
    }
}

#[anypipe::test]
async fn what_is_hidden_is_not_watched() {
    let multi = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let run = Pipeline::from_iter(0..10u32).then(async |n| n).count().progress(bars().within(multi));
    let control = run.control();
    assert_eq!(run.await, 10);
    assert!(control.picture().stages.iter().all(|stage| stage.times.total().is_zero()));
}
