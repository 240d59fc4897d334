//! Stages that have as many workers as are worth having.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::Holds;
use anypipe_core::run::ChangeReason;
use anypipe_stages::{sink, source, stage};

use crate::resizing::{found, shown, told};
use crate::tools::{flow, is_virtual, panic_of, runtime, sleep, unit, until};

crate::suite::cases! { ($) auto as __auto {
    auto_finds_more_workers_where_they_do_more(),
    auto_takes_fewer_where_they_wait(),
    auto_gives_work_that_computes_no_more_workers_than_cores(),
    auto_is_told_a_range_that_makes_sense(),
} }

async fn auto_finds_more_workers_where_they_do_more() {
    let work = stage::then(async |item: u64| {
        sleep(Duration::from_millis(5)).await;
        item
    });
    let got = Arc::new(Mutex::new(Vec::new()));
    let gets = Arc::clone(&got);
    let run = flow(source::from_iter(0..)).pipe(work).auto(1..=24).buffer_size(4).named("work");
    let running = run.into(sink::for_each(move |item: u64| gets.lock().unwrap().push(item))).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    assert_eq!(stage.workers(), 1);
    // Half of what it is in the end: how soon is a matter of the machine.
    until(|| stage.workers() >= 12).await;
    let changes = stage.changes();
    assert!(changes.len() >= 4 && changes.iter().all(|change| (1..=24).contains(&change.to)), "{changes:?}");
    assert!(
        changes.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].at <= pair[1].at),
        "{changes:?}"
    );
    let of_control =
        || stage.changes().iter().map(|change| (change.from, change.to, change.why)).collect::<Vec<_>>();
    // Between the two looks it may have changed again.
    until(|| told(&shown(&control)) == of_control()).await;
    let doubled = shown(&control).changes.iter().any(|change| change.why == ChangeReason::Doubling);
    assert!(doubled || changes.len() == 16, "{}", control.picture());
    // Who says how many there are to be ends it.
    stage.set_workers(2).unwrap();
    until(|| stage.workers() == 2).await;
    let changes = stage.changes();
    assert_eq!(changes.last().map(|last| (last.to, last.why)), Some((2, ChangeReason::Asked)), "{changes:?}");
    sleep(unit() * 50).await;
    assert_eq!((stage.workers(), stage.changes()), (2, changes));
    control.stop();
    running.await.unwrap();
    let got = got.lock().unwrap();
    assert!(got.iter().copied().eq(0..got.len() as u64), "in order, and each once");
}

async fn auto_takes_fewer_where_they_wait() {
    // One item at a time comes, and is done before the next.
    let work = stage::then(async |item: u64| {
        sleep(Duration::from_millis(1)).await;
        item
    });
    let input = stage::then(async |item: u64| {
        sleep(Duration::from_millis(8)).await;
        item
    });
    let run = flow(source::from_iter(0..)).pipe(input).rendezvous().pipe(work).auto(2..=9).named("work");
    let running = run.into(sink::for_each(drop::<u64>)).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    sleep(Duration::from_secs(1)).await;
    // It never held up anybody.
    assert_eq!((stage.workers(), stage.changes()), (2, Vec::new()));
    control.stop();
    running.await.unwrap();
}

async fn auto_gives_work_that_computes_no_more_workers_than_cores() {
    if is_virtual() {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let work = stage::then(async |item: u64| {
        let clock = runtime();
        let began = clock.now();
        while clock.now() - began < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        item
    });
    let run = flow(source::from_iter(0..)).pipe(work).auto(1..=24).named("work");
    let running = run.into(sink::for_each(drop::<u64>)).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    // Long enough for several steps. What it did in the first says nothing on a busy machine.
    sleep(Duration::from_millis(1500)).await;
    let (workers, changes) = (stage.workers(), stage.changes());
    assert!(workers <= cores, "{workers} > {cores}: {changes:?}");
    assert!(changes.iter().skip(2).all(|change| change.to <= cores), "{cores}: {changes:?}");
    control.stop();
    running.await.unwrap();
}

async fn auto_is_told_a_range_that_makes_sense() {
    use anypipe_core::drive::{Boundary, WorkerCount, auto};
    let refused = |range| panic_of(|| auto(range).apply(Boundary::new("fetch"))).unwrap();
    assert_eq!(refused(0..=3), "`auto(0..=3)`: stage `fetch` needs at least one worker");
    assert!(refused(1..=1 << 21).starts_with("`auto(2097152)`: each worker of stage `fetch` is a task"));
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let text = refused(5..=4);
    assert_eq!(text, "`auto(5..=4)`: there is no number of workers for stage `fetch` in this range");
    assert_eq!(auto(2..=9).apply(Boundary::new("fetch")).holds(), Holds::at_most(9 + 64));
    // As many as there may be at the least: nothing is watched.
    let run = flow(source::from_iter(0..9)).pipe(stage::then(async |item: u64| item)).auto(3..=3);
    assert_eq!(run.collect().await, (0..9).collect::<Vec<_>>());
}
