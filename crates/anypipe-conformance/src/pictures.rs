//! What a run's pictures show: what each worker does and for how long, and how the stages hang together.
//!
//! Where no sleep is late all times are compared exactly. Elsewhere what is planted differs from the rest by a
//! multiple, and is tried with longer steps where the machine was too busy to keep time; all else follows from the order of
//! things alone.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::option::Named;
use anypipe_core::run::picture::{Edge, RunState, StageKind, StagePicture, WorkerState};
use anypipe_core::run::{Control, Picture, Running, inherit, list_runs, runs};
use anypipe_core::{Run, Source};
use anypipe_stages::{BoxSource, sink, source, stage};

use crate::case::Make;
use crate::growth::costs_the_same;
use crate::tools::{Flow, flow, is_exact, is_virtual, next, runtime, sleep, until};

crate::suite::cases! { ($) pictures as __pictures {
    the_states_of_a_worker_are_its_life(),
    times_are_exact_where_sleeps_are(),
    watching_may_begin_in_the_middle(),
    who_comes_later_is_watched_too(),
    what_computes_is_told_from_what_awaits(),
    the_times_of_a_blocking_stage_are_its_life(),
    what_fails_keeps_its_times(),
    a_run_is_shown_before_during_and_after_it(),
    the_graph_is_shown_as_it_is(),
    a_stream_shows_its_stages(),
    names_are_written_as_each_format_asks_for(),
    a_picture_costs_the_same_for_each_of_many_stages(make),
    an_svg_costs_the_same_for_each_of_many_stages(make),
    a_run_is_watched_to_its_end(),
    who_watches_and_panics_fails_the_run(),
    who_watches_and_is_slow_holds_up_nothing_else(),
    the_runs_that_go_on_are_listed(),
    every_task_tells_what_it_waits_for(),
} }

/// What a test sleeps: short, and long enough that a busy machine doesn't drown it.
pub(crate) fn step() -> Duration {
    if is_virtual() { Duration::from_secs(1) } else { Duration::from_millis(4) }
}

/// Numbers up to so many, each after a pause, where that isn't none.
pub(crate) fn numbers(most: u64, pause: Duration) -> BoxSource<u64> {
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
pub(crate) fn then(
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
pub(crate) fn started(source: impl Source) -> Running<()> {
    Flow(source).into(sink::for_each(drop)).start()
}

/// What lies between two pictures of a run that has gone on for a while, and is cancelled then.
pub(crate) async fn between(run: Running<()>, while_: Duration) -> Picture {
    let control = run.control();
    sleep(while_).await;
    let earlier = control.picture();
    sleep(while_).await;
    let picture = control.picture().since(&earlier);
    run.cancel();
    run.await.unwrap_err();
    picture
}

/// The sentence, where that names these.
pub(crate) fn names_it(picture: &Picture, stages: &[&str]) -> Result<String, String> {
    let found = picture.bottleneck().expect("it was watched for a while");
    if found.stages == stages {
        Ok(found.to_string())
    } else {
        Err(format!("{stages:?} should be named: {found}\n{picture}"))
    }
}

async fn the_states_of_a_worker_are_its_life() {
    let source = then(numbers(u64::MAX, step()), "quick", (1, 2), |_| step() / 4);
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
        let between = after.since(&picture);
        for stage in between.stages.iter().filter(|stage| !stage.workers.is_empty()) {
            let sum = stage.workers.iter().map(|worker| worker.times.total()).sum::<Duration>();
            assert_eq!(stage.times.total(), sum, "also of what lies between two: {between}");
        }
    }
    control.stop();
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
    let picture = between(run, step() * 40).await;
    let (quick, slow) = (picture.stage("quick").unwrap(), picture.stage("slow").unwrap());
    assert_eq!(slow.workers.len(), 1, "{picture}");
    assert_eq!(slow.workers[0].times, slow.times, "it is alone, and has been all that time: {picture}");
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
}

async fn watching_may_begin_in_the_middle() {
    let stuck = flow(source::from_iter(0..1)).pipe(stage::then(|_: u64| pending::<u64>())).named("stuck");
    let run = started(stuck.0);
    let control = run.control();
    sleep(step() * 3).await;
    // This doesn't begin to watch it.
    until(|| control.dump().contains("`stuck` waits for its own future")).await;
    let first = control.picture();
    let worker = &first.stage("stuck").unwrap().workers[0];
    assert_eq!(worker.state, WorkerState::Awaiting, "it has awaited since before it was watched: {first}");
    if is_exact() {
        assert_eq!((worker.lasts, worker.times.total(), first.watched), <_>::default(), "{first}");
    }
    let sink_waits = |picture: &Picture| {
        picture.stages.last().unwrap().workers.iter().any(|worker| worker.state == WorkerState::Input)
    };
    assert!(!is_exact() || sink_waits(&first), "{first}");
    until(|| sink_waits(&control.picture())).await;
    assert_eq!(
        (first.watched, first.stages[1].times.total()),
        <_>::default(),
        "it is watched from here on: {first}"
    );
    assert_eq!(first.bottleneck(), None, "nothing is known yet");
    sleep(step()).await;
    let second = control.picture();
    let worker = &second.stage("stuck").unwrap().workers[0];
    assert!(worker.lasts >= step(), "{second}");
    assert_eq!(worker.lasts, worker.times.awaiting, "{second}");
    // It may have begun late.
    assert!(first.at >= step() * 3 || !is_exact(), "{first}");
    assert!(second.at >= first.at + step(), "{first}{second}");
    run.cancel();
    run.await.unwrap_err();
}

async fn who_comes_later_is_watched_too() {
    let (go_on, wait) = bounded::<()>(1);
    let gate = stage::then(move |n: u64| {
        let wait = wait.clone();
        async move {
            wait.recv().await.unwrap();
            n
        }
    });
    let inner = |n: u64| {
        let stuck = flow(source::from_iter(0..n)).pipe(stage::then(|_: u64| pending::<u64>()));
        BoxSource::new(stuck.named("inner").0)
    };
    let source = flow(source::from_iter(1..2)).pipe(gate).named("gate");
    let run = started(source.pipe(stage::flat_map_stream(inner, 2)).0);
    let control = run.control();
    until(|| control.dump().contains("`gate` waits for its own future")).await;
    assert!(control.picture().stage("inner").is_none(), "it has not come");
    go_on.send(()).await.unwrap();
    let awaits = |picture: &Picture| {
        let workers = picture.stage("inner").map(|inner| inner.workers.clone()).unwrap_or_default();
        workers.iter().any(|worker| worker.state == WorkerState::Awaiting)
    };
    until(|| awaits(&control.picture())).await;
    sleep(step()).await;
    let picture = control.picture();
    let inner = picture.stage("inner").unwrap();
    assert!(inner.times.awaiting >= step(), "{picture}");
    assert!(inner.times.total() <= picture.watched, "{picture}");
    run.cancel();
    run.await.unwrap_err();
}

/// Work that takes the thread it runs on.
#[expect(clippy::disallowed_methods, reason = "work that blocks its thread")]
fn work(n: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(2));
    n
}

async fn what_computes_is_told_from_what_awaits() {
    let (go_on, wait) = bounded::<()>(1);
    let computes = stage::then(move |n: u64| {
        let wait = wait.clone();
        async move {
            wait.recv().await.unwrap();
            work(n)
        }
    });
    let run = started(flow(source::from_iter(0..1)).pipe(computes).named("computes").0);
    let control = run.control();
    until(|| control.dump().contains("`computes` waits for its own future")).await;
    control.picture();
    go_on.send(()).await.unwrap();
    run.await.unwrap();
    let picture = control.picture();
    let times = picture.stage("computes").unwrap().times;
    if is_virtual() {
        // Whatever it does takes no time there.
        assert_eq!(times.total(), Duration::ZERO, "{picture}");
    } else {
        assert!(times.polling >= Duration::from_millis(2), "{times:?}\n{picture}");
    }
}

async fn the_times_of_a_blocking_stage_are_its_life() {
    let blocks = stage::map(work);
    let source = numbers(u64::MAX, step() / 4);
    let run = started(Flow(source).pipe(blocks).blocking().workers(2).named("blocks").0);
    let control = run.control();
    until(|| control.picture().stage("blocks").is_some_and(|blocks| blocks.workers.len() == 2)).await;
    let before = control.picture();
    until(|| control.picture().stage("blocks").unwrap().taken >= Some(10)).await;
    sleep(step()).await;
    let picture = control.picture();
    let blocks = picture.stage("blocks").unwrap();
    assert!(blocks.blocks && !picture.stages[0].blocks, "{picture}");
    let sum = blocks.workers.iter().map(|worker| worker.times.total()).sum::<Duration>();
    assert_eq!(blocks.times.total(), sum, "{picture}");
    if is_exact() {
        assert_eq!(sum, picture.watched * 2, "{picture}");
    }
    control.stop();
    run.await.unwrap();
    let after = control.picture();
    let blocks = after.stage("blocks").unwrap();
    let done = blocks.delivered.unwrap() - before.stage("blocks").unwrap().taken.unwrap();
    if !is_virtual() {
        // A job that runs is work of the stage, wherever its thread is.
        let least = Duration::from_millis(2) * u32::try_from(done).unwrap();
        assert!(blocks.times.polling >= least, "{least:?} at least: {:?}\n{after}", blocks.times);
    }
    let interval = after.since(&picture);
    let ended = interval.stage("blocks").unwrap();
    assert_eq!(
        ended.times.total() + sum,
        blocks.times.total(),
        "what has ended is in the difference: {interval}"
    );
}

async fn what_fails_keeps_its_times() {
    let source = then(numbers(100, Duration::ZERO), "before", (2, 4), |_| step());
    let (go_on, seen) = bounded::<()>(1);
    let bad = stage::then(move |n: u64| {
        let seen = seen.clone();
        async move {
            sleep(step()).await;
            if n == 4 {
                seen.recv().await.unwrap();
                panic!("planted");
            }
            n
        }
    });
    let run = started(Flow(source).pipe(bad).named("bad").0);
    let control = run.control();
    until(|| control.picture().stage("bad").is_some_and(|bad| !bad.workers.is_empty())).await;
    go_on.send(()).await.unwrap();
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

async fn a_stream_shows_its_stages() {
    let mut stream = Flow(then(numbers(6, Duration::ZERO), "work", (1, 1), |_| step())).stream();
    let control = stream.control();
    assert_eq!(control.picture().state, RunState::Planned);
    assert_eq!(next(&mut stream).await, Some(0));
    let picture = control.picture();
    assert_eq!(picture.state, RunState::Running, "{picture}");
    let ends = BTreeSet::from([("source", "work"), ("work", "into_stream")]);
    assert_eq!(ways(&picture), ends, "{picture}");
    // Who reads it is its sink, and at work until it asks for more.
    let reader = picture.stages.last().unwrap();
    assert_eq!((reader.kind, reader.taken), (StageKind::Sink, Some(1)), "{picture}");
    assert_eq!(reader.workers[0].state, WorkerState::Awaiting, "{picture}");
    let work = picture.stage("work").unwrap();
    assert_eq!((work.workers.len(), work.delivered), (1, Some(1)), "{picture}");
    // What it has finished waits for its reader.
    let room = |picture: &Picture| picture.stages[1].workers.iter().any(|at| at.state == WorkerState::Room);
    until(|| room(&control.picture())).await;
    while next(&mut stream).await.is_some() {}
    let ended = control.picture();
    let work = ended.stage("work").unwrap();
    assert_eq!((ended.state, work.workers.len()), (RunState::Ended, 0), "{ended}");
    assert_eq!((work.taken, work.delivered), (Some(6), Some(6)), "{ended}");
    if is_exact() {
        assert_eq!(work.times.total(), ended.watched, "{ended}");
    }
    // One that is let go of in the middle.
    let mut stream = Flow(then(numbers(6, Duration::ZERO), "work", (1, 1), |_| step())).stream();
    let control = stream.control();
    assert_eq!(next(&mut stream).await, Some(0));
    drop(stream);
    until(|| control.picture().stage("work").unwrap().workers.is_empty()).await;
    assert_eq!(control.picture().state, RunState::Ended);
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
            // The last stage is known before its task is.
            until(|| control.picture().stages.len() > stages && control.dump().lines().count() > stages)
                .await;
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

/// A way like this one, elsewhere.
fn between_places(mut edge: Edge, from: usize, to: usize) -> Edge {
    (edge.from, edge.to) = (from, to);
    edge
}

fn an_svg_costs_the_same_for_each_of_many_stages(make: Make<'_>) {
    let pictures = if make().handle().name() == "sim" { 4000 } else { 16_000 };
    costs_the_same(make, 10, 1000, move |stages| {
        Box::pin(async move {
            let run = started(then(numbers(1, Duration::ZERO), "one", (1, 1), |_| Duration::ZERO));
            let control = run.control();
            run.await.unwrap();
            let mut picture = control.picture();
            let edge = picture.edges[0];
            picture.stages = (0..stages).map(|_| StagePicture::default()).collect();
            // A line of which each also leads elsewhere, and which is a loop in the end.
            let ways = (0..stages).flat_map(|at| [(at, (at + 1) % stages), (at, (at * 7 + 3) % stages)]);
            picture.edges = ways.map(|(from, to)| between_places(edge, from, to)).collect();
            for _ in 0..pictures / stages {
                let svg = picture.svg();
                assert_eq!(svg.matches("<rect").count(), stages);
                assert_eq!(svg.matches("<path d=\"M").count(), 2 * stages + 1);
            }
        })
    });
}

async fn a_run_is_watched_to_its_end() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let to_stop = Arc::new(OnceLock::<Control>::new());
    let stops = Arc::clone(&to_stop);
    let source = then(numbers(u64::MAX, Duration::ZERO), "work", (2, 4), |_| step());
    let run = Flow(source).into(sink::count()).watch(step() * 4, move |picture| {
        let mut seen = sees.lock().unwrap();
        seen.push(picture);
        if seen.len() == 3 {
            stops.get().unwrap().stop();
        }
    });
    let control = run.control();
    to_stop.set(control.clone()).unwrap();
    let count = run.await;
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.len() > 3, "{} pictures", seen.len());
    let last = seen.last().unwrap();
    assert_eq!(last.state, RunState::Ended, "{last}");
    let given = seen
        .iter()
        .map(|picture| picture.stage("work").map_or(0, |work| work.delivered.unwrap()))
        .sum::<u64>();
    assert_eq!(given, u64::try_from(count).unwrap(), "each picture tells of what came since the one before");
    let watched = seen.iter().map(|picture| picture.watched).sum::<Duration>();
    assert_eq!(watched, control.picture().watched, "and of no more time than that");
    if is_exact() {
        assert_eq!(seen.len(), 4, "after 4, 8 and 12 steps, and at the end");
        names_it(&seen[1], &["work"]).unwrap();
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
    let to_stop = Arc::new(OnceLock::<Control>::new());
    let stops = Arc::clone(&to_stop);
    let calls = Arc::new(AtomicUsize::new(0));
    let (counts, begun) = (Arc::clone(&calls), Arc::clone(&calls));
    let source = then(numbers(u64::MAX, Duration::ZERO), "work", (1, 4), |_| step());
    let meanwhile = AtomicUsize::new(0);
    let last = sink::for_each(move |_: u64| {
        // So many items come while the first call has not returned.
        let comes_meanwhile = begun.load(Ordering::SeqCst) == 1;
        if comes_meanwhile && meanwhile.fetch_add(1, Ordering::SeqCst) == 20 {
            stops.get().unwrap().stop();
            go_on.try_send(()).unwrap();
        }
    });
    let run = Flow(source).into(last).watch(step(), move |_| {
        if counts.fetch_add(1, Ordering::SeqCst) == 0 {
            wait.recv_blocking().unwrap();
        }
    });
    to_stop.set(run.control()).unwrap();
    run.await;
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls >= 2, "the one that was slow, and the last: {calls}");
}

async fn the_runs_that_go_on_are_listed() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    list_runs();
    // Runs of other tests are listed as well: ours is known by its stage.
    let name = format!("work {}", STARTED.fetch_add(1, Ordering::SeqCst));
    let work = stage::then(async |n: u64| {
        sleep(step()).await;
        n
    });
    let source = Named::named(flow(source::from_iter(0..u64::MAX)).pipe(work).0, name.clone().into());
    let run = Run::drain("listed alone", inherit, source, sink::count()).start();
    let ours = || {
        let is_ours = |control: &Control| control.picture().stage(&name).is_some();
        runs().into_iter().find(|run| run.name == "listed alone" && is_ours(&run.control))
    };
    until(|| ours().is_some()).await;
    let listed = ours().unwrap();
    assert_eq!(listed.runtime, runtime().name());
    listed.control.stop();
    run.await.unwrap();
    assert!(ours().is_none() && runs().iter().all(|run| run.number != listed.number), "it has ended");
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
    // What has ended while others go on isn't told either.
    let source = then(numbers(1, Duration::ZERO), "before", (2, 1), |_| Duration::ZERO);
    let run = started(Flow(source).pipe(stage::then(|_: u64| pending::<u64>())).named("stuck").0);
    let control = run.control();
    until(|| {
        let dump = control.dump();
        dump.contains("`stuck` waits for its own future") && !dump.contains("`before`")
    })
    .await;
    run.cancel();
    run.await.unwrap_err();
}
