//! `broadcast`, `route`, `tee`, `dead_letter` and sinks as branches, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::future::poll_fn;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use anypipe::channel::bounded;
use anypipe::prelude::*;
use anypipe::time::{now, sleep};
use anypipe_sim::testing::{Counted, Resources, probe_sink, probe_source};
use common::{assert_ticks, is_exact, is_virtual, settle, ticks};
use futures_core::Stream;

/// A sink that keeps what it is given, and what it has kept.
fn keep<T: Send + 'static>() -> (Arc<Mutex<Vec<T>>>, impl Sink<T, Output = ()> + Clone) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&kept);
    (kept, sink::for_each(move |item| keeps.lock().unwrap().push(item)))
}

fn sorted(mut items: Vec<i64>) -> Vec<i64> {
    items.sort_unstable();
    items
}

#[anypipe::test]
async fn every_branch_sees_every_item() {
    let branches = (
        map(|n: i64| n),
        filter(|n: &i64| n % 2 == 0).map(|n: i64| n + 1000),
        then(async |n: i64| n + 2000).workers(3),
    );
    let all = sorted(source::iter(0..100).broadcast(branches).collect().await);
    let expected = (0..100).chain((0..50).map(|n| n * 2 + 1000)).chain(2000..2100);
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[anypipe::test]
async fn branches_keep_their_order() {
    let all: Vec<(u8, i64)> = source::iter(0..200)
        .broadcast((
            map(|n: i64| (0, n)),
            then(async |n: i64| (1, n)).workers(4),
            map(|n: i64| (2, n)).buffer(3),
        ))
        .collect()
        .await;
    for branch in 0..3 {
        let of_branch = all.iter().filter(|item| item.0 == branch).map(|item| item.1);
        assert_eq!(of_branch.collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    }
}

#[anypipe::test]
async fn the_slowest_branch_sets_the_pace() {
    let (seen, quick) = keep();
    let (mut probe, slow) = probe_sink();
    let branches = (slow.into_silent_stage::<()>(), quick.into_silent_stage());
    let run = source::iter(0..).broadcast(branches).collect::<Vec<()>>().start();
    probe.request(3);
    for n in 0..3 {
        assert_eq!(probe.next().await, Some(n));
    }
    settle().await;
    let ahead = seen.lock().unwrap().len();
    // However slow the machine, never more than the slow branch has taken and has room for.
    assert!(ahead <= 3 + 64, "{ahead} items went to the quick branch");
    if is_exact() {
        assert_eq!(ahead, 67);
    }
    drop(run);
}

#[anypipe::test]
async fn a_branch_that_ends_early_frees_the_rest() {
    let (kept, sink) = keep();
    let branches = (take(2), sink.into_silent_stage(), filter(|n: &i64| *n >= 90).take(5));
    let all = sorted(source::iter(0..100).broadcast(branches).collect().await);
    assert_eq!(all, [0, 1, 90, 91, 92, 93, 94]);
    assert_eq!(*kept.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

#[anypipe::test]
async fn with_no_branch_left_the_input_is_dropped() {
    let (mut items, input) = probe_source();
    let run = Pipeline::from_source(input).broadcast((take(1), take(2))).collect::<Vec<i64>>().start();
    items.send(1);
    items.send(2);
    items.dropped().await;
    assert_eq!(sorted(run.await.unwrap()), [1, 1, 2]);
    assert_eq!(items.taken(), 2);
}

#[anypipe::test]
async fn a_broadcast_that_is_dropped_drops_its_items() {
    let resources = Resources::new();
    let held = resources.clone();
    let (probe, slow) = probe_sink::<Arc<anypipe_sim::testing::Counted<u32>>>();
    let items = source::iter(0..).map(move |n: u32| Arc::new(held.hold(n)));
    let some: Vec<_> =
        items.broadcast((map(|n: Arc<_>| n), slow.into_silent_stage())).take(5).collect().await;
    assert_eq!(some.len(), 5);
    drop(some);
    resources.assert_none_left();
    assert!(!probe.is_ended(), "a sink that was cancelled must not see an end");
}

#[anypipe::test]
async fn route_gives_each_item_to_one_branch() {
    let branches = (map(|n: i64| n), then(async |n: i64| n + 100).workers(2), filter(|_: &i64| false));
    let all = source::iter(0..30).route(|n| usize::try_from(n % 3).unwrap(), branches);
    let all = sorted(all.collect().await);
    let expected = (0..30).filter(|n| n % 3 == 0).chain((100..130).filter(|n| n % 3 == 2));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[anypipe::test]
async fn route_names_an_index_without_a_branch() {
    let branches = (map(|n: i64| n), map(|n: i64| n));
    let run = source::iter(0..30).route(|n| usize::from(*n == 7) * 2, branches);
    let error = run.collect::<Vec<_>>().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `route` panicked: the closure chose branch 2 of 2");
    let error = source::iter(0..30).route(|_| panic!("boo"), vec![map(|n: i64| n)]).named("by hand");
    let error = error.collect::<Vec<_>>().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `by hand` panicked: boo");
}

#[anypipe::test]
async fn a_full_branch_holds_back_the_rest_of_a_route() {
    let (mut probe, slow) = probe_sink();
    let (seen, other) = keep();
    let branches = (slow.into_silent_stage::<()>(), other.into_silent_stage());
    // For the slow branch two more than have room, then one for the other.
    let numbers = (0..66).chain([100]);
    let run = source::iter(numbers).route(|n| usize::from(*n == 100), branches).drain().start();
    settle().await;
    assert!(seen.lock().unwrap().is_empty());
    probe.request(2);
    settle().await;
    if is_exact() {
        assert_eq!(*seen.lock().unwrap(), [100]);
    }
    probe.request(65);
    run.await.unwrap();
    assert_eq!(probe.received(), (0..66).collect::<Vec<_>>());
}

#[anypipe::test]
async fn items_for_a_branch_that_has_ended_are_dropped() {
    let resources = Resources::new();
    let held = resources.clone();
    let items = source::iter(0..20i64).map(move |n| held.hold(n));
    let first = take(2).map(|n: anypipe_sim::testing::Counted<i64>| *n);
    let second = map(|n: anypipe_sim::testing::Counted<i64>| *n);
    let all = items.route(|n| usize::from(**n % 2 == 1), (first, second)).collect().await;
    assert_eq!(sorted(all), [0, 1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    resources.assert_none_left();
}

#[anypipe::test]
async fn tee_gives_items_to_a_sink_and_on() {
    let (kept, sink) = keep();
    let all: Vec<i64> = source::iter(0..100).tee(sink).map(|n| n * 2).collect().await;
    assert_eq!(all, (0..100).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(*kept.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

#[anypipe::test]
async fn tee_ends_when_its_sink_has() {
    let start = now();
    let kept = Arc::new(Mutex::new(0));
    let keeps = Arc::clone(&kept);
    let sink = sink::for_each_async(move |n| {
        let keeps = Arc::clone(&keeps);
        async move {
            sleep(ticks(1)).await;
            *keeps.lock().unwrap() += n;
        }
    });
    assert_eq!(source::iter(1..=3).tee(sink).count().await, 3);
    assert_eq!(*kept.lock().unwrap(), 6);
    assert_ticks(start, 3);
}

#[anypipe::test]
async fn tee_goes_on_without_a_sink_that_has_ended() {
    let (mut probe, sink) = probe_sink::<i64>();
    probe.stop();
    assert_eq!(source::iter(0..100).tee(sink).count().await, 100);
    probe.stop();
}

#[anypipe::test]
async fn an_error_of_a_sink_fails_the_run() {
    let (sender, receiver) = bounded::<i64>(1);
    drop(receiver);
    let run = source::iter(0..).tee(sink::send_to(sender)).named("log").drain().checked().await;
    let error = run.unwrap_err();
    assert_eq!(error.stage(), Some("log"));
    assert!(error.to_string().contains("the sink failed"), "{error}");
}

#[anypipe::test]
async fn tee_shows_its_sink_nothing_that_has_not_gone_on() {
    let (kept, sink) = keep();
    // The sink has copies of all that lies in the buffer.
    let mut run = pin!(source::iter(0..20i64).buffer(20).tee(sink).into_stream());
    for n in 0..5 {
        assert_eq!(poll_fn(|cx| run.as_mut().poll_next(cx)).await, Some(n));
        settle().await;
        let kept = kept.lock().unwrap().clone();
        assert!(kept.iter().all(|kept| *kept <= n), "{n} has gone on, and the sink has seen {kept:?}");
        if is_virtual() {
            assert!(kept.into_iter().eq(0..=n), "nor does it wait for more");
        }
    }
}

/// An item whose copies are counted, and of which one can't be copied.
struct Dear {
    n: i64,
    held: Counted<i64>,
    resources: Resources,
}

impl Clone for Dear {
    fn clone(&self) -> Self {
        assert!(self.n != 150, "item 150 can't be copied");
        Self { n: self.n, held: self.resources.hold(self.n), resources: self.resources.clone() }
    }
}

fn dear(resources: &Resources, items: Range<i64>) -> Pipeline<impl Source<Item = Dear>> {
    let resources = resources.clone();
    let dear = move |n| Dear { n, held: resources.hold(n), resources: resources.clone() };
    source::iter(items).map(dear).buffer(30)
}

#[anypipe::test]
async fn what_a_tee_counts_is_exact_however_it_ends() {
    for (items, ends) in [(0..100, None), (0..100, Some(50)), (0..200, None)] {
        let resources = Resources::new();
        let tee = dear(&resources, items.clone()).tee(sink::for_each(|item: Dear| drop(item.held)));
        let run = tee.take(ends.unwrap_or(1000)).count().start();
        let control = run.control();
        let count = run.await;
        resources.assert_none_left();
        let stats = control.stats();
        let tee = stats.stage("tee").unwrap();
        assert_eq!(tee.taken, tee.delivered + tee.left, "{tee:?}");
        match (ends, count) {
            (None, Ok(100)) => assert_eq!((tee.delivered, tee.left), (100, 0)),
            (Some(50), Ok(50)) => assert!(tee.delivered <= 50, "{tee:?}"),
            (None, Err(error)) => {
                assert_eq!(error.to_string(), "stage `tee` panicked: item 150 can't be copied");
            }
            (ends, count) => panic!("{count:?} with {ends:?}"),
        }
    }
}

#[anypipe::test]
async fn a_copy_that_fails_leaves_nothing_behind() {
    let resources = Resources::new();
    let branches = (map(|item: Dear| item.n), then(async |item: Dear| item.n).workers(2));
    let error = dear(&resources, 0..200).broadcast(branches).drain().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `broadcast` panicked: item 150 can't be copied");
    resources.assert_none_left();
}

#[anypipe::test]
async fn dead_letter_parts_errors_and_values() {
    let (kept, sink) = keep();
    let results = |n: i64| if n % 3 == 0 { Err(n.to_string()) } else { Ok(n) };
    let values: Vec<i64> = source::iter(0..9).map(results).dead_letter(sink).collect().await;
    assert_eq!(values, [1, 2, 4, 5, 7, 8]);
    assert_eq!(*kept.lock().unwrap(), ["0", "3", "6"]);
}

#[anypipe::test]
async fn dead_letter_loses_no_error() {
    let (probe, sink) = probe_sink::<i64>();
    drop(probe);
    let run = source::iter(0..).then(async |n: i64| if n < 50 { Ok(n) } else { Err(n) }).dead_letter(sink);
    let error = run.drain().checked().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stage `dead_letter` panicked: an error came after the sink for errors had ended"
    );
}

#[anypipe::test]
async fn a_panic_in_a_branch_fails_the_run() {
    let branches = (map(|n: i64| n), then(async |n: i64| if n == 7 { panic!("seven") } else { n }));
    let run = source::iter(0..).broadcast(branches).drain().checked().await;
    assert_eq!(run.unwrap_err().to_string(), "stage `then` panicked: seven");
}

#[test]
fn what_fan_outs_hold_is_told() {
    let branches = || (map(|n: i64| n), map(|n: i64| n).buffer(3));
    let pipeline = || source::iter(0..9i64);
    assert_eq!(pipeline().broadcast(branches()).max_in_flight().limit(), Some(64 + 64 + 4));
    assert_eq!(pipeline().route(|_| 0, branches()).max_in_flight().limit(), Some(64 + 64 + 4 + 1));
    assert_eq!(pipeline().tee(keep().1).max_in_flight().limit(), Some(64));
}
