//! What the operators that make something else of items mean, with their edges, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod watched;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe::prelude::*;
use watched::Watch;

#[anypipe::test(seeds = 4)]
async fn numbers() {
    let letters = || Pipeline::from_iter(['a', 'b']);
    assert_eq!(letters().enumerate().collect::<Vec<_>>().await, [(0, 'a'), (1, 'b')]);
    assert_eq!(letters().enumerate_from(7).collect::<Vec<_>>().await, [(7, 'a'), (8, 'b')]);
    let wrapped: Vec<_> = letters().enumerate_from(usize::MAX).collect().await;
    assert_eq!(wrapped, [(usize::MAX, 'a'), (0, 'b')]);
    // A number belongs to an item, whatever is before and behind.
    let then = Pipeline::range(0..50usize).then(async |n| n).workers(4).enumerate().buffer_size(2);
    assert!(then.all(|(number, n)| number == n).await);
}

#[anypipe::test(seeds = 4)]
async fn scan_keeps_a_state_and_may_end() {
    let watch = Watch::new();
    let add = |sum: &mut u32, n| {
        *sum += n;
        (*sum < 10).then_some(*sum)
    };
    let sums: Vec<u32> = watch.pipeline(1..).scan(0, add).collect().await;
    assert_eq!((sums, watch.asked()), (vec![1, 3, 6], 4));
    watch.assert_gone();
    // A description can be run twice: each run starts from the same state.
    let twice = Pipeline::range(1..4).scan(0, add);
    assert_eq!(twice.clone().last().await, Some(6));
    assert_eq!(twice.last().await, Some(6));
}

#[anypipe::test(seeds = 4)]
async fn chunks_are_full_but_for_the_last() {
    let chunks = async |items: u8| Pipeline::range(0..items).chunks(3).collect::<Vec<_>>().await;
    assert_eq!(chunks(0).await, Vec::<Vec<u8>>::new());
    assert_eq!(chunks(3).await, [vec![0, 1, 2]]);
    assert_eq!(chunks(4).await, [vec![0, 1, 2], vec![3]]);
    assert_eq!(chunks(5).await, [vec![0, 1, 2], vec![3, 4]]);
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..).chunks(3).take(1).collect::<Vec<_>>().await, [vec![0, 1, 2]]);
    assert_eq!(watch.asked(), 3);
    watch.assert_gone();
    // A large one gives way while it fills: the other task goes on.
    let large = Pipeline::range(0..10_000).boundary().chunks(10_000).map(|chunk| chunk.len());
    assert_eq!(large.collect::<Vec<_>>().await, [10_000]);
}

#[anypipe::test(seeds = 4)]
async fn pairs() {
    assert_eq!(Pipeline::range(1..4).pairwise().collect::<Vec<_>>().await, [(1, 2), (2, 3)]);
    assert_eq!(Pipeline::once(1).pairwise().first().await, None);
}

#[anypipe::test(seeds = 4)]
async fn cycle_repeats_a_clone() {
    let watch = Watch::new();
    let round = watch.pipeline([1, 2, 3]);
    assert_eq!(round.cycle().take(7).collect::<Vec<_>>().await, [1, 2, 3, 1, 2, 3, 1]);
    assert_eq!(watch.asked(), 7);
    watch.assert_gone();
    assert_eq!(Pipeline::empty::<u8>().cycle().collect::<Vec<_>>().await, [0; 0]);
    // What has tasks of its own, too; a round ends early, and those before it have ended.
    let workers = Pipeline::range(0..).then(async |n| n).workers(3).take(2).cycle();
    assert_eq!(workers.take(5).collect::<Vec<_>>().await, [0, 1, 0, 1, 0]);
}

#[anypipe::test(seeds = 4)]
async fn rows_take_options() {
    let row = |n: usize| vec![n; n % 3];
    let expected: Vec<usize> = (0..40).flat_map(row).collect();
    let rows = || Pipeline::range(0..40usize).flat_map(row);
    assert_eq!(rows().collect::<Vec<_>>().await, expected);
    assert_eq!(rows().workers(4).buffer_size(2).collect::<Vec<_>>().await, expected);
    assert_eq!(rows().workers(2).blocking().collect::<Vec<_>>().await, expected);
    let mut unordered: Vec<usize> = rows().workers(4).unordered().collect().await;
    unordered.sort_unstable();
    assert_eq!(unordered, expected);
    let slow = async |n: usize| {
        anypipe::task::yield_now().await;
        vec![n; n % 3]
    };
    let rows = Pipeline::range(0..40usize).flat_map_async(slow).workers(4);
    assert_eq!(rows.collect::<Vec<_>>().await, expected);
    // A row that goes wrong while it is taken is told by the operator's name.
    let lazy = |n: u32| (0..2).inspect(move |_| assert!(n < 5, "too large"));
    let error = Pipeline::range(0..9).flat_map(lazy).named("split").workers(2).count().checked().await;
    assert_eq!(error.unwrap_err().to_string(), "stage `split` panicked: too large");
}

#[anypipe::test(seeds = 4)]
async fn segments_and_bars_give_the_same() {
    let fluent = map(|n: u32| n + 1).scan(0, |sum: &mut u32, n: u32| Some((*sum, n))).enumerate().skip(1);
    let barred =
        map(|n: u32| n + 1) | scan(0, |sum: &mut u32, n: u32| Some((*sum, n))) | enumerate() | skip(1);
    let tuple = (map(|n: u32| n + 1), scan(0, |sum: &mut u32, n: u32| Some((*sum, n))), enumerate(), skip(1));
    let expected: Vec<_> = Pipeline::range(0..5).pipe(fluent).collect().await;
    assert_eq!(expected.len(), 4);
    assert_eq!((source::range(0..5) | barred).collect::<Vec<_>>().await, expected);
    assert_eq!((source::range(0..5) | tuple).collect::<Vec<_>>().await, expected);
}

#[anypipe::test(seeds = 4)]
async fn a_tuple_of_twelve_is_a_stage() {
    let one = || map(|n: u32| n + 1);
    let twelve =
        (one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), one(), buffer(2).skip(1));
    let pipeline = Pipeline::range(0..3).pipe(twelve).pipe((one(),));
    assert_eq!(pipeline.max_in_flight(), Holds::at_most(3));
    assert_eq!(pipeline.collect::<Vec<_>>().await, [13, 14]);
}

#[anypipe::test(seeds = 4)]
async fn boxes_name_types() {
    let box_of = |even: bool| -> BoxPipeline<u32> {
        let all = Pipeline::range(0..6);
        if even { all.filter(|n| n % 2 == 0).boxed() } else { all.then(async |n| n).workers(2).boxed() }
    };
    assert_eq!(box_of(true).collect::<Vec<_>>().await, [0, 2, 4]);
    assert_eq!(box_of(false).max_in_flight(), Holds::at_most(66));
    assert_eq!(box_of(false).count().await, 6);
    let segment: BoxSegment<u32, String> = map(|n: u32| n.to_string()).buffer(3).boxed();
    assert_eq!(segment.holds(), Holds::at_most(4));
    assert_eq!((box_of(true) | segment).collect::<Vec<_>>().await, ["0", "2", "4"]);
}

#[anypipe::test(seeds = 4)]
async fn held_items_are_dropped_one_by_one() {
    struct Loud(Arc<AtomicUsize>);
    impl Drop for Loud {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a loud end");
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let loud = |dropped: &Arc<AtomicUsize>| {
        let dropped = Arc::clone(dropped);
        Pipeline::range(0..4).map(move |n| {
            assert!(n < 3, "enough");
            Loud(Arc::clone(&dropped))
        })
    };
    // Three items are held when the fourth goes wrong.
    for run in [
        loud(&dropped).chunks(9).drain(),
        loud(&dropped).take_last(9).drain(),
        loud(&dropped).skip_last(9).drain(),
    ] {
        let error = run.checked().await.unwrap_err().to_string();
        // What panics in their destructors is told beside it.
        assert!(error.starts_with("stage `map` panicked: enough"), "{error}");
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 9);
}

#[test]
#[should_panic(expected = "`chunks(0)`")]
fn chunks_of_nothing_are_refused_when_they_are_built() {
    let _ = Pipeline::range(0..9).chunks(0);
}
