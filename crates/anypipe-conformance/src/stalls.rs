//! Whom a run that warns of stalls tells of: the stage that is stuck, once where that begins and once where it is over, and
//! nobody who only waits.
//!
//! Virtual time is exact. Elsewhere the limits are short, and that nothing is told is asked of what no slow machine can
//! bring about.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::channel::bounded;
use anypipe_core::run::picture::Reason;
use anypipe_core::run::{Control, Running, Stall};
use anypipe_stages::{sink, source, stage};

use crate::tools::{Flow, flow, is_exact, is_virtual, panic_of, sleep, until};

crate::suite::cases! { ($) stalls as __stalls {
    what_is_stuck_is_told_once_and_when_it_is_over(),
    one_of_many_workers_is_told(),
    what_is_polled_and_gets_nowhere_is_told(),
    what_is_polled_and_gets_nowhere_is_the_bottleneck(),
    who_waited_before_is_not_stuck_yet(),
    a_sink_that_is_stuck_is_told(),
    the_end_of_the_run_is_the_end_of_a_stall(),
    a_source_that_awaits_is_no_stall(),
    what_is_slow_and_goes_on_is_no_stall(),
    nothing_is_told_in_a_pause(),
    no_time_at_all_is_refused(),
} }

/// After how long a stage is stuck.
fn limit() -> Duration {
    if is_virtual() { Duration::from_secs(40) } else { Duration::from_millis(80) }
}

/// What was told, in its order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Stall>>>);

impl Heard {
    fn all(&self) -> Vec<Stall> {
        self.0.lock().unwrap().clone()
    }

    /// The stages that were told of, in their order, each with whether that was the end.
    fn stages(&self) -> Vec<(String, bool)> {
        self.all().into_iter().map(|stall| (stall.stage, stall.is_over)).collect()
    }

    #[track_caller]
    fn are(&self, wanted: &[(&str, bool)]) {
        let heard = self.stages();
        let heard: Vec<_> = heard.iter().map(|(stage, is_over)| (&**stage, *is_over)).collect();
        assert_eq!(heard, wanted, "{:?}", self.all());
    }
}

/// Starts a run that warns.
fn warned<T: Send + 'static>(run: Run<T>) -> (Running<T>, Control, Heard) {
    let heard = Heard::default();
    let told = heard.clone();
    let run = run.warn_stalls(limit(), move |stall| told.0.lock().unwrap().push(stall));
    let control = run.control();
    (run.start(), control, heard)
}

/// Passes items on, but for the fourth, which takes so many limits.
fn stuck_at_the_fourth(
    limits: u32,
) -> impl Fn(u64) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send>> + Clone {
    move |n: u64| {
        Box::pin(async move {
            if n == 3 {
                sleep(limit() * limits).await;
            }
            n
        })
    }
}

async fn what_is_stuck_is_told_once_and_when_it_is_over() {
    // What is before it waits for room, and what is behind it for input: for much longer than the limit, too.
    let source = flow(source::from_iter(0..20))
        .pipe(stage::then(|n: u64| async move { n }))
        .named("before")
        .buffer_size(1);
    let source = source.pipe(stage::then(stuck_at_the_fourth(10))).named("stuck").buffer_size(1);
    let source = source.pipe(stage::then(|n: u64| async move { n })).named("behind");
    let (run, _, heard) = warned(source.into(sink::collect::<Vec<_>>()));
    assert_eq!(run.await.unwrap().len(), 20);
    heard.are(&[("stuck", false), ("stuck", true)]);
    let all = heard.all();
    assert!(all[0].lasts >= limit() && all[1].lasts >= limit() * 9, "{all:?}");
    assert!(all[0].tasks.starts_with("  `stuck` waits for its own future, for "), "{all:?}");
    assert_eq!(all[0].tasks.lines().count(), 1, "{all:?}");
    assert!(all[0].to_string().starts_with("stage `stuck` is stuck: in its own code for "), "{}", all[0]);
    assert!(all[1].to_string().starts_with("stage `stuck` is stuck no more, after "), "{}", all[1]);
    if is_exact() {
        // It is stuck from the beginning, and is looked at when that is as long ago as the limit; its end is seen within a look.
        assert_eq!(all[0].lasts, limit(), "{all:?}");
        assert!(all[1].lasts <= limit() * 41 / 4, "{all:?}");
    }
}

async fn one_of_many_workers_is_told() {
    let work = |n: u64| async move {
        sleep(if n == 3 { limit() * 6 } else { limit() / 8 }).await;
        n
    };
    let source =
        flow(source::from_iter(0..40)).pipe(stage::then(work)).named("several").workers(4).unordered();
    let (run, _, heard) = warned(source.into(sink::collect::<Vec<_>>()));
    assert_eq!(run.await.unwrap().len(), 40);
    // Others go on beside it: one that is polled for no reason may seem to go on, too.
    let stages = heard.stages();
    assert!(!stages.is_empty() && stages.len() % 2 == 0, "{stages:?}");
    for (at, told) in stages.iter().enumerate() {
        assert_eq!(*told, ("several".to_owned(), at % 2 == 1), "{stages:?}");
    }
}

async fn what_is_polled_and_gets_nowhere_is_told() {
    let work = |n: u64| async move {
        // As what looks again and again whether something has come.
        for _ in 0..80 {
            sleep(limit() / 10).await;
        }
        n
    };
    let source = flow(source::from_iter(0..1)).pipe(stage::then(work)).named("looks");
    let (run, _, heard) = warned(source.into(sink::count()));
    assert_eq!(run.await.unwrap(), 1);
    heard.are(&[("looks", false), ("looks", true)]);
}

/// Is woken again and again, for ever.
async fn gets_nowhere<T>() -> T {
    loop {
        sleep(limit() / 10).await;
    }
}

/// How long a run is looked at: on a virtual clock for an hour.
fn hour() -> Duration {
    limit() * if is_virtual() { 90 } else { 2 }
}

async fn what_is_polled_and_gets_nowhere_is_the_bottleneck() {
    for in_sink in [false, true] {
        let before = flow(source::from_iter(0..1)).pipe(stage::then(async |n: u64| n)).named("before");
        let running = if in_sink {
            before.into(sink::for_each_async(async |_: u64| gets_nowhere::<()>().await)).start()
        } else {
            let stuck = before.pipe(stage::then(async |_: u64| gets_nowhere::<u64>().await)).named("stuck");
            stuck.into(sink::for_each(drop::<u64>)).start()
        };
        let control = running.control();
        let stuck = if in_sink { "sink" } else { "stuck" };
        until(|| control.picture().stage(stuck).is_some_and(|stuck| stuck.taken == Some(1))).await;
        let earlier = control.picture();
        sleep(hour()).await;
        let between = control.picture().since(&earlier);
        let found = between.bottleneck_with(limit()).expect("it is stuck");
        assert_eq!(found.stages, [stuck], "{found}: {between}");
        let Reason::Stalled { lasts, .. } = found.reason else { panic!("{found}: {between}") };
        assert!(lasts >= hour(), "{found}: {between}");
        control.cancel();
        running.await.unwrap_err();
    }
}

async fn who_waited_before_is_not_stuck_yet() {
    if !is_virtual() {
        // Where time passes by itself it may be stuck before anybody looks.
        return;
    }
    // It has begun with its first item, which it doesn't give before it is told to; so it has counted nothing.
    let (go, goes) = bounded::<()>(1);
    let begun = Arc::new(AtomicBool::new(false));
    let begins = Arc::clone(&begun);
    let late = source::unfold(false, async |over: bool| {
        sleep(limit() * 2).await;
        (!over).then_some((1_u64, true))
    });
    let work = stage::map(move |n: u64| {
        begins.store(true, Ordering::SeqCst);
        goes.recv_blocking().unwrap();
        n
    });
    let run = flow(late).pipe(work).blocking().named("work").into(sink::count());
    let running = run.start();
    let control = running.control();
    sleep(Duration::from_millis(1)).await;
    let earlier = control.picture();
    until(|| begun.load(Ordering::SeqCst)).await;
    let between = control.picture().since(&earlier);
    assert!(between.watched > limit() && between.stage("work").unwrap().taken == Some(0), "{between}");
    let found = between.bottleneck_with(limit());
    let is_stalled = found.as_ref().is_some_and(|found| matches!(found.reason, Reason::Stalled { .. }));
    assert!(!is_stalled, "{found:?}: {between}");
    go.send(()).await.unwrap();
    assert_eq!(running.await.unwrap(), 1);
}

async fn a_sink_that_is_stuck_is_told() {
    let source = flow(source::from_iter(0..9))
        .pipe(stage::then(|n: u64| async move { n }))
        .named("before")
        .buffer_size(1);
    let take = |n: u64| async move {
        if n == 3 {
            sleep(limit() * 6).await;
        }
    };
    let (run, control, heard) = warned(source.into(sink::for_each_async(take)));
    run.await.unwrap();
    let sink = control.picture().stages.last().unwrap().name.clone();
    heard.are(&[(&*sink, false), (&*sink, true)]);
    assert!(heard.all()[0].tasks.starts_with(&format!("  `{sink}` ")), "{:?}", heard.all());
}

async fn the_end_of_the_run_is_the_end_of_a_stall() {
    let source = flow(source::from_iter(0..9)).pipe(stage::then(|_: u64| pending::<u64>())).named("stuck");
    let (run, control, heard) = warned(source.into(sink::count()));
    until(|| !heard.all().is_empty()).await;
    control.cancel();
    run.await.unwrap_err();
    heard.are(&[("stuck", false), ("stuck", true)]);
}

async fn a_source_that_awaits_is_no_stall() {
    let next = |n: u64| async move {
        sleep(limit() * 4).await;
        (n < 2).then_some((n, n + 1))
    };
    let source = flow(source::unfold(0, next)).pipe(stage::then(|n: u64| async move { n })).named("behind");
    let (run, _, heard) = warned(source.into(sink::count()));
    assert_eq!(run.await.unwrap(), 2);
    heard.are(&[]);

    // Nor is one with a task of its own.
    let sends = source::from_fn(|sender| async move {
        for n in 0..2_u64 {
            sleep(limit() * 4).await;
            if sender.send(n).await.is_err() {
                return;
            }
        }
    });
    let source = flow(sends).pipe(stage::then(|n: u64| async move { n })).named("behind");
    let (run, _, heard) = warned(source.into(sink::count()));
    assert_eq!(run.await.unwrap(), 2);
    heard.are(&[]);
}

async fn what_is_slow_and_goes_on_is_no_stall() {
    if !is_exact() {
        // Where sleeps are late it may well be stuck.
        return;
    }
    let work = |n: u64| async move {
        sleep(limit() / 2).await;
        n
    };
    let source = flow(source::from_iter(0..20)).pipe(stage::then(work)).named("slow");
    let (run, _, heard) = warned(source.into(sink::count()));
    assert_eq!(run.await.unwrap(), 20);
    heard.are(&[]);
}

async fn nothing_is_told_in_a_pause() {
    let source =
        flow(source::from_iter(0..9)).pipe(stage::then(stuck_at_the_fourth(8))).named("stuck").buffer_size(1);
    let (run, control, heard) = warned(source.into(sink::collect::<Vec<_>>()));
    let is_stuck = || control.picture().stage("stuck").is_some_and(|stuck| stuck.taken >= Some(4));
    until(is_stuck).await;
    control.pause();
    sleep(limit() * 4).await;
    if is_virtual() {
        heard.are(&[]);
    }
    control.resume();
    assert_eq!(run.await.unwrap().len(), 9);
    heard.are(&[("stuck", false), ("stuck", true)]);
}

async fn no_time_at_all_is_refused() {
    let run = || Flow(source::from_iter(0..1_u64)).into(sink::count()).warn_stalls(Duration::ZERO, drop);
    let panic = panic_of(|| drop(run())).expect("it is refused");
    assert!(panic.contains("`.warn_stalls(after, ..)`"), "{panic}");
}
