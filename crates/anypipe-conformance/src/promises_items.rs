//! The promises about items: P5 to P11.

use std::collections::HashMap;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use anypipe_core::channel::{RecvError, Sender, bounded};
use anypipe_core::drive::{Boundary, Items};
use anypipe_core::option::Named;
use anypipe_core::run::{Control, inherit};
use anypipe_core::scope::CancelToken;
use anypipe_core::stage::poll_go_on;
use anypipe_core::{ErrorKind, Run, Scope, Sink, Stage};
use anypipe_stages::{sink, source, stage};
use futures_core::Stream;

use crate::registry::{Census, Item};
use crate::tools::{
    Around, flow, give_way, is_virtual, next, panic_of, settle, sleep, together, unit, until,
};

crate::suite::cases! { ($) promises_items as __promises_items {
    promise_p05_a_sender_that_vanished_is_no_end(),
    promise_p05_a_run_that_was_cut_off_is_no_end(),
    promise_p05_a_generator_that_panics_is_no_end(),
    promise_p06_the_first_error_in_order_is_given(),
    promise_p06_all_errors_are_given(),
    promise_p07_every_item_is_accounted_for(),
    promise_p07_every_kind_of_stage_counts(),
    promise_p07_items_go_at_once_with_the_last_receiver(),
    promise_p08_a_started_future_is_never_snoozed(),
    promise_p08_a_pause_snoozes_nobody(),
    promise_p09_the_bound_is_exact(),
    promise_p09_no_workers_and_no_buffer_are_refused(),
    promise_p10_order_is_kept(),
    promise_p10_what_is_filtered_leaves_no_hole(),
    promise_p11_no_item_waits_behind_a_busy_worker(),
    promise_p11_what_was_taken_out_makes_room(),
    promise_p11_what_is_slow_to_come_waits_in_no_chunk(),
    promise_p11_work_that_turns_slow_is_shared(),
    what_has_ended_is_not_polled_again(),
} }

async fn promise_p05_a_sender_that_vanished_is_no_end() {
    // A task that was cancelled vanishes.
    let (tx, rx) = bounded(4);
    together(|group| async move {
        let sender = group.spawn(async move {
            tx.send(1).await.unwrap();
            pending::<()>().await;
            drop(tx);
        });
        until(|| rx.statistics().used == 1).await;
        sender.cancel();
        assert!(sender.await.unwrap_err().is_cancelled());
        assert_eq!((rx.recv().await, rx.recv().await), (Ok(1), Err(RecvError::Broken)));
        let run = flow(source::from_channel(rx)).pipe(stage::then(async |item: u32| item)).collect();
        assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Broken);
    })
    .await;

    // A sender that is dropped in peace closes.
    let (tx, rx) = bounded(4);
    tx.try_send(1).unwrap();
    drop(tx);
    let run = flow(source::from_channel(rx)).pipe(stage::then(async |item: u32| item)).collect();
    assert_eq!(run.await, [1]);
}

async fn promise_p05_a_run_that_was_cut_off_is_no_end() {
    let sends = |tx: Sender<u32>| {
        Run::new("sends", inherit, move |_| async move {
            tx.send(1).await.unwrap();
            pending::<()>().await;
        })
    };
    // Timed out, and dropped.
    let (tx, rx) = bounded(4);
    assert!(sends(tx).deadline(unit()).checked().await.is_err());
    assert_eq!((rx.recv().await, rx.recv().await), (Ok(1), Err(RecvError::Broken)));
    let (tx, rx) = bounded(4);
    let running = sends(tx).start();
    until(|| rx.statistics().used == 1).await;
    drop(running);
    assert_eq!((rx.recv().await, rx.recv().await), (Ok(1), Err(RecvError::Broken)));
}

async fn promise_p05_a_generator_that_panics_is_no_end() {
    let generator = source::from_fn(|sender| async move {
        for item in 0..3 {
            sender.send(item).await.unwrap();
        }
        panic!("ran dry");
    });
    let error = flow(generator).pipe(stage::map(|item: u32| item)).collect().checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("from_fn")));
}

/// Fails for some items, the later ones sooner.
async fn fallible(item: u64) -> Result<u64, u64> {
    for _ in item..12 {
        give_way().await;
    }
    if [3, 8, 11].contains(&item) { Err(item) } else { Ok(item) }
}

async fn promise_p06_the_first_error_in_order_is_given() {
    let run = flow(source::from_iter(0..12)).pipe(stage::then(fallible)).workers(12);
    assert_eq!(run.into(sink::try_collect::<Vec<_>>()).await, Err(3), "in order, though it was made last");
}

async fn promise_p06_all_errors_are_given() {
    let run = || flow(source::from_iter(0..12)).pipe(stage::then(fallible)).workers(4);
    let ordered = run().into(sink::try_collect::<Vec<_>>()).all_errors();
    assert_eq!(ordered.await, Err(vec![3, 8, 11]));
    let mut errors = run().unordered().into(sink::try_collect::<Vec<_>>()).all_errors().await.unwrap_err();
    errors.sort_unstable();
    assert_eq!(errors, [3, 8, 11]);
}

async fn promise_p07_every_item_is_accounted_for() {
    for taken in [0, 1, 7, 1000] {
        let tally = Census::new();
        let makes = tally.clone();
        let items = (0..60).map(move |value| makes.item(value));
        let work = stage::then(async |item: Item| {
            item.work().await;
            item
        });
        let running = flow(source::from_iter(items))
            .pipe(work)
            .workers(3)
            .buffer_size(4)
            .named("work")
            .pipe(stage::filter(|item: &Item| item.value() % 4 != 0))
            .workers(2)
            .named("sift")
            .pipe(stage::take(taken))
            .collect()
            .start();
        let control = running.control();
        let came = running.await.unwrap();
        assert_eq!(came.len(), taken.min(45));
        assert_eq!(tally.live(), came.len(), "all others were dropped");
        drop(came);
        assert_eq!(tally.live(), 0);
        for stage in &control.stats().stages {
            let ends = stage.delivered + stage.filtered + stage.panicked + stage.cancelled + stage.left;
            assert_eq!(stage.taken, ends, "{stage:?}");
        }
    }
}

/// A sink that wants two items.
struct Two;

impl Sink<u32> for Two {
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = u32> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            for _ in 0..2 {
                items.next().await;
            }
        }
    }
}

async fn promise_p07_every_kind_of_stage_counts() {
    let pass = |name: &'static str| stage::then(async |item: u32| item).named(name.into());
    let own = stage::stage(async |mut input: stage::Input<u32>, output: Sender<u32>| {
        while let Some(item) = input.recv().await {
            for copy in [item, item] {
                output.send(copy).await.expect("it is received");
            }
        }
    });
    let route = stage::route(|item: &u32| (*item % 2) as usize, (pass("even"), pass("odd")));
    let odd = stage::then(async |item: u32| if item % 2 == 1 { Err(item) } else { Ok(item) });
    let checked = stage::and_then(async |item: u32| if item == 4 { Err(item) } else { Ok(item) });
    let run = flow(source::from_iter(0..10))
        .pipe(own)
        .pipe(stage::tee(sink::drain()))
        .pipe(route)
        .pipe(odd)
        .pipe(checked)
        .pipe(stage::dead_letter(sink::drain()))
        .collect()
        .start();
    let control = run.control();
    assert_eq!(run.await.unwrap().len(), 8);
    let stats = control.stats();
    let stage = |name| stats.stage(name).unwrap_or_else(|| panic!("`{name}` is not in {stats:?}"));
    assert_eq!((stage("stage").taken, stage("stage").delivered), (10, 20));
    for (name, items, failed) in [
        ("tee", 20, 0),
        ("even", 10, 0),
        ("odd", 10, 0),
        ("then", 20, 0),
        ("and_then", 20, 12),
        ("dead_letter", 12, 0),
    ] {
        let stage = stage(name);
        assert_eq!((stage.taken, stage.delivered, stage.failed), (items, items, failed), "{stage:?}");
        assert_eq!(stage.held(), 0, "{stage:?}");
    }

    // A sink beside that ends early leaves items; a panic is counted as one, and not as an `Err`.
    let bad = stage::then(async |item: u32| assert!(item < 3, "too many"));
    let run = flow(source::from_iter(0..5)).pipe(stage::tee(Two)).pipe(bad).collect().start();
    let control = run.control();
    assert!(run.await.is_err());
    let stats = control.stats();
    assert_eq!(stats.stage("then").map(|then| (then.panicked, then.failed)), Some((1, 0)), "{stats:?}");
    for stage in &stats.stages {
        assert_eq!(stage.held(), 0, "{stage:?}");
    }
}

async fn promise_p07_items_go_at_once_with_the_last_receiver() {
    let tally = Census::new();
    let makes = tally.clone();
    let items = (0..).map(move |value| makes.item(value));
    let mut came = flow(source::from_iter(items)).pipe(stage::buffer(20)).stream();
    let first = next(&mut came).await;
    settle().await;
    drop((first, came));
    if is_virtual() {
        assert_eq!(tally.live(), 0, "at once");
    }
    until(|| tally.live() == 0).await;
}

/// Gives way this often, and tells when it is done.
async fn busy(times: u32, done: Arc<AtomicUsize>) {
    let mut left = times;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    sleep(unit() / 10).await;
    done.fetch_add(1, Ordering::SeqCst);
}

async fn promise_p08_a_started_future_is_never_snoozed() {
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&done));
    let work = stage::then(move |item: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        let ends = Arc::clone(&ends);
        async move {
            busy(5, ends).await;
            item
        }
    });
    let mut came = flow(source::from_iter(0..)).pipe(work).workers(3).buffer_size(2).stream();
    assert_eq!(next(&mut came).await, Some(0));
    // Nobody takes anything any more, and yet whatever was begun ends: there is room for all of it.
    until(|| begun.load(Ordering::SeqCst) == 6 && done.load(Ordering::SeqCst) == 6).await;
    settle().await;
    assert_eq!(begun.load(Ordering::SeqCst), 6, "one taken, two in the buffer, three of the workers");
}

async fn promise_p08_a_pause_snoozes_nobody() {
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&done));
    let control = Arc::new(OnceLock::<Control>::new());
    let steers = Arc::clone(&control);
    let work = stage::then(move |item: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        let (ends, steers) = (Arc::clone(&ends), Arc::clone(&steers));
        async move {
            until(|| steers.get().is_some()).await;
            if item == 2 {
                steers.get().expect("it was waited for").pause();
            }
            busy(3, ends).await;
            item
        }
    });
    let running = flow(source::from_iter(0..40)).pipe(work).workers(3).collect().start();
    assert!(control.set(running.control()).is_ok());
    // Whatever was begun is done, and nothing else begins.
    until(|| matches!(begun.load(Ordering::SeqCst), n if n > 2 && n == done.load(Ordering::SeqCst))).await;
    sleep(unit()).await;
    let at_pause = begun.load(Ordering::SeqCst);
    sleep(unit()).await;
    if is_virtual() {
        assert_eq!(begun.load(Ordering::SeqCst), at_pause, "the sources give nothing during a pause");
    }
    assert!(begun.load(Ordering::SeqCst) < 40);
    running.control().resume();
    assert_eq!(running.await.unwrap(), (0..40).collect::<Vec<_>>());
}

async fn promise_p09_the_bound_is_exact() {
    for (workers, buffer) in [(1, 1), (1, 5), (3, 2), (4, 1), (2, 16)] {
        let tally = Census::new();
        let makes = tally.clone();
        let items = (0..).map(move |value| makes.item(value));
        let work = stage::then(async |item: Item| {
            item.work().await;
            item
        });
        let run = flow(source::from_iter(items)).pipe(work).workers(workers).buffer_size(buffer);
        let mut came = run.stream();
        for _ in 0..10 {
            drop(next(&mut came).await);
            settle().await;
        }
        let bound = workers + buffer;
        // One more is in the consumer's hand while it takes it.
        assert!(tally.most() <= bound + 1, "{} > {bound} + 1", tally.most());
        if is_virtual() {
            sleep(unit()).await;
            assert_eq!(tally.live(), bound, "the boundary fills up to its bound");
        }
    }
}

async fn promise_p09_no_workers_and_no_buffer_are_refused() {
    assert!(panic_of(|| Boundary::new("fetch").workers(0)).unwrap().contains("`workers(0)`"));
    assert!(panic_of(|| Boundary::new("fetch").buffer_size(0)).unwrap().contains("`buffer_size(0)`"));
    for n in [(1 << 20) + 1, 1 << 40, usize::MAX] {
        let text = panic_of(move || Boundary::new("fetch").workers(n)).expect("refused when it is built");
        assert!(
            text.starts_with(&format!("`workers({n})`: each worker of stage `fetch` is a task")),
            "{text}"
        );
    }
}

async fn promise_p10_order_is_kept() {
    for workers in [1, 2, 3, 8] {
        let work = stage::then(async |item: u64| {
            for _ in 0..item * 7 % 5 {
                give_way().await;
            }
            if item % 11 == 0 {
                sleep(unit() / 10).await;
            }
            item
        });
        let run = flow(source::from_iter(0..100)).pipe(work).workers(workers).buffer_size(3).collect();
        assert_eq!(run.await, (0..100).collect::<Vec<_>>());
    }
}

async fn promise_p10_what_is_filtered_leaves_no_hole() {
    // Many more are filtered out than the window has places.
    let kept = stage::filter(|item: &u64| item % 50 == 7);
    let run = flow(source::from_iter(0..1000)).pipe(kept).workers(4).buffer_size(2).collect();
    assert_eq!(run.await, (0..20).map(|n| n * 50 + 7).collect::<Vec<_>>());
}

async fn promise_p11_no_item_waits_behind_a_busy_worker() {
    // The first item holds its worker until all the others were worked on.
    let (rest, all) = (Arc::new(AtomicUsize::new(0)), CancelToken::new());
    let work = stage::then(move |item: usize| {
        let (rest, all) = (Arc::clone(&rest), all.clone());
        async move {
            if item == 0 {
                all.cancelled().await;
            } else if rest.fetch_add(1, Ordering::SeqCst) + 1 == 50 {
                all.cancel();
            }
            item
        }
    });
    let run = flow(source::from_iter(0..=50)).pipe(work).workers(2).collect();
    assert_eq!(run.await, (0..=50).collect::<Vec<_>>());
}

/// Whatever the sink waits for then, and however many more lie in its hands.
async fn promise_p11_what_was_taken_out_makes_room() {
    const LAST: usize = 20;
    for buffer in 0..4 {
        let begun: Arc<[CancelToken]> = (0..=LAST).map(|_| CancelToken::new()).collect();
        let begins = Arc::clone(&begun);
        let work = stage::map(move |item: usize| {
            begins[item].cancel();
            item
        });
        let flow = flow(source::from_iter(0..=LAST)).pipe(work).rendezvous();
        let flow = if buffer == 0 { flow } else { flow.buffer_size(buffer) };
        let sink = sink::for_each_async(move |item: usize| {
            // Besides those that wait there is one that is worked on.
            let next = begun[LAST.min(item + buffer + 1)].clone();
            async move { next.cancelled().await }
        });
        flow.into(sink).await;
    }
}

/// What slow items take below, where it is that they are slow.
const SLOW: Duration = Duration::from_millis(3);
/// How many items are quick before.
const QUICK: usize = 3000;
/// The clock is read between so many items at the latest.
const BETWEEN_READINGS: usize = 8;

async fn promise_p11_what_is_slow_to_come_waits_in_no_chunk() {
    const WORKERS: usize = 4;
    for (in_iterator, suspends) in [(true, true), (true, false), (false, true), (false, false)] {
        let (around, begun) = (Around::new(), Arc::new(AtomicUsize::new(0)));
        let (spends, begins) = (around.clone(), Arc::clone(&begun));
        let comes = move |item: usize| {
            if let Some(slow) = item.checked_sub(QUICK) {
                spends.spend(SLOW);
                let waiting = item + 1 - begun.load(Ordering::SeqCst).max(QUICK);
                // Each worker may have one in hand that it is about to begin.
                let most = if slow < BETWEEN_READINGS { BETWEEN_READINGS + WORKERS } else { WORKERS };
                assert!(waiting <= most, "{waiting} wait for slow item {slow}: {in_iterator}, {suspends}");
            }
            item
        };
        let work = stage::then(move |item: usize| {
            begins.fetch_add(1, Ordering::SeqCst);
            async move {
                if suspends && item >= QUICK {
                    give_way().await;
                }
                item
            }
        });
        let all = 0..QUICK + 300;
        let run = if in_iterator {
            flow(source::from_iter(all.clone().map(comes))).pipe(work).workers(WORKERS).collect()
        } else {
            flow(source::from_iter(all.clone())).pipe(stage::map(comes)).pipe(work).workers(WORKERS).collect()
        };
        assert!(run.on(around.runtime()).await.into_iter().eq(all));
    }
}

async fn promise_p11_work_that_turns_slow_is_shared() {
    for workers in [1, 4] {
        let (around, rows) = (Around::new(), Rows::default());
        let (spends, counts) = (around.clone(), rows.clone());
        let work = stage::then(move |item: usize| {
            let (spends, counts) = (spends.clone(), counts.clone());
            async move {
                if item >= QUICK {
                    counts.count(poll_go_on(&mut Context::from_waker(Waker::noop())).is_pending());
                    spends.spend(SLOW);
                }
                item
            }
        });
        let run = flow(source::from_iter(0..QUICK + 300)).pipe(work).workers(workers).collect();
        assert_eq!(run.on(around.runtime()).await.len(), QUICK + 300);
        let longest = rows.longest();
        // A thread that loses its processor for a while looks like one more slow item in front.
        let most = if is_virtual() { BETWEEN_READINGS } else { 2 * BETWEEN_READINGS };
        assert!(longest < most, "{longest} slow items in a row did not wait for the others to be called");
    }
}

/// A stream that must not be polled after its end, as many must not.
struct Once(Option<usize>);

impl Stream for Once {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        let left = self.0.expect("polled after its end");
        self.0 = left.checked_sub(1);
        Poll::Ready(self.0)
    }
}

async fn what_has_ended_is_not_polled_again() {
    for workers in [1, 4] {
        let work = stage::then(async |item: usize| item);
        let items =
            flow(source::from_stream(Once(Some(100)))).pipe(Through).pipe(work).workers(workers).collect();
        assert_eq!(items.await.len(), 100);
    }
}

/// Passes a stream on as it is.
struct Through;

impl Stage<usize> for Through {
    type Out = usize;

    fn attach(
        self,
        _: impl Stream<Item = usize> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = usize> + Send + 'static {
        Once(Some(100))
    }
}

/// Counts items that follow a slow one in the same poll: how many on end, on each thread.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    now: HashMap<ThreadId, usize>,
    longest: usize,
}

impl Rows {
    fn count(&self, follows: bool) {
        let counts = &mut *self.0.lock().expect("no panic under the lock");
        let row = counts.now.entry(thread::current().id()).or_default();
        *row = if follows { *row + 1 } else { 0 };
        counts.longest = counts.longest.max(*row);
    }

    fn longest(&self) -> usize {
        self.0.lock().expect("no panic under the lock").longest
    }
}
