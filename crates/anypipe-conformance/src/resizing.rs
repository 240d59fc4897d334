//! Stages that get other workers, and another buffer, while they run.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::run::picture::{Changed, StagePicture};
use anypipe_core::run::{ChangeReason, Control, ResizeError, StageControl};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Holds};
use anypipe_stages::{sink, source, stage};

use crate::registry::{Census, Item};
use crate::resizing_at_random::Watch;
use crate::tools::{
    Dropped, Tells, flow, is_exact, is_virtual, panic_of, runtime, settle, sleep, unit, until,
};

crate::suite::cases! { ($) resizing as __resizing {
    more_workers_work_at_the_same_time(),
    more_workers_of_keyed_items_keep_the_order_of_each_key(),
    fewer_workers_work_once_they_are_fewer(),
    a_worker_that_is_let_go_drops_its_state(),
    a_worker_that_is_let_go_and_panics_fails_the_run(),
    work_that_was_given_up_is_waited_for_by_a_worker_that_is_let_go(),
    a_buffer_gets_room_and_loses_it(),
    what_was_taken_out_before_it_is_room_again(),
    in_a_pause_it_is_done_at_once(),
    what_cant_be_resized_says_why(),
    a_picture_follows_a_resize(),
    a_resize_that_changes_nothing_is_no_event(),
} }

/// The stage of this name, once it is there.
pub(crate) async fn found(control: &Control, name: &str) -> StageControl {
    until(|| control.stage(name).is_ok()).await;
    control.stage(name).unwrap()
}

/// Work that goes on once so many are in it at the same time.
#[derive(Clone)]
struct Gathering {
    present: Arc<AtomicUsize>,
    all: CancelToken,
    awaited: usize,
}

impl Gathering {
    fn of(awaited: usize) -> Self {
        Self { present: Arc::default(), all: CancelToken::new(), awaited }
    }

    async fn meet(&self) {
        if self.present.fetch_add(1, Ordering::SeqCst) + 1 == self.awaited {
            self.all.cancel();
        }
        self.all.cancelled().await;
    }
}

async fn more_workers_work_at_the_same_time() {
    // The first items wait for as many as there are to be: they are in the middle of their work when others come.
    macro_rules! try_stage {
        ($($stage:expr $(, $option:ident($($given:expr),*))*;)+) => {$({
            for many in [3, 5, 16] {
                let meets = Gathering::of(many);
                let awaited = meets.clone();
                let work = move |item: u64| {
                    let meets = awaited.clone();
                    async move {
                        meets.meet().await;
                        item
                    }
                };
                let run = flow(source::from_iter(0..40)).pipe($stage(work))$(.$option($($given),*))*.named("work");
                let running = run.collect().start();
                let stage = found(&running.control(), "work").await;
                until(|| meets.present.load(Ordering::SeqCst) > 0).await;
                settle().await;
                stage.set_workers(many).unwrap();
                until(|| stage.workers() == many || meets.all.is_cancelled()).await;
                let mut got = running.await.unwrap();
                got.sort_unstable();
                assert_eq!(got, (0..40).collect::<Vec<_>>(), "{}", stringify!($($option)*));
            }
        })+};
    }
    try_stage! {
        stage::then;
        stage::then, workers(2);
        stage::then, unordered();
        stage::then, buffer_size(1);
        stage::then, rendezvous();
        stage::then, workers(2), rendezvous();
        stage::then, buffer_weight(2, |_: &u64| 1);
        stage::then, workers(2), keyed(|item: &u64| *item);
    }
    // Each with a state of its own.
    let (meets, states) = (Gathering::of(4), Dropped::new());
    let (awaited, makes) = (meets.clone(), states.clone());
    let init = move || std::future::ready((makes.tells(), awaited.clone()));
    let work = stage::then_with(init, async |(_, meets): &mut (Tells, Gathering), item: u64| {
        meets.meet().await;
        item
    });
    let running = flow(source::from_iter(0..9)).pipe(work).named("work").collect().start();
    let stage = found(&running.control(), "work").await;
    stage.set_workers(4).unwrap();
    assert_eq!(running.await.unwrap(), (0..9).collect::<Vec<_>>());
    assert_eq!((states.count(), states.live()), (4, 0));
    // On threads: the one that blocks hears of it when its item is done.
    let (all, first) = (Arc::new(std::sync::Barrier::new(3)), Arc::new(AtomicBool::new(false)));
    let goes_on = Arc::clone(&first);
    if !is_virtual() {
        let work = stage::map(move |item: u64| {
            if item == 0 {
                while !goes_on.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            } else if item <= 3 {
                all.wait();
            }
            item
        });
        let running = flow(source::from_iter(0..9)).pipe(work).blocking().named("work").collect().start();
        let stage = found(&running.control(), "work").await;
        stage.set_workers(3).unwrap();
        first.store(true, Ordering::SeqCst);
        assert_eq!(running.await.unwrap(), (0..9).collect::<Vec<_>>());
    }
}

async fn more_workers_of_keyed_items_keep_the_order_of_each_key() {
    // The one that is there alone has an item of a key that nobody knows: those behind it wait for that.
    let (first, begun) = (CancelToken::new(), Arc::new(Mutex::new(Vec::new())));
    let (waits, begins) = (first.clone(), Arc::clone(&begun));
    let work = stage::then(move |item: u64| {
        let (waits, begins) = (waits.clone(), Arc::clone(&begins));
        async move {
            begins.lock().unwrap().push(item);
            if item == 0 {
                waits.cancelled().await;
            }
            item
        }
    });
    let run = flow(source::from_iter(0..6)).pipe(work).keyed(|item: &u64| item % 2).named("work");
    let running = run.collect().start();
    let stage = found(&running.control(), "work").await;
    until(|| !begun.lock().unwrap().is_empty()).await;
    stage.set_workers(3).unwrap();
    settle().await;
    assert_eq!(*begun.lock().unwrap(), [0]);
    first.cancel();
    until(|| stage.workers() != 1).await;
    let got = running.await.unwrap();
    let of_key = |key| got.iter().copied().filter(move |item| item % 2 == key).collect::<Vec<_>>();
    assert_eq!((of_key(0), of_key(1)), (vec![0, 2, 4], vec![1, 3, 5]));
}

async fn fewer_workers_work_once_they_are_fewer() {
    for (from, to) in [(8, 3), (8, 1), (2, 1), (3, 2)] {
        let watch = Arc::new(Watch::default());
        let census = Census::new();
        let makes = census.clone();
        let input = flow(source::from_iter((0..).map(move |value| makes.item(value))));
        let works = Arc::clone(&watch);
        let work = stage::then(move |item: Item| Arc::clone(&works).work(item)).clone();
        let running = input
            .pipe(work)
            .workers(from)
            .buffer_size(4)
            .named("work")
            .into(sink::for_each(drop::<Item>))
            .start();
        let control = running.control();
        let stage = found(&control, "work").await;
        until(|| watch.most_inside.load(Ordering::SeqCst) >= from.min(2)).await;
        assert_eq!((stage.workers(), stage.max_in_flight()), (from, Holds::at_most(from + 4)));
        stage.set_workers(to).unwrap();
        until(|| stage.workers() == to && stage.max_in_flight() == Holds::at_most(to + 4)).await;
        watch.most_inside.store(0, Ordering::SeqCst);
        let begun = watch.begun.load(Ordering::SeqCst);
        until(|| watch.begun.load(Ordering::SeqCst) > begun + 50).await;
        assert!(
            watch.most_inside.load(Ordering::SeqCst) <= to,
            "{} > {to}",
            watch.most_inside.load(Ordering::SeqCst)
        );
        control.stop();
        running.await.unwrap();
        assert_eq!(stage.set_workers(5), Err(ResizeError::Ended { stage: "work".to_owned() }));
    }
}

async fn a_worker_that_is_let_go_drops_its_state() {
    let states = Dropped::new();
    let makes = states.clone();
    let init = move || std::future::ready(makes.tells());
    let work = stage::then_with(init, async |_: &mut _, item: Item| {
        sleep(Duration::from_micros(100)).await;
        item
    });
    let census = Census::new();
    let makes = census.clone();
    let input = flow(source::from_iter((0..).map(move |value| makes.item(value))));
    let running =
        input.pipe(work).workers(4).rendezvous().named("work").into(sink::for_each(drop::<Item>)).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    until(|| states.live() == 4).await;
    stage.set_workers(1).unwrap();
    until(|| stage.workers() == 1).await;
    assert_eq!((states.live(), states.count()), (1, 3));
    stage.set_workers(3).unwrap();
    until(|| states.live() == 3).await;
    control.stop();
    running.await.unwrap();
    assert_eq!(states.live(), 0);
}

async fn a_worker_that_is_let_go_and_panics_fails_the_run() {
    struct Bomb(Arc<AtomicBool>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(self.0.load(Ordering::SeqCst) || std::thread::panicking(), "it won't go");
        }
    }
    let quiet = Arc::new(AtomicBool::new(true));
    let bombs = Arc::clone(&quiet);
    let work = stage::then_with(
        move || std::future::ready(Bomb(Arc::clone(&bombs))),
        async |_: &mut _, item: u64| {
            sleep(Duration::from_micros(100)).await;
            item
        },
    );
    let got = Arc::new(AtomicUsize::new(0));
    let gets = Arc::clone(&got);
    let count = sink::for_each(move |_: u64| _ = gets.fetch_add(1, Ordering::SeqCst));
    let running = flow(source::from_iter(0..)).pipe(work).workers(3).named("work").into(count).start();
    let stage = found(&running.control(), "work").await;
    until(|| got.load(Ordering::SeqCst) > 20).await;
    quiet.store(false, Ordering::SeqCst);
    stage.set_workers(1).unwrap();
    let error = running.await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("work")));
    assert!(error.to_string().contains("it won't go"), "{error}");
}

async fn work_that_was_given_up_is_waited_for_by_a_worker_that_is_let_go() {
    use anypipe_stages::option::TimeoutEach;
    if is_virtual() {
        return;
    }
    // As much runs as there are workers, what was given up among it.
    let (goes_on, inside) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (waits, counts) = (Arc::clone(&goes_on), Arc::clone(&inside));
    let work = stage::map(move |item: u64| {
        counts.fetch_add(1, Ordering::SeqCst);
        while !waits.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        counts.fetch_sub(1, Ordering::SeqCst);
        item
    });
    let run =
        flow(source::from_iter(0..)).pipe(work).blocking().workers(2).wrap(TimeoutEach { limit: unit() });
    let running = run.named("work").into(sink::for_each(|_| ())).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    let overdue = || control.stats().stage("work").is_some_and(|stats| stats.overdue == 2);
    until(|| overdue() && inside.load(Ordering::SeqCst) == 2).await;
    stage.set_workers(1).unwrap();
    settle().await;
    assert_eq!((stage.workers(), inside.load(Ordering::SeqCst)), (2, 2));
    goes_on.store(true, Ordering::SeqCst);
    until(|| stage.workers() == 1).await;
    control.stop();
    running.await.unwrap();
}

async fn a_buffer_gets_room_and_loses_it() {
    for workers in [1, 3] {
        let census = Census::new();
        let makes = census.clone();
        let input = flow(source::from_iter((0..200).map(move |value| makes.item(value))));
        let work = stage::then(async |item: Item| item);
        let goes_on = CancelToken::new();
        let waits = goes_on.clone();
        let got = Arc::new(Mutex::new(Vec::new()));
        let gets = Arc::clone(&got);
        let sink = sink::for_each_async(move |item: Item| {
            gets.lock().unwrap().push(item.raw());
            let waits = waits.clone();
            async move {
                waits.cancelled().await;
                drop(item);
            }
        });
        let running = input.pipe(work).workers(workers).buffer_size(2).named("work").into(sink).start();
        let stage = found(&running.control(), "work").await;
        // One is in the sink's hand.
        until(|| census.live() == workers + 2 + 1).await;
        for buffer in [3, 40] {
            stage.set_buffer_size(buffer).unwrap();
            until(|| census.live() == workers + buffer + 1).await;
            assert_eq!(stage.max_in_flight(), Holds::at_most(workers + buffer));
            settle().await;
            assert_eq!(census.live(), workers + buffer + 1);
        }
        // What is held is told as long as it is.
        stage.set_buffer_size(1).unwrap();
        settle().await;
        assert_eq!((stage.buffer_size(), stage.max_in_flight()), (Some(1), Holds::at_most(workers + 40)));
        goes_on.cancel();
        running.await.unwrap();
        assert_eq!(*got.lock().unwrap(), (0..200).collect::<Vec<_>>());
    }
}

async fn what_was_taken_out_before_it_is_room_again() {
    // The one that is alone is in the middle of its fifth item, and has not seen that the first four were taken.
    for (workers, buffer) in [(2, 4), (1, 6), (3, 9)] {
        let (census, begun, got) =
            (Census::new(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (fifth, goes_on) = (CancelToken::new(), CancelToken::new());
        let (makes, begins, gets) = (census.clone(), Arc::clone(&begun), Arc::clone(&got));
        let (waits, sticks) = (fifth.clone(), goes_on.clone());
        let input = flow(source::from_iter((0..100).map(move |value| makes.item(value))));
        let work = stage::then(move |item: Item| {
            begins.fetch_add(1, Ordering::SeqCst);
            let waits = waits.clone();
            async move {
                if item.raw() == 4 {
                    waits.cancelled().await;
                }
                item
            }
        });
        let sink = sink::for_each_async(move |item: Item| {
            gets.fetch_add(1, Ordering::SeqCst);
            let sticks = sticks.clone();
            async move {
                if item.raw() >= 4 {
                    sticks.cancelled().await;
                }
            }
        });
        let running = input.pipe(work).buffer_size(4).named("work").into(sink).start();
        let stage = found(&running.control(), "work").await;
        until(|| begun.load(Ordering::SeqCst) == 5 && got.load(Ordering::SeqCst) == 4).await;
        settle().await;
        stage.set_workers(workers).unwrap();
        stage.set_buffer_size(buffer).unwrap();
        until(|| stage.workers() == workers).await;
        fifth.cancel();
        // One is in the sink's hand.
        until(|| census.live() == workers + buffer + 1).await;
        settle().await;
        assert_eq!(
            (census.live(), stage.max_in_flight()),
            (workers + buffer + 1, Holds::at_most(workers + buffer))
        );
        goes_on.cancel();
        running.await.unwrap();
        assert_eq!(got.load(Ordering::SeqCst), 100);
    }
}

async fn in_a_pause_it_is_done_at_once() {
    for workers in [1, 3] {
        let work = stage::then(async |item: u64| {
            sleep(Duration::from_micros(100)).await;
            item
        });
        let run = flow(source::from_iter(0..)).pipe(work).workers(workers).named("work");
        let running = run.into(sink::for_each(|_| ())).start();
        let control = running.control();
        let stage = found(&control, "work").await;
        control.pause();
        settle().await;
        stage.set_workers(6).unwrap();
        stage.set_buffer_size(9).unwrap();
        until(|| stage.workers() == 6 && stage.max_in_flight() == Holds::at_most(15)).await;
        stage.set_workers(2).unwrap();
        until(|| stage.workers() == 2 && stage.max_in_flight() == Holds::at_most(11)).await;
        control.resume();
        control.stop();
        running.await.unwrap();
    }
}

async fn what_cant_be_resized_says_why() {
    let pass = async |item: u64| item;
    let run = flow(source::from_iter(0..))
        .pipe(stage::then(pass))
        .named("fetch")
        .pipe(stage::map(|item: u64| item))
        .named("fused")
        .pipe(stage::then(pass))
        .named("twice")
        .pipe(stage::then(pass))
        .named("twice")
        .pipe(stage::boundary())
        .named("wall")
        .pipe(stage::then(pass))
        .buffer_weight(3, |_: &u64| 1)
        .named("heavy")
        .pipe(stage::flat_map_stream(
            move |item: u64| anypipe_stages::Piped {
                source: source::from_iter([item]),
                stage: stage::then(pass),
            },
            2,
        ));
    let running = run.into(sink::for_each_async(|_| pending::<()>())).start();
    let control = running.control();
    let fetch = found(&control, "fetch").await;
    until(|| control.stats().stage("then").is_some_and(|stats| stats.delivered > 0)).await;
    let refused = |name: &str| control.stage(name).unwrap_err();
    let text = refused("fused").to_string();
    assert!(text.starts_with("no stage `fused` with tasks of its own runs here"), "{text}");
    assert!(text.contains("`fetch`") && text.contains("`.workers(n)`"), "{text}");
    assert!(matches!(refused("nobody"), ResizeError::NoStage { .. }));
    let text = refused("twice").to_string();
    assert_eq!(text, "2 stages are called `twice`: tell them apart with `.named(..)`");
    assert_eq!(refused("then"), ResizeError::RepeatedStage { stage: "then".to_owned() });
    // With the message of the option.
    let text = fetch.set_workers(0).unwrap_err().to_string();
    let built = panic_of(|| anypipe_core::drive::Boundary::new("fetch").workers(0)).unwrap();
    assert_eq!(text.replace("set_workers", "workers"), built);
    let text = fetch.set_buffer_size(0).unwrap_err().to_string();
    let built = panic_of(|| anypipe_core::drive::Boundary::new("fetch").buffer_size(0)).unwrap();
    assert_eq!(text.replace("set_buffer_size", "buffer_size"), built);
    for n in [(1 << 20) + 1, usize::MAX] {
        assert!(matches!(fetch.set_workers(n), Err(ResizeError::BadSize { .. })));
    }
    fetch.set_buffer_size(usize::MAX).unwrap();
    let wall = control.stage("wall").unwrap();
    assert_eq!(wall.set_workers(2), Err(ResizeError::OneTask { stage: "wall".to_owned() }));
    wall.set_workers(1).unwrap();
    wall.set_buffer_size(2).unwrap();
    let heavy = control.stage("heavy").unwrap();
    assert_eq!(heavy.set_buffer_size(2), Err(ResizeError::Weighed { stage: "heavy".to_owned() }));
    assert_eq!((heavy.buffer_size(), heavy.max_in_flight()), (None, Holds::UNBOUNDED));
    heavy.set_workers(2).unwrap();
    // Of a run that is over.
    control.cancel();
    assert_eq!(running.await.unwrap_err().kind(), ErrorKind::Cancelled);
    for asked in [fetch.set_workers(2), fetch.set_buffer_size(2), heavy.set_workers(1)] {
        assert!(matches!(asked, Err(ResizeError::Ended { .. })), "{asked:?}");
    }
    assert_eq!((fetch.workers(), fetch.max_in_flight()), (0, Holds::NONE));
}

/// What a picture shows of the stage `work`.
pub(crate) fn shown(control: &Control) -> StagePicture {
    control.picture().stage("work").unwrap().clone()
}

/// From how many workers to how many, and why.
pub(crate) fn told(shown: &StagePicture) -> Vec<(usize, usize, ChangeReason)> {
    told_of(shown, Changed::Workers)
}

/// The same of what has changed so.
fn told_of(shown: &StagePicture, of: Changed) -> Vec<(usize, usize, ChangeReason)> {
    let changes = shown.changes.iter().filter(|change| change.of == of);
    changes.map(|change| (change.from, change.to, change.why)).collect()
}

async fn a_picture_follows_a_resize() {
    let step = if is_virtual() { Duration::from_secs(1) } else { Duration::from_millis(4) };
    let work = stage::then(move |item: u64| async move {
        sleep(step).await;
        item
    });
    let run = flow(source::from_iter(0..)).pipe(work).workers(2).buffer_size(3).named("work");
    let running = run.into(sink::for_each(drop::<u64>)).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    let now = || runtime().now();
    // Half a step after the workers have taken their items: what is done at the end of one is done in this half.
    let (begun, first) = (now(), control.picture());
    until(|| shown(&control).workers.len() == 2).await;
    let watched = now();
    assert_eq!((first.stage("work").unwrap().buffer, told(&shown(&control))), (Some(3), vec![]));
    sleep(step * 10).await;
    let grown = now();
    stage.set_workers(5).unwrap();
    stage.set_buffer_size(7).unwrap();
    assert_eq!(shown(&control).buffer, Some(7));
    until(|| shown(&control).workers.len() == 5).await;
    sleep(step * 10).await;
    let more = control.picture();
    let of_more = more.stage("work").unwrap();
    assert_eq!(told(of_more), [(2, 5, ChangeReason::Asked)], "{more}");
    assert!(more.to_string().contains("`work` got 5 workers instead of 2, "), "{more}");
    assert_eq!(told_of(of_more, Changed::Buffer), [(3, 7, ChangeReason::Asked)], "{more}");
    assert!(more.to_string().contains("`work` got a buffer of 7 instead of 3, "), "{more}");
    assert!(more.json().contains(r#"{"of":"buffer","at":"#), "{}", more.json());
    let (workers, buffer) = ("got 5 workers instead of 2", "got a buffer of 7 instead of 3");
    assert!(more.mermaid().contains(&format!("<br/>{workers}<br/>{buffer}\"]")), "{}", more.mermaid());
    assert!(more.dot().contains(&format!("\\n{workers}\\n{buffer}\"")), "{}", more.dot());
    for told in [workers, buffer] {
        assert!(more.svg().contains(&format!(">{told}</text>")), "{}", more.svg());
    }
    assert!(more.html().contains("`work` got a buffer of 7 instead of 3: somebody asked"), "{}", more.html());
    let mut numbers: Vec<_> = of_more.workers.iter().map(|worker| worker.number).collect();
    numbers.dedup();
    assert_eq!(numbers, [0, 1, 2, 3, 4], "{more}");
    let sum: Duration = of_more.workers.iter().map(|worker| worker.times.total()).sum();
    assert_eq!(of_more.times.total(), sum, "{more}");
    // Those that come live from when they come.
    let lived = (now() - watched) * 2 + (now() - grown) * 3;
    if is_exact() {
        // It was looked at from the first picture on.
        assert!(watched - begun < step, "{more}");
        assert_eq!(sum, lived + (watched - begun) * 2, "{more}");
    } else {
        assert!(sum <= lived + (watched - begun) * 2, "{sum:?} > {lived:?}: {more}");
    }
    stage.set_workers(1).unwrap();
    let shrunk = now();
    until(|| shown(&control).workers.len() == 1).await;
    let gone = now();
    sleep(step * 10).await;
    let few = control.picture();
    let of_few = few.stage("work").unwrap();
    // Those that went lived until they did, and that stays in the sum.
    let all = of_few.times.total();
    let least = sum + (now() - shrunk);
    let most = sum + (gone - shrunk) * 4 + (now() - shrunk);
    assert!(all >= least, "{all:?} < {least:?}: {few}");
    if is_exact() {
        assert!(all <= most, "{all:?} > {most:?}: {few}");
        assert!(gone - shrunk <= step + Duration::from_millis(1), "{few}");
    }
    let all_changes = [(2, 5, ChangeReason::Asked), (5, 1, ChangeReason::Asked)];
    assert_eq!(told(of_few), all_changes, "{few}");
    assert!(of_few.changes.is_sorted_by_key(|change| change.at) && of_few.changes[1].at <= few.at, "{few}");
    let between = few.since(&more);
    assert_eq!(told(between.stage("work").unwrap()), all_changes[1..], "{between}");
    assert!(few.json().contains(r#""from":5,"to":1,"why":"asked"}]"#), "{}", few.json());
    assert!(few.html().contains("`work` got 1 workers instead of 5: somebody asked"), "{}", few.html());
    // And after the end.
    control.stop();
    running.await.unwrap();
    let ended = shown(&control);
    assert_eq!((ended.workers.len(), ended.buffer, told(&ended)), (0, Some(7), all_changes.to_vec()));
    assert!(ended.times.total() >= all, "{ended:?}");
}

async fn a_resize_that_changes_nothing_is_no_event() {
    let work = stage::then(async |item: u64| {
        sleep(Duration::from_micros(100)).await;
        item
    });
    let run = flow(source::from_iter(0..)).pipe(work).workers(2).named("work");
    let running = run.into(sink::for_each(drop::<u64>)).start();
    let control = running.control();
    let stage = found(&control, "work").await;
    stage.set_workers(2).unwrap();
    stage.set_buffer_size(9).unwrap();
    stage.set_workers(0).unwrap_err();
    assert_eq!((stage.changes(), shown(&control).buffer, told(&shown(&control))), (vec![], Some(9), vec![]));
    let of_buffer = || told_of(&shown(&control), Changed::Buffer);
    assert_eq!(of_buffer(), [(64, 9, ChangeReason::Asked)]);
    stage.set_buffer_size(9).unwrap();
    assert_eq!(of_buffer().len(), 1);
    // The last ones are kept.
    for many in 3..30 {
        stage.set_workers(many).unwrap();
    }
    let last: Vec<_> = (13..29).map(|many| (many, many + 1, ChangeReason::Asked)).collect();
    assert_eq!((stage.changes().len(), told(&shown(&control))), (16, last));
    control.stop();
    running.await.unwrap();
}
