//! What a run's pictures show: what each worker does and for how long, how the stages hang together, and which of them holds
//! everything up.
//!
//! Where no sleep is late all times are compared exactly. Elsewhere what is planted differs from the rest by a
//! multiple, and only what follows from the order of things is compared.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::run::picture::{Reason, RunState, StageKind, WorkerState};
use anypipe_core::run::{Control, Picture, Running, inherit, list_runs, runs};
use anypipe_core::{Run, Source};
use anypipe_stages::{BoxSource, sink, source, stage};

use crate::case::Make;
use crate::growth::costs_the_same;
use crate::registry::Draw;
use crate::tools::{Flow, flow, is_exact, is_virtual, runtime, sleep, until};

crate::suite::cases! { ($) pictures as __pictures {
    the_states_of_a_worker_are_its_life(),
    times_are_exact_where_sleeps_are(),
    watching_may_begin_in_the_middle(),
    what_fails_keeps_its_times(),
    a_planted_bottleneck_is_named(seed),
    a_slow_source_is_named(),
    a_slow_sink_is_named(),
    a_slow_branch_is_named(),
    two_that_are_equally_slow_are_both_named(),
    a_stage_that_multiplies_is_named(),
    a_stage_that_sticks_is_stalled(),
    of_one_that_alternates_the_interval_tells(),
    a_run_is_shown_before_during_and_after_it(),
    the_graph_is_shown_as_it_is(),
    names_are_written_as_each_format_asks_for(),
    a_picture_costs_the_same_for_each_of_many_stages(make),
    a_run_is_watched_to_its_end(),
    who_watches_and_panics_fails_the_run(),
    who_watches_and_is_slow_holds_up_nothing_else(),
    the_runs_that_go_on_are_listed(),
    every_task_tells_what_it_waits_for(),
} }

/// What a test sleeps: short, and long enough that a busy machine doesn't drown it.
fn step() -> Duration {
    if is_virtual() { Duration::from_secs(1) } else { Duration::from_millis(4) }
}

/// Numbers up to so many, each after a pause, where that isn't none.
fn numbers(most: u64, pause: Duration) -> BoxSource<u64> {
    if pause.is_zero() {
        return BoxSource::new(flow(source::from_iter(0..most)).0);
    }
    let next = move |n: u64| async move {
        sleep(pause).await;
        (n < most).then_some((n, n + 1))
    };
    BoxSource::new(flow(source::unfold(0, next)).0)
}

/// One stage more, which sleeps for each item as long as that tells.
fn then(
    source: BoxSource<u64>,
    name: &'static str,
    (workers, buffer): (usize, usize),
    pause: impl Fn(u64) -> Duration + Send + Sync + 'static,
) -> BoxSource<u64> {
    let work = stage::then(move |n: u64| {
        let pause = pause(n);
        async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            n
        }
    });
    BoxSource::new(Flow(source).pipe(work).workers(workers).buffer_size(buffer).named(name).0)
}

/// Starts a run over what the source gives.
fn started(source: impl Source) -> Running<()> {
    Flow(source).into(sink::for_each(drop)).start()
}

/// What lies between two pictures of a run that has gone on for a while.
async fn between(control: &Control, steps: u32) -> Picture {
    sleep(step() * steps).await;
    let earlier = control.picture();
    sleep(step() * steps).await;
    control.picture().since(&earlier)
}

#[track_caller]
fn names_it(picture: &Picture, stages: &[&str]) -> String {
    let found = picture.bottleneck().expect("it was watched for a while");
    assert_eq!(found.stages, stages, "{found}\n{picture}");
    found.to_string()
}

async fn the_states_of_a_worker_are_its_life() {
    let source = then(numbers(20, step()), "quick", (1, 2), |_| step() / 4);
    let source = then(source, "several", (3, 2), |_| step() * 2);
    let run = Flow(source).into(sink::for_each_async(async |_| sleep(step()).await)).start();
    let control = run.control();
    let shown = |picture: &Picture| picture.stages.iter().filter(|stage| !stage.workers.is_empty()).count();
    until(|| shown(&control.picture()) >= 4).await;
    for _ in 0..10 {
        sleep(step()).await;
        let (picture, after) = (control.picture(), control.picture());
        for stage in picture.stages.iter().filter(|stage| !stage.workers.is_empty()) {
            let mut sum = Duration::ZERO;
            for worker in &stage.workers {
                let total = worker.times.total();
                assert!(worker.lasts <= total && total <= after.watched, "{worker:?}\n{picture}");
                if is_exact() && stage.kind != StageKind::Sink {
                    assert_eq!(total, picture.watched, "{worker:?}\n{picture}");
                }
                sum += total;
            }
            assert_eq!(stage.times.total(), sum, "{picture}");
        }
    }
    run.await.unwrap();
    let picture = control.picture();
    for stage in &picture.stages {
        assert!(stage.workers.is_empty(), "{picture}");
        assert!(stage.times.total() <= picture.watched * 3, "{picture}");
        assert!(!stage.times.total().is_zero(), "{picture}");
    }
}

async fn times_are_exact_where_sleeps_are() {
    // One item in four steps comes through, and the buffers are full: 2, and one in hand of each.
    let source = then(numbers(100, Duration::ZERO), "quick", (1, 1), |_| step());
    let source = then(source, "slow", (1, 1), |_| step() * 4);
    let run = started(source);
    let picture = between(&run.control(), 40).await;
    let (quick, slow) = (picture.stage("quick").unwrap(), picture.stage("slow").unwrap());
    assert_eq!(slow.workers.len(), 1, "{picture}");
    if is_exact() {
        assert_eq!((slow.times.awaiting, slow.times.total()), (step() * 40, step() * 40), "{picture}");
        assert_eq!((quick.times.awaiting, quick.times.room), (step() * 10, step() * 30), "{picture}");
        assert_eq!((slow.taken, slow.delivered), (Some(10), Some(10)), "{picture}");
        let sink = picture.stages.last().unwrap();
        assert_eq!(
            (sink.kind, sink.times.input, sink.taken),
            (StageKind::Sink, step() * 40, Some(10)),
            "{picture}"
        );
        let source = &picture.stages[0];
        assert_eq!((source.times.awaiting, source.delivered), (Duration::ZERO, Some(10)), "{picture}");
    }
    run.cancel();
    run.await.unwrap_err();
}

async fn watching_may_begin_in_the_middle() {
    let stuck = flow(source::from_iter(0..1)).pipe(stage::then(|_: u64| pending::<u64>())).named("stuck");
    let run = started(stuck.0);
    sleep(step() * 3).await;
    let control = run.control();
    let first = control.picture();
    let worker = &first.stage("stuck").unwrap().workers[0];
    assert_eq!(worker.state, WorkerState::Awaiting, "it has awaited since before it was watched: {first}");
    if is_exact() {
        assert_eq!((worker.lasts, worker.times.total(), first.watched), <_>::default(), "{first}");
    }
    assert_eq!(first.stages.last().unwrap().workers[0].state, WorkerState::Input, "{first}");
    assert_eq!(first.bottleneck(), None, "nothing is known yet");
    sleep(step()).await;
    let second = control.picture();
    let worker = &second.stage("stuck").unwrap().workers[0];
    assert!(worker.lasts >= step(), "{second}");
    assert_eq!(worker.lasts, worker.times.awaiting, "{second}");
    assert!(first.at >= step() * 3 && second.at >= step() * 4, "{first}{second}");
    run.cancel();
    run.await.unwrap_err();
}

async fn what_fails_keeps_its_times() {
    let source = then(numbers(100, Duration::ZERO), "before", (2, 4), |_| step());
    let bad = stage::then(|n: u64| async move {
        sleep(step()).await;
        assert!(n < 4, "planted");
        n
    });
    let run = started(Flow(source).pipe(bad).named("bad").0);
    let control = run.control();
    until(|| control.picture().stage("bad").is_some_and(|bad| !bad.workers.is_empty())).await;
    assert!(run.await.unwrap_err().is_panic());
    let picture = control.picture();
    assert_eq!(picture.state, RunState::Failed);
    let bad = picture.stage("bad").unwrap();
    assert_eq!((bad.panicked, bad.workers.len()), (1, 0), "{picture}");
    if is_exact() {
        assert_eq!(bad.times.total(), picture.watched, "{picture}");
        assert_eq!(picture.stage("before").unwrap().times.total(), picture.watched * 2, "{picture}");
    }
}

/// A pipeline that is drawn, of which one stage takes eight times as long for an item as any other.
fn planted(draw: &mut Draw) -> (&'static str, BoxSource<u64>) {
    const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];
    let count = draw.within(1..=NAMES.len());
    let slow = draw.below(count);
    let mut source = numbers(u64::MAX, Duration::ZERO);
    for (at, name) in NAMES.iter().enumerate().take(count) {
        let (workers, buffer) = (draw.within(1..=4), draw.within(1..=8));
        // All of its workers together let an item through in so many eighths of a step.
        let eighths = if at == slow { 8 } else { u32::try_from(draw.below(2)).unwrap() };
        let pause = step() * eighths * u32::try_from(workers).unwrap() / 8;
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
        let (slow, source) = planted(&mut Draw::new(seed * 20 + trial));
        let run = started(source);
        let picture = between(&run.control(), 24).await;
        let sentence = names_it(&picture, &[slow]);
        assert!(sentence.contains(".workers("), "{sentence}");
        run.cancel();
        run.await.unwrap_err();
    }
}

async fn a_slow_source_is_named() {
    let source = then(numbers(u64::MAX, step() * 2), "quick", (2, 4), |_| step() / 4);
    let run = started(source);
    let picture = between(&run.control(), 20).await;
    let sentence = names_it(&picture, &["unfold"]);
    assert!(sentence.starts_with("the source `unfold` is the bottleneck"), "{sentence}");
    run.cancel();
    run.await.unwrap_err();
    // One that has no task of its own: it is polled by the stage behind it.
    let pauses = futures_stream(step() * 2);
    let run =
        started(then(BoxSource::new(flow(source::from_stream(pauses)).0), "quick", (2, 4), |_| step() / 4));
    let picture = between(&run.control(), 20).await;
    names_it(&picture, &["source"]);
    run.cancel();
    run.await.unwrap_err();
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
    let source = then(numbers(u64::MAX, Duration::ZERO), "quick", (2, 4), |_| step() / 4);
    let run = Flow(source).into(sink::for_each_async(async |_| sleep(step() * 2).await)).start();
    let picture = between(&run.control(), 20).await;
    let sentence = names_it(&picture, &["sink"]);
    assert!(sentence.starts_with("the sink `sink` is the bottleneck"), "{sentence}");
    run.cancel();
    run.await.unwrap_err();
}

async fn a_slow_branch_is_named() {
    let branch = |name: &'static str, pause: Duration| {
        let work = stage::then(move |n: u64| async move {
            sleep(pause).await;
            n
        });
        Flow(work).named(name).0
    };
    let source = then(numbers(u64::MAX, Duration::ZERO), "before", (1, 4), |_| step() / 8);
    let branches = (branch("quick", step() / 4), branch("slow", step() * 2));
    let run = started(Flow(source).pipe(stage::broadcast(branches)).0);
    // Until what lies before the branches is full.
    sleep(step() * 60).await;
    let picture = between(&run.control(), 30).await;
    names_it(&picture, &["slow"]);
    run.cancel();
    run.await.unwrap_err();
}

async fn two_that_are_equally_slow_are_both_named() {
    let source = then(numbers(u64::MAX, Duration::ZERO), "one", (1, 4), |_| step());
    let source = then(source, "between", (1, 4), |_| Duration::ZERO);
    let run = started(then(source, "two", (2, 4), |_| step() * 2));
    let picture = between(&run.control(), 40).await;
    if is_exact() {
        let sentence = names_it(&picture, &["one", "two"]);
        assert!(sentence.starts_with("`one` and `two` are the bottleneck"), "{sentence}");
    } else {
        let found = picture.bottleneck().unwrap();
        assert!(found.stages.iter().all(|stage| stage == "one" || stage == "two"), "{found}\n{picture}");
    }
    run.cancel();
    run.await.unwrap_err();
}

async fn a_stage_that_multiplies_is_named() {
    let source = then(numbers(u64::MAX, Duration::ZERO), "few", (1, 4), |_| Duration::ZERO);
    let many =
        stage::stage(|mut input: stage::Input<u64>, output: anypipe_core::channel::Sender<u64>| async move {
            while let Some(n) = input.recv().await {
                for _ in 0..50 {
                    if output.send(n).await.is_err() {
                        return;
                    }
                }
            }
        });
    let source = BoxSource::new(Flow(source).pipe(many).named("multiplies").0);
    let run = started(then(source, "slow", (1, 4), |_| step() / 4));
    // Long enough that some items were taken.
    let picture = between(&run.control(), 60).await;
    let sentence = names_it(&picture, &["slow"]);
    assert!(sentence.contains("`multiplies` makes"), "{sentence}");
    run.cancel();
    run.await.unwrap_err();
}

async fn a_stage_that_sticks_is_stalled() {
    let source = then(numbers(u64::MAX, Duration::ZERO), "before", (1, 4), |_| Duration::ZERO);
    let sticks = stage::then(|n: u64| async move { if n == 3 { pending().await } else { n } });
    let run = started(Flow(source).pipe(sticks).workers(2).named("sticks").0);
    let control = run.control();
    until(|| control.picture().stage("sticks").is_some_and(|stage| stage.longest().is_some())).await;
    let (patience, limit) = if is_virtual() {
        (Duration::from_secs(3600), Duration::from_secs(10))
    } else {
        (step() * 10, step() * 5)
    };
    sleep(patience).await;
    let picture = control.picture();
    let found = picture.bottleneck_with(limit).expect("it sticks");
    assert_eq!(found.stages, ["sticks"], "{found}\n{picture}");
    let Reason::Stalled { lasts, .. } = found.reason else { panic!("{found}\n{picture}") };
    assert!(lasts >= patience, "{found}");
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
    let source = then(numbers(2 * HALF, Duration::ZERO), "first", (1, 1), |n| {
        if n < HALF { step() * 2 } else { Duration::ZERO }
    });
    let source = then(source, "then", (1, 1), |n| if n < HALF { Duration::ZERO } else { step() * 2 });
    let seen = Arc::new(AtomicUsize::new(0));
    let sees = Arc::clone(&seen);
    let run = Flow(source).into(sink::for_each(move |_| _ = sees.fetch_add(1, Ordering::SeqCst))).start();
    let control = run.control();
    let reached = async |n: usize| {
        while seen.load(Ordering::SeqCst) < n {
            sleep(step() / 2).await;
        }
    };
    reached(5).await;
    let start = control.picture();
    reached(30).await;
    let middle = control.picture();
    names_it(&middle.since(&start), &["first"]);
    reached(45).await;
    let turned = control.picture();
    reached(70).await;
    let end = control.picture();
    names_it(&end.since(&turned), &["then"]);
    let whole = end.since(&start);
    assert!(
        matches!(whole.bottleneck().unwrap().reason, Reason::Balanced { .. }),
        "the whole hides it: {whole}"
    );
    run.await.unwrap();
}

async fn a_run_is_shown_before_during_and_after_it() {
    let run = Flow(then(numbers(6, Duration::ZERO), "work", (1, 1), |_| step())).into(sink::for_each(drop));
    let control = run.control();
    let planned = control.picture();
    assert_eq!((planned.state, planned.stages.len()), (RunState::Planned, 0));
    assert!(planned.to_string().contains("planned"), "{planned}");
    let run = run.start();
    until(|| control.picture().stage("work").is_some_and(|work| !work.workers.is_empty())).await;
    control.pause();
    let paused = control.picture();
    assert_eq!(paused.state, RunState::Paused);
    // What was on its way is finished; then nothing moves.
    until(|| control.picture().stage("work").unwrap().held == 0).await;
    assert!(control.picture().to_string().contains("paused"));
    control.resume();
    assert_eq!(control.picture().state, RunState::Running);
    control.stop();
    assert_eq!(control.picture().state, RunState::Stopping);
    run.await.unwrap();
    let ended = control.picture();
    assert_eq!(ended.state, RunState::Ended);
    assert_eq!(ended.stage("work").unwrap().taken, ended.stage("work").unwrap().delivered, "{ended}");
    sleep(step()).await;
    assert_eq!(control.picture(), ended, "nothing changes any more");
}

/// The ways between the stages, by their names.
fn ways(picture: &Picture) -> BTreeSet<(&str, &str)> {
    let name = |at: usize| picture.stages[at].name.as_str();
    picture.edges.iter().map(|edge| (name(edge.from), name(edge.to))).collect()
}

async fn the_graph_is_shown_as_it_is() {
    let pass = |name| Flow(stage::then(async |n: u64| n)).named(name).0;
    let one = then(numbers(20, Duration::ZERO), "one", (1, 4), |_| Duration::ZERO);
    let two = then(numbers(20, step() / 4), "two", (1, 4), |_| Duration::ZERO);
    let run = started(
        flow(source::merge([one, two]))
            .pipe(pass("merged"))
            .pipe(stage::tee(sink::for_each(drop)))
            .pipe(pass("teed"))
            .pipe(stage::broadcast((pass("left"), pass("right"))))
            .pipe(stage::flat_map_stream(
                |n: u64| then(numbers(n % 3, Duration::ZERO), "inner", (1, 4), |_| Duration::ZERO),
                3,
            ))
            .pipe(pass("last"))
            .0,
    );
    let control = run.control();
    run.await.unwrap();
    let picture = control.picture();
    let expected = [
        ("source", "one"),
        ("unfold", "two"),
        ("one", "merged"),
        ("two", "merged"),
        ("merged", "tee"),
        ("tee", "teed"),
        ("teed", "broadcast"),
        ("broadcast", "left"),
        ("broadcast", "right"),
        ("left", "last"),
        ("right", "last"),
        ("inner", "last"),
        ("last", "sink"),
    ];
    assert_eq!(ways(&picture), BTreeSet::from(expected), "{picture}");
    assert_eq!(picture.stages.iter().filter(|stage| stage.name == "inner").count(), 1, "{picture}");
    let kind = |name: &str| picture.stage(name).unwrap().kind;
    assert_eq!(
        (kind("unfold"), kind("tee"), kind("sink")),
        (StageKind::Source, StageKind::Branch, StageKind::Sink)
    );
    // A loop: what comes out of it goes in again.
    let expanded = stage::expand(async |n: u64| if n > 3 { vec![] } else { vec![n + 1, n + 2] });
    let run = started(flow(source::from_iter(0..2)).pipe(expanded).pipe(pass("after")).0);
    let control = run.control();
    run.await.unwrap();
    let picture = control.picture();
    assert!(ways(&picture).contains(&("after", "sink")), "{picture}");
    assert!(picture.edges.iter().all(|edge| edge.to < picture.stages.len()), "{picture}");
    assert!(picture.svg().ends_with("</svg>"));
}

async fn names_are_written_as_each_format_asks_for() {
    const NAME: &str = "a\"b\\c\n<d>&'e\u{1}`#;";
    let run = started(then(numbers(3, Duration::ZERO), NAME, (1, 4), |_| Duration::ZERO));
    let control = run.control();
    run.await.unwrap();
    let picture = control.picture();
    assert_eq!(picture.stages[1].name, NAME);
    let json = picture.json();
    assert!(json.contains(r#""name":"a\"b\\c\n\u003cd>&'e\u0001`#;""#), "{json}");
    assert!(!json.contains(|c: char| c.is_control() || c == '<'), "{json}");
    let dot = picture.dot();
    assert!(dot.contains(r#"[label="a\"b\\c\n<d>&'e `#;\n"#), "{dot}");
    let svg = picture.svg();
    assert!(svg.contains("<title>a&quot;b\\c &lt;d&gt;&amp;&#39;e `#;</title>"), "{svg}");
    assert!(!svg.contains(char::is_control), "{svg}");
    let mermaid = picture.mermaid();
    assert!(mermaid.contains("[\"a#34;b#92;c #60;d#62;#38;#39;e #96;#35;#59;<br/>"), "{mermaid}");
    let table = picture.to_string();
    assert_eq!(table.lines().count(), 2 + picture.stages.len() + 1, "one row for each: {table}");
}

fn a_picture_costs_the_same_for_each_of_many_stages(make: Make<'_>) {
    if make().handle().name() == "threads" {
        // A thread for each task costs what threads cost.
        return;
    }
    let pictures = if make().handle().name() == "sim" { 2000 } else { 8000 };
    costs_the_same(make, 40, 1000, move |stages| {
        Box::pin(async move {
            let line = || {
                let stuck =
                    |source: BoxSource<u64>| then(source, "stage", (1, 1), |_| Duration::from_secs(1 << 30));
                stuck(stuck(stuck(stuck(numbers(1, Duration::ZERO)))))
            };
            let run = started(flow(source::merge((0..stages / 4).map(|_| line()).collect::<Vec<_>>())).0);
            let control = run.control();
            until(|| control.picture().stages.len() > stages).await;
            for _ in 0..pictures / stages {
                let picture = control.picture();
                let written =
                    [picture.json(), picture.dot(), picture.svg(), picture.mermaid(), picture.to_string()];
                assert!(written.iter().all(|written| written.len() > 10 * stages));
                assert!(picture.since(&picture).bottleneck().is_none());
                assert!(control.dump().lines().count() > stages);
            }
            run.cancel();
            run.await.unwrap_err();
        })
    });
}

async fn a_run_is_watched_to_its_end() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let source = then(numbers(30, Duration::ZERO), "work", (2, 4), |_| step());
    let run =
        Flow(source).into(sink::count()).watch(step() * 4, move |picture| sees.lock().unwrap().push(picture));
    let control = run.control();
    assert_eq!(run.await, 30);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.len() > 1, "{} pictures", seen.len());
    let last = seen.last().unwrap();
    assert_eq!(last.state, RunState::Ended, "{last}");
    let given = seen
        .iter()
        .map(|picture| picture.stage("work").map_or(0, |work| work.delivered.unwrap()))
        .sum::<u64>();
    assert_eq!(given, 30, "each picture tells of what came since the one before");
    let watched = seen.iter().map(|picture| picture.watched).sum::<Duration>();
    assert_eq!(watched, control.picture().watched, "and of no more time than that");
    if is_exact() {
        assert_eq!(seen.len(), 4, "after 4, 8 and 12 steps, and at the end");
        names_it(&seen[1], &["work"]);
    }
}

async fn who_watches_and_panics_fails_the_run() {
    let source = then(numbers(u64::MAX, Duration::ZERO), "work", (1, 4), |_| step());
    let calls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&calls);
    let run = Flow(source).into(sink::count()).watch(step(), move |_| {
        counts.fetch_add(1, Ordering::SeqCst);
        panic!("planted")
    });
    let error = run.checked().await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("planted"), "{error}");
    assert!(error.to_string().contains("watch"), "it says where: {error}");
    assert_eq!(calls.load(Ordering::SeqCst), 1, "it isn't called again");
    // Also where it is the last call that panics.
    let run =
        Flow(numbers(3, Duration::ZERO)).into(sink::count()).watch(step() * 1000, |_| panic!("at the end"));
    let error = run.checked().await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("at the end"), "{error}");
}

async fn who_watches_and_is_slow_holds_up_nothing_else() {
    let (go_on, wait) = bounded::<()>(1);
    let source = then(numbers(30, Duration::ZERO), "work", (1, 4), |_| step());
    let last = sink::for_each(move |n: u64| {
        if n == 29 {
            // The last item is here, and the first call has not returned.
            go_on.try_send(()).unwrap();
        }
    });
    let calls = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&calls);
    let run = Flow(source).into(last).watch(step(), move |_| {
        if counts.fetch_add(1, Ordering::SeqCst) == 0 {
            wait.recv_blocking().unwrap();
        }
    });
    run.await;
    assert_eq!(calls.load(Ordering::SeqCst), 2, "the one that was slow, and the last");
}

async fn the_runs_that_go_on_are_listed() {
    list_runs();
    let source = then(numbers(u64::MAX, Duration::ZERO), "work", (1, 4), |_| step());
    let run = Run::drain("listed alone", inherit, source, sink::count()).start();
    // Runs of other tests are listed as well: ours is known by its stage.
    let is_ours = |control: &Control| control.picture().stage("work").is_some();
    let listed = || runs().into_iter().filter(|run| run.name == "listed alone").collect::<Vec<_>>();
    until(|| listed().iter().any(|run| is_ours(&run.control))).await;
    let ours = listed().into_iter().find(|listed| listed.runtime == runtime().name()).expect("it runs here");
    assert!(is_ours(&ours.control));
    ours.control.stop();
    let before = listed().len();
    if before == 1 {
        run.await.unwrap();
        assert!(listed().is_empty(), "it has ended");
    } else {
        run.cancel();
    }
}

async fn every_task_tells_what_it_waits_for() {
    let source = then(numbers(9, Duration::ZERO), "before", (1, 1), |_| Duration::ZERO);
    let run = started(Flow(source).pipe(stage::then(|_: u64| pending::<u64>())).named("stuck").0);
    let control = run.control();
    let told = |line: &str| control.dump().lines().any(|told| told.trim() == line);
    until(|| told("`stuck` waits for its own future") && told("`before` waits for room in its output")).await;
    let dump = control.dump();
    assert!(dump.starts_with(&format!("run `sink` on {}: running", runtime().name())), "{dump}");
    control.picture();
    sleep(step()).await;
    let dump = control.dump();
    assert!(dump.contains("`stuck` waits for its own future, for "), "{dump}");
    run.cancel();
    run.await.unwrap_err();
    assert_eq!(control.dump().lines().count(), 1, "none is left");
}
