//! Which stage a run's pictures say holds everything up.
//!
//! What is planted differs from the rest by a multiple, and is tried with longer steps where the machine was too busy to keep
//! time.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::run::Picture;
use anypipe_core::run::picture::Reason;
use anypipe_stages::{BoxSource, sink, source, stage};

use crate::pictures::{between, names_it, numbers, started, step, then};
use crate::registry::Draw;
use crate::tools::{Flow, flow, is_exact, is_virtual, runtime, sleep, until};

crate::suite::cases! { ($) bottlenecks as __bottlenecks {
    a_planted_bottleneck_is_named(seed),
    a_slow_source_is_named(),
    a_slow_sink_is_named(),
    a_slow_branch_is_named(),
    two_that_are_equally_slow_are_both_named(),
    a_stage_that_multiplies_is_named(),
    a_stage_that_sticks_is_stalled(),
    of_one_that_alternates_the_interval_tells(),
} }

/// Tries with longer and longer steps until what is planted is found: on a busy machine sleeps are late, and what they are
/// late by must be little beside a step.
async fn patiently<Fut>(trial: impl Fn(Duration) -> Fut)
where
    Fut: Future<Output = Result<(), String>>,
{
    let longer: &[u32] = if is_virtual() { &[1] } else { &[1, 4, 16, 64] };
    let mut wrong = String::new();
    for times in longer {
        match trial(step() * *times).await {
            Ok(()) => return,
            Err(found) => wrong = found,
        }
    }
    panic!("{wrong}");
}

/// As [`names_it`], where the sentence has to hold this too.
fn tells(picture: &Picture, stages: &[&str], part: &str) -> Result<(), String> {
    let sentence = names_it(picture, stages)?;
    assert!(sentence.contains(part), "{sentence}");
    Ok(())
}

/// A pipeline that is drawn, of which one stage takes eight times as long for an item as any other.
fn planted(draw: &mut Draw, step: Duration) -> (&'static str, BoxSource<u64>) {
    const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];
    let count = draw.within(1..=NAMES.len());
    let slow = draw.below(count);
    let mut source = numbers(u64::MAX, Duration::ZERO);
    for (at, name) in NAMES.iter().enumerate().take(count) {
        let (workers, buffer) = (draw.within(1..=4), draw.within(1..=8));
        // All of its workers together let an item through in so many eighths of a step.
        let eighths = if at == slow { 8 } else { u32::try_from(draw.below(2)).unwrap() };
        let pause = step * eighths * u32::try_from(workers).unwrap() / 8;
        source = then(source, name, (workers, buffer), move |_| pause);
        if draw.coin() {
            source = BoxSource::new(Flow(source).pipe(stage::map(|n: u64| n)).0);
        }
    }
    (NAMES[slow], source)
}

async fn a_planted_bottleneck_is_named(seed: u64) {
    let trials = if is_virtual() { 1 } else { 20 };
    for trial in 0..trials {
        patiently(async |step| {
            let (slow, source) = planted(&mut Draw::new(seed * 20 + trial), step);
            tells(&between(started(source), step * 24).await, &[slow], ".workers(")
        })
        .await;
    }
}

async fn a_slow_source_is_named() {
    patiently(async |step| {
        let source = then(numbers(u64::MAX, step * 2), "quick", (2, 4), move |_| step / 4);
        let picture = between(started(source), step * 20).await;
        tells(&picture, &["unfold"], "the source `unfold` is the bottleneck")
    })
    .await;
    // One that has no task of its own: it is polled by the stage behind it.
    patiently(async |step| {
        let pauses = BoxSource::new(flow(source::from_stream(futures_stream(step * 2))).0);
        let source = then(pauses, "quick", (2, 4), move |_| step / 4);
        names_it(&between(started(source), step * 20).await, &["source"]).map(drop)
    })
    .await;
}

/// A stream that sleeps before each item.
fn futures_stream(pause: Duration) -> impl futures_core::Stream<Item = u64> + Send {
    let mut sleeping = None;
    crate::tools::poll_stream(move |cx| {
        let wait = sleeping.get_or_insert_with(|| runtime().sleep(pause));
        let polled = std::pin::Pin::new(wait).poll(cx);
        if polled.is_ready() {
            sleeping = None;
        }
        polled.map(|()| Some(1))
    })
}

async fn a_slow_sink_is_named() {
    patiently(async |step| {
        let source = then(numbers(u64::MAX, Duration::ZERO), "quick", (2, 4), move |_| step / 4);
        let run = Flow(source).into(sink::for_each_async(move |_| sleep(step * 2))).start();
        tells(&between(run, step * 20).await, &["sink"], "the sink `sink` is the bottleneck")
    })
    .await;
}

async fn a_slow_branch_is_named() {
    let branch = |name: &'static str, pause: Duration| {
        let work = stage::then(move |n: u64| async move {
            sleep(pause).await;
            n
        });
        Flow(work).named(name).0
    };
    patiently(async |step| {
        let source = then(numbers(u64::MAX, Duration::ZERO), "before", (1, 4), move |_| step / 8);
        let branches = (branch("quick", step / 4), branch("slow", step * 2));
        let run = started(Flow(source).pipe(stage::broadcast(branches)).0);
        // Until what lies before the branches is full.
        sleep(step * 60).await;
        names_it(&between(run, step * 30).await, &["slow"]).map(drop)
    })
    .await;
}

async fn two_that_are_equally_slow_are_both_named() {
    patiently(async |step| {
        let source = then(numbers(u64::MAX, Duration::ZERO), "one", (1, 4), move |_| step);
        let source = then(source, "between", (1, 4), |_| Duration::ZERO);
        let source = then(source, "two", (2, 4), move |_| step * 2);
        let picture = between(started(source), step * 40).await;
        if is_exact() {
            return tells(&picture, &["one", "two"], "`one` and `two` are the bottleneck");
        }
        // One may have been late more often.
        names_it(&picture, &["one", "two"])
            .or_else(|_| names_it(&picture, &["one"]))
            .or_else(|_| names_it(&picture, &["two"]))
            .map(drop)
    })
    .await;
}

async fn a_stage_that_multiplies_is_named() {
    let many = || {
        stage::stage(|mut input: stage::Input<u64>, output: anypipe_core::channel::Sender<u64>| async move {
            while let Some(n) = input.recv().await {
                for _ in 0..50 {
                    if output.send(n).await.is_err() {
                        return;
                    }
                }
            }
        })
    };
    patiently(async |step| {
        let source = then(numbers(u64::MAX, Duration::ZERO), "few", (1, 4), |_| Duration::ZERO);
        let source = BoxSource::new(Flow(source).pipe(many()).named("multiplies").0);
        let run = started(then(source, "slow", (1, 4), move |_| step / 4));
        // Long enough that some items were taken.
        let sentence = names_it(&between(run, step * 60).await, &["slow"])?;
        // Where all was late, that may have taken none.
        if sentence.contains("`multiplies` makes") { Ok(()) } else { Err(sentence) }
    })
    .await;
}

async fn a_stage_that_sticks_is_stalled() {
    let source = then(numbers(u64::MAX, Duration::ZERO), "before", (1, 4), |_| Duration::ZERO);
    let sticks = stage::then(|n: u64| async move { if n == 3 { pending().await } else { n } });
    let run = started(Flow(source).pipe(sticks).workers(2).named("sticks").0);
    let control = run.control();
    let (patience, limit) = if is_virtual() {
        (Duration::from_secs(3600), Duration::from_secs(10))
    } else {
        (step() * 10, step() * 5)
    };
    until(|| control.picture().stage("sticks").is_some_and(|stage| stage.longest().is_some())).await;
    sleep(patience).await;
    let stalled = |picture: &Picture| {
        picture.bottleneck_with(limit).is_some_and(|found| matches!(found.reason, Reason::Stalled { .. }))
    };
    until(|| stalled(&control.picture())).await;
    let picture = control.picture();
    let found = picture.bottleneck_with(limit).expect("it sticks");
    assert_eq!(found.stages, ["sticks"], "{found}\n{picture}");
    let Reason::Stalled { lasts, .. } = found.reason else { panic!("{found}\n{picture}") };
    assert!(lasts >= if is_virtual() { patience } else { limit }, "{found}");
    assert!(found.to_string().contains("has been in user code for"), "{found}");
    if is_virtual() {
        assert_eq!(
            picture.bottleneck().map(|found| found.stages),
            Some(vec!["sticks".to_owned()]),
            "{picture}"
        );
    }
    run.cancel();
    run.await.unwrap_err();
}

async fn of_one_that_alternates_the_interval_tells() {
    const HALF: u64 = 40;
    patiently(async |step| {
        let source = then(numbers(2 * HALF, Duration::ZERO), "first", (1, 1), move |n| {
            if n < HALF { step * 2 } else { Duration::ZERO }
        });
        let pause = move |n| if n < HALF { Duration::ZERO } else { step * 2 };
        let source = then(source, "then", (1, 1), pause);
        let seen = Arc::new(AtomicUsize::new(0));
        let sees = Arc::clone(&seen);
        let run = Flow(source).into(sink::for_each(move |_| _ = sees.fetch_add(1, Ordering::SeqCst))).start();
        let control = run.control();
        let reached = async |n: usize| {
            while seen.load(Ordering::SeqCst) < n {
                sleep(step / 2).await;
            }
            control.picture()
        };
        let (start, middle) = (reached(5).await, reached(30).await);
        let (turned, end) = (reached(45).await, reached(70).await);
        run.await.unwrap();
        names_it(&middle.since(&start), &["first"])?;
        names_it(&end.since(&turned), &["then"])?;
        // The whole hides it.
        names_it(&end.since(&start), &[]).map(drop)
    })
    .await;
}
