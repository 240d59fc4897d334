//! What the aggregates and the terminals mean, with their edges, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod watched;

use std::time::Duration;

use anypipe::channel::{RecvError, bounded};
use anypipe::prelude::*;
use watched::Watch;

#[anypipe::test(seeds = 4)]
async fn running_folds() {
    let sums =
        async |items: u32| Pipeline::range(0..items).accumulate(|a, b| a + b).collect::<Vec<_>>().await;
    assert_eq!(sums(5).await, [0, 1, 3, 6, 10]);
    assert_eq!(sums(0).await, [0; 0]);
    let from =
        |items: u32| Pipeline::range(0..items).accumulate_from(String::new(), |all, n| format!("{all}{n}"));
    assert_eq!(from(3).collect::<Vec<_>>().await, ["", "0", "01", "012"]);
    assert_eq!(from(0).collect::<Vec<_>>().await, [""]);
}

#[anypipe::test(seeds = 4)]
async fn folds() {
    let digits = || Pipeline::range(1..5u32);
    assert_eq!(digits().fold_async(10, async |sum, n| sum + n).await, 20);
    assert_eq!(Pipeline::empty::<u32>().fold_async(10, async |sum, n| sum + n).await, 10);
    assert_eq!(Pipeline::empty::<u32>().fold(10, |sum, n| sum + n).await, 10);
    assert_eq!(digits().reduce(|a, b| a * b).await, Some(24));
    assert_eq!(Pipeline::empty::<u32>().reduce(|a, b| a * b).await, None);
    assert_eq!(digits().count().await, 4);
    assert_eq!(digits().sum::<u32>().await, 10);
    assert_eq!(Pipeline::empty::<u32>().sum::<u32>().await, 0);
    let total: Duration = digits().map(u64::from).map(Duration::from_secs).sum().await;
    assert_eq!(total, Duration::from_secs(10));
    digits().drain().await;
}

#[anypipe::test(seeds = 4)]
async fn extremes_are_those_of_iterators() {
    #[derive(Debug, Clone, Copy)]
    struct Card(u8, char);
    impl PartialEq for Card {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Card {}
    impl PartialOrd for Card {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Card {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let cards = [Card(2, 'a'), Card(1, 'b'), Card(2, 'c'), Card(1, 'd')];
    let least = Pipeline::from_iter(cards).min().await.map(|card| card.1);
    let most = Pipeline::from_iter(cards).max().await.map(|card| card.1);
    assert_eq!((least, most), (cards.iter().min().map(|c| c.1), cards.iter().max().map(|c| c.1)));
    assert_eq!(Pipeline::empty::<u8>().min().await, None);
    assert_eq!(Pipeline::empty::<u8>().max().await, None);
}

#[anypipe::test(seeds = 4)]
async fn questions_stop_at_the_answer() {
    let watch = Watch::new();
    assert!(!watch.pipeline(0..).all(|n| n < 3).await);
    assert_eq!(watch.asked(), 4);
    let watch = Watch::new();
    assert!(watch.pipeline(0..).any(|n| n == 3).await);
    assert_eq!(watch.asked(), 4);
    let watch = Watch::new();
    assert_eq!(watch.pipeline(5..).first().await, Some(5));
    assert_eq!(watch.asked(), 1);
    watch.assert_gone();
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..7).last().await, Some(6));
    watch.assert_gone();
    assert!(Pipeline::empty::<u8>().all(|_| false).await);
    assert!(!Pipeline::empty::<u8>().any(|_| true).await);
    assert_eq!(Pipeline::empty::<u8>().first().await, None);
    assert_eq!(Pipeline::empty::<u8>().last().await, None);
    // With tasks in between, they are joined before the answer is there.
    let watch = Watch::new();
    assert_eq!(watch.pipeline(0..).then(async |n| n).workers(4).first().await, Some(0));
    watch.assert_gone();
}

#[anypipe::test(seeds = 4)]
async fn for_each_async_is_one_after_the_other() {
    let (sender, receiver) = bounded(4);
    let run = Pipeline::range(0..4).for_each_async(move |n| {
        let sender = sender.clone();
        async move {
            anypipe::task::yield_now().await;
            sender.send(n).await.expect("there is room");
        }
    });
    run.await;
    assert_eq!(Pipeline::from_channel(receiver).collect::<Vec<_>>().await, [0, 1, 2, 3]);
    let run = Pipeline::range(0..4).for_each_async(async |n| assert!(n < 2, "two"));
    let error = run.checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `for_each_async` panicked: two");
}

#[anypipe::test(seeds = 4)]
async fn results() {
    let texts = |texts: &'static [&'static str]| {
        Pipeline::from_iter(texts).map(|text| text.parse::<u32>().map_err(|_| *text))
    };
    let apart: (Vec<u32>, Vec<&str>) = texts(&["1", "x", "3", "y"]).partition_results().await;
    assert_eq!(apart, (vec![1, 3], vec!["x", "y"]));

    let small = |n: u32| if n < 9 { Ok(()) } else { Err("large") };
    assert_eq!(texts(&["1", "2"]).try_for_each(small).await, Ok(()));
    assert_eq!(texts(&["1", "x", "9"]).try_for_each(small).await, Err("x"));
    assert_eq!(texts(&["9", "x"]).try_for_each(small).await, Err("large"));
    let all = texts(&["9", "x", "1", "y"]).try_for_each(small).all_errors();
    assert_eq!(all.await, Err(vec!["large", "x", "y"]));

    let add = |sum: u32, n: u32| if n < 9 { Ok(sum + n) } else { Err("large") };
    assert_eq!(texts(&["1", "2"]).try_fold(10, add).await, Ok(13));
    assert_eq!(texts(&["1", "x", "9"]).try_fold(10, add).await, Err("x"));
    // The errors of items don't end it; one of the closure does, and is the last.
    let all = texts(&["x", "9", "y"]).try_fold(10, add).all_errors();
    assert_eq!(all.await, Err(vec!["x", "large"]));
    let watch = Watch::new();
    let stopped =
        watch.pipeline(0..).map(|n| if n < 3 { Ok(n) } else { Err(n) }).try_fold(0, |a, b| Ok(a + b));
    assert_eq!(stopped.await, Err(3));
    watch.assert_gone();
}

#[anypipe::test(seeds = 4)]
async fn send_to_closes_breaks_and_hands_back() {
    // The end of the items closes the channel.
    let (sender, receiver) = bounded(8);
    assert!(Pipeline::range(0..3).send_to(sender).await.is_ok());
    assert_eq!(Pipeline::from_channel(receiver).collect::<Vec<_>>().await, [0, 1, 2]);

    // A run that fails leaves it broken.
    let (sender, receiver) = bounded(8);
    let run = Pipeline::range(0..3).map(|n| if n == 2 { panic!("two") } else { n }).send_to(sender);
    assert!(run.checked().await.is_err());
    assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(0), Ok(1)));
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));

    // Where nobody listens the item comes back.
    let watch = Watch::new();
    let (sender, receiver) = bounded(1);
    drop(receiver);
    let error = watch.pipeline(0..).send_to(sender).await.unwrap_err();
    assert_eq!(error.into_inner(), Some(0));
    watch.assert_gone();

    // Also while there is nothing to send.
    let (sender, receiver) = bounded::<u8>(1);
    let running = Pipeline::never().send_to(sender).start();
    anypipe::task::yield_now().await;
    drop(receiver);
    let error = running.await.expect("the run itself is well").unwrap_err();
    assert_eq!(error.into_inner(), None);
}
