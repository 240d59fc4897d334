//! What the operators that let some items through mean, with their edges, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod watched;

use anypipe::prelude::*;
use watched::Watch;

#[anypipe::test(seeds = 4)]
async fn filters() {
    let texts = || Pipeline::from_iter(["1", "x", "3"]);
    let parsed: Vec<u32> = texts().filter_map(|text| text.parse::<u32>().ok()).collect().await;
    assert_eq!(parsed, [1, 3]);
    let blocking: Vec<u32> =
        texts().filter_map(|text| text.parse::<u32>().ok()).workers(2).blocking().collect().await;
    assert_eq!(blocking, [1, 3]);
    let parsed: Vec<u32> =
        texts().filter_map_async(async |text| text.parse::<u32>().ok()).workers(3).collect().await;
    assert_eq!(parsed, [1, 3]);
    let long = async |word: &String| {
        anypipe::task::yield_now().await;
        word.len() > 1
    };
    let words = ["a", "bb", "c", "dd"].map(String::from);
    let kept: Vec<String> = Pipeline::from_iter(words).filter_async(long).workers(2).collect().await;
    assert_eq!(kept, ["bb", "dd"]);
}

#[anypipe::test(seeds = 4)]
async fn take_closes_its_source() {
    let watch = Watch::new();
    let first: Vec<u64> = watch.pipeline(0..).take(3).collect().await;
    assert_eq!((first, watch.asked()), (vec![0, 1, 2], 3));
    watch.assert_gone();
    let none: Vec<u64> = watch.pipeline(0..).take(0).collect().await;
    assert_eq!((none, watch.asked()), (vec![], 3), "`take(0)` asked for an item");
    watch.assert_gone();
}

#[anypipe::test(seeds = 4)]
async fn take_last_and_skip_last_know_the_end() {
    let last = async |items: u32, n| Pipeline::range(0..items).take_last(n).collect::<Vec<_>>().await;
    assert_eq!(last(5, 2).await, [3, 4]);
    assert_eq!(last(1, 2).await, [0]);
    assert_eq!(last(0, 2).await, [0; 0]);
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..1000).take_last(0).count().await, 0);
    assert_eq!(watch.asked(), 1000, "`take_last(0)` drains its source");
    let all_but = async |items: u32, n| Pipeline::range(0..items).skip_last(n).collect::<Vec<_>>().await;
    assert_eq!(all_but(5, 2).await, [0, 1, 2]);
    assert_eq!(all_but(2, 2).await, [0; 0]);
    assert_eq!(all_but(3, 0).await, [0, 1, 2]);
    // Held back are those that may be the last, and no more.
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..).skip_last(2).first().await, Some(0));
    assert_eq!(watch.asked(), 3);
    watch.assert_gone();
    assert_eq!(Pipeline::range(0..9).skip_last(4).take_last(3).max_in_flight(), Holds::at_most(7));
}

#[anypipe::test(seeds = 4)]
async fn picks_by_position() {
    let digits = || Pipeline::range(0..10);
    assert_eq!(digits().skip(7).collect::<Vec<_>>().await, [7, 8, 9]);
    assert_eq!(digits().skip(11).collect::<Vec<_>>().await, [0; 0]);
    assert_eq!(digits().step_by(4).collect::<Vec<_>>().await, [0, 4, 8]);
    assert_eq!(digits().step_by(usize::MAX).collect::<Vec<_>>().await, [0]);
    assert_eq!(digits().nth(10).first().await, None);
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..).nth(4).collect::<Vec<_>>().await, [4]);
    assert_eq!(watch.asked(), 5);
    watch.assert_gone();
}

#[anypipe::test(seeds = 4)]
async fn picks_by_a_condition() {
    let watch = Watch::new();
    let before: Vec<u32> = watch.pipeline(0..).take_while(|n| *n < 3).collect().await;
    assert_eq!((before, watch.asked()), (vec![0, 1, 2], 4));
    watch.assert_gone();
    let watch = Watch::new();
    let with: Vec<u32> = watch.pipeline(0..).until(|n| *n == 3).collect().await;
    assert_eq!((with, watch.asked()), (vec![0, 1, 2, 3], 4));
    watch.assert_gone();
    // Panics where it is asked once more than it may.
    let small = |n: &u32| {
        assert!(*n <= 2, "asked again");
        *n < 2
    };
    let rest: Vec<u32> = Pipeline::from_iter([0, 1, 2, 9, 1]).skip_while(small).collect().await;
    assert_eq!(rest, [2, 9, 1]);
}

#[anypipe::test(seeds = 4)]
async fn leaves_out_what_repeats() {
    let repeated = || Pipeline::from_iter([11, 11, 12, 21, 11]);
    assert_eq!(repeated().dedup().collect::<Vec<_>>().await, [11, 12, 21, 11]);
    assert_eq!(repeated().dedup_by_key(|n| n / 10).collect::<Vec<_>>().await, [11, 21, 11]);
}

#[anypipe::test(seeds = 4)]
async fn a_closure_that_panics_is_told_by_its_name() {
    let told = async |run: Run<usize>| run.checked().await.unwrap_err().to_string();
    let digits = || Pipeline::range(0..9);
    let fails = |_: &i32| -> bool { panic!("no") };
    assert_eq!(told(digits().take_while(fails).count()).await, "stage `take_while` panicked: no");
    assert_eq!(told(digits().until(fails).count()).await, "stage `until` panicked: no");
    assert_eq!(told(digits().skip_while(fails).count()).await, "stage `skip_while` panicked: no");
    let named = digits().skip_while(fails).named("early").buffer_size(2);
    assert_eq!(told(named.count()).await, "stage `early` panicked: no");
    let named = digits().skip_while(fails).buffer_size(2).named("late");
    assert_eq!(told(named.count()).await, "stage `late` panicked: no");
    for run in [
        digits().filter(fails).named("early").workers(1).count(),
        digits().filter(fails).workers(1).named("early").count(),
        digits().filter(fails).blocking().named("early").count(),
    ] {
        assert_eq!(told(run).await, "stage `early` panicked: no");
    }
    let key = |_: &i32| -> u8 { panic!("no") };
    assert_eq!(told(digits().dedup_by_key(key).count()).await, "stage `dedup_by_key` panicked: no");
    let fails = async |_: &i32| -> bool { panic!("no") };
    let run = digits().filter_async(fails).buffer_size(2).count();
    assert_eq!(told(run).await, "stage `filter_async` panicked: no");
}

#[test]
#[should_panic(expected = "`step_by(0)`")]
fn a_step_of_zero_is_refused_when_it_is_built() {
    let _ = Pipeline::range(0..9).step_by(0);
}
