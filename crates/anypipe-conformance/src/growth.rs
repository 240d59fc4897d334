//! What must not grow with the length of a program, and what must not fill the stack with its depth.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use anypipe_core::option::KeyedBy;
use anypipe_core::run::{RunStream, Running, inherit, task_group};
use anypipe_core::scope::CancelToken;
use anypipe_core::{Run, Source};
use anypipe_stages::source::FromStream;
use anypipe_stages::{sink, source, stage};
use futures_core::Stream;

use crate::case::{BoxFuture, Make, enter_scoped};
use crate::tools::{Around, Dropped, Flow, Wakes, flow, give_way, is_virtual, together, until};

crate::suite::cases! { ($) growth as __growth {
    an_ended_run_is_not_held_by_what_it_started(),
    a_deep_tree_of_groups_is_cancelled(),
    a_deep_tree_of_groups_is_dropped(),
    a_long_line_of_tokens_is_cancelled_and_dropped(),
    an_item_costs_the_same_behind_a_long_line_of_its_key(make),
    an_item_costs_the_same_among_many_workers(make),
    an_item_costs_the_same_among_many_sources(make),
    a_wake_polls_only_whom_it_is_for(),
    who_awaits_a_run_elsewhere_is_woken_for_its_end_only(),
    inner_pipelines_leave_one_entry_in_the_statistics(),
    inner_pipelines_that_run_at_once_lose_no_count(),
    a_shared_rate_keeps_nothing_of_what_has_ended(),
} }

/// A stream that gives nothing, and tells how often it is asked.
struct Silent {
    polls: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Stream for Silent {
    type Item = u64;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let old = self.waker.lock().unwrap().replace(cx.waker().clone());
        drop(old);
        Poll::Pending
    }
}

/// Checks how often sources are polled that were put together, each of which is woken once.
fn polls_only_the_woken<S: Source>(operator: &str, together: impl FnOnce(Vec<FromStream<Silent>>) -> S) {
    const SOURCES: usize = 300;
    let polls = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = (0..SOURCES).map(|_| Arc::new(Mutex::new(None))).collect();
    let silent = |waker: &Arc<_>| Silent { polls: Arc::clone(&polls), waker: Arc::clone(waker) };
    let sources = wakers.iter().map(|waker| source::from_stream(silent(waker))).collect();
    let (mut stream, wakes) = (flow(together(sources)).stream(), Wakes::new());
    let mut poll = || loop {
        let before = wakes.count();
        assert!(Pin::new(&mut stream).poll_next(&mut Context::from_waker(&wakes.waker())).is_pending());
        if wakes.count() == before {
            break;
        }
    };
    poll();
    for waker in wakers {
        let waker: Waker = waker.lock().unwrap().take().expect("each was polled");
        waker.wake();
        poll();
    }
    let polls = polls.load(Ordering::SeqCst);
    assert!(polls <= 2 * SOURCES, "{polls} polls of {SOURCES} sources of {operator}, each woken once");
}

async fn a_wake_polls_only_whom_it_is_for() {
    polls_only_the_woken("merge", source::merge);
    polls_only_the_woken("merge_first", |sources| source::merge_first(sources, 2));
    polls_only_the_woken("race", source::race);
    polls_only_the_woken("zip", source::zip);
    polls_only_the_woken("zip_strict", source::zip_strict);
    polls_only_the_woken("zip_latest", source::zip_latest);
    polls_only_the_woken("zip_latest_partial", source::zip_latest_partial);
    polls_only_the_woken("flat_map_stream", |sources| {
        let all = sources.len();
        flow(source::from_iter(sources)).pipe(stage::flat_map_stream(|source| source, all)).0
    });
}

/// Wakes a task, and counts that.
struct CountsWakes(Waker, Arc<AtomicUsize>);

impl Wake for CountsWakes {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.wake_by_ref();
    }
}

/// How often whoever awaits a run of so many items is woken, which pass through a task.
async fn wakes_of_the_awaiter(items: u64) -> usize {
    let wakes = Arc::new(AtomicUsize::new(0));
    let mut run = flow(source::from_iter(0..items)).pipe(stage::buffer(8)).into(sink::drain());
    poll_fn(|cx| {
        let waker = Arc::new(CountsWakes(cx.waker().clone(), Arc::clone(&wakes))).into();
        Pin::new(&mut run).poll(&mut Context::from_waker(&waker))
    })
    .await;
    wakes.load(Ordering::SeqCst)
}

async fn who_awaits_a_run_elsewhere_is_woken_for_its_end_only() {
    let runtime = inherit().expect("a case runs on a runtime");
    let wakes = wakes_of_the_awaiter(10_000).await;
    if runtime.is_current() {
        // It is one of the runtime's tasks, and does the sink's work.
        assert!(wakes > 100, "{wakes} wakes");
    } else {
        assert!(wakes <= 4, "{wakes} wakes, and each of them is one of another thread");
    }
    // In a task of anypipe any runtime knows where it is.
    let in_a_task = task_group(inherit, |group| async move {
        group.spawn(wakes_of_the_awaiter(10_000)).await.expect("it is joined")
    });
    let wakes = in_a_task.await;
    assert!(wakes > 100, "{wakes} wakes of a task, which needs no other for the sink");
}

/// How many inner pipelines there are here.
const INNER: u64 = 100;

/// What an operator makes a pipeline of, for each item or round.
fn inner(item: u64) -> impl Source<Item = u64> + Clone {
    flow(source::from_iter([item, item])).pipe(stage::then(async |item: u64| item)).named("inner").0
}

/// Drains items of inner pipelines, which are counted in one entry; gives how many they have taken.
async fn taken_by_inner<S: Source>(outer: Flow<S>) -> u64 {
    let running = outer.into(sink::drain()).start();
    let control = running.control();
    running.await.unwrap();
    let stats = control.stats().stages;
    assert_eq!(stats.len(), 1, "entries");
    assert_eq!((&*stats[0].name, stats[0].held()), ("inner", 0));
    stats[0].taken
}

async fn inner_pipelines_leave_one_entry_in_the_statistics() {
    let items = || flow(source::from_iter(0..INNER));
    let all = INNER * 2;
    assert_eq!(taken_by_inner(items().pipe(stage::flat_map_stream(inner, 3))).await, all);
    assert_eq!(taken_by_inner(items().pipe(stage::concat_map(inner, 1))).await, all);
    assert_eq!(taken_by_inner(flow(source::chain((0..INNER).map(inner)))).await, all);
    assert!(taken_by_inner(flow(source::cycle(inner(0))).pipe(stage::take(200))).await >= all);
    // It closes the one before when the next comes.
    assert!(taken_by_inner(items().pipe(stage::switch_map(inner))).await <= all);
    let inner_of_inner = move |_: u64| {
        flow(source::from_iter(0..INNER)).pipe(stage::take(2)).pipe(stage::flat_map_stream(inner, 2)).0
    };
    let deep = items().pipe(stage::flat_map_stream(inner_of_inner, 3));
    assert_eq!(taken_by_inner(deep).await, all * 2);
    // What runs ahead does so in an entry of the operator's own.
    let ahead = items().pipe(stage::concat_map(inner, 3)).into(sink::drain()).start();
    let control = ahead.control();
    ahead.await.unwrap();
    assert_eq!(control.stats().stages.len(), 2);
}

/// Their hops have locks of their own, and count in one place: most of all where each item is paid for by itself.
async fn inner_pipelines_that_run_at_once_lose_no_count() {
    let items = if is_virtual() { 20 } else { 20_000 };
    let inner = move |_: u64| {
        flow(source::from_iter(0..items))
            .pipe(stage::then(async |item: u64| item))
            .buffer_size(1)
            .named("inner")
            .0
    };
    let outer = flow(source::from_iter(0..8)).pipe(stage::flat_map_stream(inner, 8));
    assert_eq!(taken_by_inner(outer).await, 8 * items);
}

async fn a_shared_rate_keeps_nothing_of_what_has_ended() {
    let (rate, wakes) = (stage::Rate::new(1, Duration::MAX), Wakes::new());
    let throttled = || flow(source::from_iter(0..2)).pipe(stage::throttle_by(rate.clone())).stream();
    let polled =
        |stream: &mut RunStream<u32>| Pin::new(stream).poll_next(&mut Context::from_waker(&wakes.waker()));
    for _ in 0..100 {
        let mut stream = throttled();
        assert!(polled(&mut stream).is_ready());
        assert!(polled(&mut stream).is_pending(), "the second item has to wait");
        assert!(wakes.held() > 0);
        drop(stream);
        assert_eq!(wakes.held(), 0, "wakers are kept of a run that was dropped");
    }
    // Who still waits is told.
    let mut stream = throttled();
    assert!(polled(&mut stream).is_ready());
    assert!(polled(&mut stream).is_pending());
    rate.set(2, Duration::MAX);
    assert_eq!(wakes.count(), 1);
    assert!(polled(&mut stream).is_ready());
}

/// How often the same work is done at the most, to find what it costs at its best: the machine is others' too.
const ROUNDS: usize = 12;

/// Checks that the same work costs less than four times as much among `many` as among `few`, setting up included.
pub(crate) fn costs_the_same(make: Make<'_>, few: usize, many: usize, work: impl Fn(usize) -> BoxFuture) {
    #[expect(clippy::disallowed_methods, reason = "what our own code costs, which no runtime's clock knows")]
    let cost = |n| {
        let start = Instant::now();
        enter_scoped(&*make(), "growth", work(n));
        start.elapsed()
    };
    let mut best = [(few, Duration::MAX), (many, Duration::MAX)];
    for _ in 0..ROUNDS {
        best = best.map(|(n, best)| (n, best.min(cost(n))));
        let [(_, of_few), (_, of_many)] = best;
        if of_many < of_few * 4 {
            return;
        }
    }
    panic!("the same work costs {best:?} among few and among many");
}

fn an_item_costs_the_same_behind_a_long_line_of_its_key(make: Make<'_>) {
    // All items are of one key, so all that is taken waits for the one before.
    costs_the_same(make, 50, 2500, |buffer| {
        let work = stage::then(async |item: u32| {
            give_way().await;
            item
        });
        let work = flow(source::from_iter(0..6000)).pipe(work).workers(4).buffer_size(buffer);
        let run = Flow(work.0.keyed_by(|_: &u32| 0)).into(sink::count());
        Box::pin(async { assert_eq!(run.await, 6000) })
    });
}

fn an_item_costs_the_same_among_many_workers(make: Make<'_>) {
    if make().handle().name() == "threads" {
        // A thread for each task costs what threads cost.
        return;
    }
    if make().handle().name() == "sim" {
        // It weighs all that can run before each step, whoever made it.
        return;
    }
    costs_the_same(make, 100, 10_000, |workers| {
        let work = stage::then(async |item: u32| {
            give_way().await;
            item
        });
        let work = flow(source::from_iter(0..30_000)).pipe(work).workers(workers).buffer_size(1);
        let run = work.into(sink::count());
        Box::pin(async { assert_eq!(run.await, 30_000) })
    });
}

/// A stream that gives way before each of its items.
struct Halting {
    left: usize,
    halted: bool,
}

impl Stream for Halting {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        self.halted = !self.halted;
        if self.halted {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        Poll::Ready(left.map(|left| left as u64))
    }
}

fn an_item_costs_the_same_among_many_sources(make: Make<'_>) {
    // So many that they cost more than setting up the sources.
    const ITEMS: usize = 100_000;
    costs_the_same(make, 20, 2000, |sources| {
        let source = |_| source::from_stream(Halting { left: ITEMS / sources, halted: false });
        let run = flow(source::merge((0..sources).map(source))).into(sink::count());
        Box::pin(async { assert_eq!(run.await, ITEMS) })
    });
    costs_the_same(make, 20, 2000, |sources| {
        let source = |_| source::from_stream(Halting { left: ITEMS / sources, halted: false });
        let run = flow(source::merge_first((0..sources).map(source), 2)).into(sink::count());
        Box::pin(async { assert_eq!(run.await, ITEMS) })
    });
}

async fn an_ended_run_is_not_held_by_what_it_started() {
    let (around, over) = (Around::new(), CancelToken::new());
    let mut link = first(100, around.clone(), over.clone());
    for _ in 0..100 {
        link = *link.await.unwrap().expect("it starts another").0;
    }
    // The last of them still runs; those before it have ended.
    until(|| around.live() <= 2).await;
    over.cancel();
    assert!(link.await.unwrap().is_none());
    until(|| around.live() == 0).await;
}

/// The next of a line of runs, each of which starts the one after it, and ends.
struct Link(Box<Running<Option<Link>>>);

fn first(left: usize, around: Around, over: CancelToken) -> Running<Option<Link>> {
    let runtime = around.runtime();
    let body = move |_group| async move {
        if left == 0 {
            over.cancelled().await;
            return None;
        }
        Some(Link(Box::new(first(left - 1, around, over))))
    };
    task_group(inherit, body).on(runtime).start()
}

/// How deep groups lie in each other here: more than the stack of a thread has room for where each takes some.
const DEEP: usize = 3000;

fn nested(depth: usize, dropped: Dropped) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let tells = dropped.tells();
        let body = move |group: anypipe_core::run::TaskGroup<()>| async move {
            let _tells = tells;
            if depth > 0 {
                group.spawn(nested(depth - 1, dropped));
            }
            pending::<()>().await;
        };
        task_group(inherit, body).await;
    })
}

/// A tree of groups, one in the other, once all of them have begun.
async fn grown(dropped: &Dropped) -> Running<()> {
    let run = Run::new("tree", inherit, {
        let dropped = dropped.clone();
        move |_scope| nested(DEEP, dropped)
    });
    let running = run.start();
    until(|| dropped.live() == DEEP + 1).await;
    running
}

async fn a_deep_tree_of_groups_is_cancelled() {
    let dropped = Dropped::new();
    let running = grown(&dropped).await;
    running.control().cancel();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(dropped.live(), 0);
}

async fn a_deep_tree_of_groups_is_dropped() {
    let dropped = Dropped::new();
    let tree = dropped.clone();
    // The scope around it joins what another thread is polling just then.
    together(|_group| async move { drop(grown(&tree).await) }).await;
    assert_eq!(dropped.live(), 0);
}

async fn a_long_line_of_tokens_is_cancelled_and_dropped() {
    let root = CancelToken::new();
    let mut leaf = root.clone();
    for _ in 0..100_000 {
        leaf = leaf.child();
    }
    root.cancel();
    assert!(leaf.is_cancelled());
    drop(root);
    drop(leaf);
}
