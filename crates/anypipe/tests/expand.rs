//! `expand` and its kin: work that makes work, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

mod common;

use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe::ErrorKind;
use anypipe::prelude::*;
use anypipe::stage::RetryPolicy;
use anypipe::task::CancelToken;
use anypipe::time::sleep;
use anypipe_sim::testing::Resources;
use common::{settle, ticks};
use futures_core::Stream;

/// A tree of three levels: 1, 11 to 13, 111 to 133.
async fn branches(n: u32) -> Vec<u32> {
    if n > 100 { Vec::new() } else { (1..=3).map(|part| n * 10 + part).collect() }
}

const DEEP: [u32; 13] = [1, 11, 111, 112, 113, 12, 121, 122, 123, 13, 131, 132, 133];
const WIDE: [u32; 13] = [1, 11, 12, 13, 111, 112, 113, 121, 122, 123, 131, 132, 133];

#[anypipe::test]
async fn one_worker_keeps_the_order_of_the_walk() {
    assert_eq!(Pipeline::once(1).expand(branches).collect::<Vec<_>>().await, DEEP);
    assert_eq!(Pipeline::once(1).expand(branches).breadth_first().collect::<Vec<_>>().await, WIDE);
    let segment = expand(branches).breadth_first().depth_first();
    assert_eq!((source::once(1) | segment).collect::<Vec<_>>().await, DEEP);
    // A further item of the input waits until nothing else does.
    let two = source::iter([1, 2]).expand(branches).breadth_first().collect::<Vec<_>>().await;
    assert_eq!(two[..13], WIDE);
    assert_eq!(two[13..16], [2, 21, 22]);
}

#[anypipe::test]
async fn workers_give_the_same_items() {
    for unordered in [false, true] {
        let walk = Pipeline::once(1).expand(branches).workers(4).buffer_size(1);
        let walk = if unordered { walk.unordered() } else { walk };
        let mut all: Vec<u32> = walk.collect().await;
        all.sort_unstable();
        assert_eq!(all, WIDE);
    }
}

#[anypipe::test]
async fn workers_work_at_the_same_time() {
    // Without, the eight would wait for each other for ever.
    let met = anypipe::sync::Barrier::new(8);
    let all = Pipeline::once(0_u32)
        .expand(using(met, async |met, n: u32| {
            if n == 0 {
                return (1..9).collect();
            }
            met.wait().await;
            Vec::new()
        }))
        .workers(8)
        .count();
    assert_eq!(all.await, 9);
}

#[anypipe::test]
async fn nothing_in_nothing_out() {
    assert_eq!(source::iter(Vec::new()).expand(branches).workers(3).count().await, 0);
}

#[anypipe::test]
async fn depth_is_counted_from_the_input() {
    let calls = Arc::new(AtomicUsize::new(0));
    for (n, items, called) in [(0, 1, 0), (1, 4, 1), (2, 13, 4), (usize::MAX, 13, 13)] {
        calls.store(0, Ordering::SeqCst);
        let counts = Arc::clone(&calls);
        let f = move |n| {
            counts.fetch_add(1, Ordering::SeqCst);
            branches(n)
        };
        let count = Pipeline::once(1).expand(f).workers(2).max_depth(n).count().await;
        assert_eq!((count, calls.load(Ordering::SeqCst)), (items, called), "max_depth({n})");
    }
    // What goes out there only the closure knows.
    let twice = async |n: u32| (n * 2, branches(n).await);
    let all: Vec<u32> = Pipeline::once(1).expand_map(twice).max_depth(1).collect().await;
    assert_eq!(all, [2, 22, 24, 26]);
}

#[anypipe::test]
async fn a_circle_ends_where_its_keys_are_known() {
    let next = async |n: u32| [(n + 1) % 5, (n + 2) % 5];
    let mut all: Vec<u32> = Pipeline::once(3).expand(next).workers(3).dedup_by(|n| *n).collect().await;
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);
    // Without it is endless, and whoever has enough ends it.
    let some: Vec<u32> = Pipeline::once(3).expand(next).take(7).collect().await;
    assert_eq!(some, [3, 4, 0, 1, 2, 3, 4]);
    let some: Vec<u32> = Pipeline::once(3).expand(next).breadth_first().workers(4).take(100).collect().await;
    assert_eq!(some.len(), 100);
}

#[anypipe::test]
async fn input_that_is_a_copy_is_left_out_too() {
    let all: Vec<u32> = source::iter([1, 1, 2]).expand(async |_| []).dedup_by(|n| *n).collect().await;
    assert_eq!(all, [1, 2]);
}

#[anypipe::test(seeds = 1, timeout = "900s")]
async fn a_million_leaves_hold_little() {
    /// Counts what waits.
    struct Counted(u32, Arc<(AtomicUsize, AtomicUsize)>);
    impl Counted {
        fn new(level: u32, counts: &Arc<(AtomicUsize, AtomicUsize)>) -> Self {
            let live = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
            counts.1.fetch_max(live, Ordering::SeqCst);
            Self(level, Arc::clone(counts))
        }
    }
    impl Clone for Counted {
        fn clone(&self) -> Self {
            Self::new(self.0, &self.1)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    // Ten branches at each of six levels are 1 111 111 nodes: enough on one runtime.
    let most_levels = if anypipe::runtime::current().name() == "tokio" { 6 } else { 3 };
    for (lists, levels) in [(true, most_levels), (false, 3)] {
        let counts = Arc::default();
        let f = move |Counted(level, counts): &Counted| {
            let (level, counts) = (*level, Arc::clone(counts));
            let row =
                (0..if level == levels { 0 } else { 10 }).map(move |_| Counted::new(level + 1, &counts));
            let row: Box<dyn Iterator<Item = Counted> + Send> =
                if lists { Box::new(row.collect::<Vec<_>>().into_iter()) } else { Box::new(row) };
            row
        };
        let walk = Pipeline::once(Counted::new(0, &counts))
            .expand(move |item| std::future::ready(f(&item)))
            .workers(2)
            .buffer_size(4);
        let count = walk.count().await;
        assert_eq!(count, (0..=levels).map(|level| 10_usize.pow(level)).sum::<usize>());
        let most = counts.1.load(Ordering::SeqCst);
        // A row for each worker and level; and what is in the buffer, in work twice, in hands.
        let hands = 4 + 2 * 2 + 8;
        let rows = 2 * levels as usize * if lists { 10 } else { 0 };
        assert!(most <= rows + hands, "{most} waited at once, lists: {lists}");
    }
}

#[anypipe::test(seeds = 1)]
async fn a_long_chain_leaves_nothing_behind() {
    let next = async |n: u32| (n < 20_000).then_some(n + 1);
    assert_eq!(Pipeline::once(0).expand(next).last().await, Some(20_000));
}

#[anypipe::test]
async fn a_slow_consumer_holds_the_work_back() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&begun);
    let walk = Pipeline::once(0_u64).expand(move |n| {
        counts.fetch_add(1, Ordering::SeqCst);
        std::future::ready([2 * n + 1, 2 * n + 2])
    });
    let walk = walk.workers(3).buffer_size(5);
    let mut items = pin!(walk.into_stream());
    assert_eq!(poll_fn(|cx| items.as_mut().poll_next(cx)).await, Some(0));
    settle().await;
    settle().await;
    assert!(begun.load(Ordering::SeqCst) <= 5 + 3 + 2, "{begun:?} were begun");
    assert!(begun.load(Ordering::SeqCst) > 1);
}

#[anypipe::test]
async fn an_error_goes_out_and_the_others_go_on() {
    let f = async |n: u32| if n == 12 { Err("no way") } else { Ok(branches(n).await) };
    let all: Vec<_> = Pipeline::once(1).try_expand(f).collect().await;
    let expected =
        [Ok(1), Ok(11), Ok(111), Ok(112), Ok(113), Err("no way"), Ok(13), Ok(131), Ok(132), Ok(133)];
    assert_eq!(all, expected);
    let stopped = Pipeline::once(1).try_expand(f).workers(4).try_collect::<Vec<_>>().await;
    assert_eq!(stopped, Err("no way"));
}

#[anypipe::test]
async fn the_options_of_then_go_behind_it() {
    // Each fails once: what the try that failed gave doesn't count.
    let tries = std::sync::Mutex::new(HashMap::new());
    let f = using(tries, async |tries: &std::sync::Mutex<HashMap<u32, u32>>, n: u32| {
        let calls = {
            let mut tries = tries.lock().unwrap();
            let calls = tries.entry(n).or_insert(0);
            *calls += 1;
            *calls
        };
        let row = branches(n).await;
        (if calls == 1 { Err(n) } else { Ok(n) }, row)
    });
    let all: Vec<_> = Pipeline::once(1)
        .expand_map(f)
        .retry(RetryPolicy::new(2))
        .workers(2)
        .dedup_by(|n| *n)
        .collect()
        .await;
    assert_eq!(all.len(), 13);
    assert!(all.iter().all(Result::is_ok));

    // One that takes too long makes nothing, and ends all the same.
    let slow = async |n: u32| {
        if n == 11 {
            std::future::pending::<()>().await;
        }
        branches(n).await
    };
    let all: Vec<_> = Pipeline::once(1).expand(slow).timeout_each(ticks(1)).collect().await;
    assert_eq!(all.iter().filter(|item| item.is_ok()).count(), 9);
    assert_eq!(all.iter().filter(|item| item.is_err()).count(), 1);

    let bad = async |n: u32| {
        assert!(n != 12, "not this");
        branches(n).await
    };
    let all: Vec<_> = Pipeline::once(1).expand(bad).catch_panics().workers(2).collect().await;
    assert_eq!(all.iter().filter(|item| item.is_err()).count(), 1);
    assert_eq!(all.len(), 10);

    let named = Pipeline::once(1).expand(bad).named("walk").count().checked().await.unwrap_err();
    assert_eq!((named.kind(), named.stage()), (ErrorKind::Panicked, Some("walk")));
}

#[anypipe::test]
async fn a_panic_names_the_stage_and_is_no_end() {
    let (resources, bad) = (Resources::new(), async |n: u32| {
        assert!(n != 112, "too deep");
        branches(n).await
    });
    let held = resources.clone();
    let walk = Pipeline::once(1).expand(bad).workers(2).map(move |n| held.hold(n));
    let error = walk.buffer_size(3).count().checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("expand")));
    resources.assert_none_left();
    // A row that panics, when it is asked for its items.
    let rows = async |_| (0..3).map(|n| if n == 0 { panic!("a bad row") } else { n });
    let error = Pipeline::once(7).expand(rows).workers(2).count().checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("expand")), "{error}");
    let keys = Pipeline::once(7).expand(async |n: u32| [n]).dedup_by(|_| -> u32 { panic!("a bad key") });
    let error = keys.count().checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("expand")), "{error}");
}

#[anypipe::test]
async fn a_cancel_lets_go_of_what_waits() {
    let (resources, token) = (Resources::new(), CancelToken::new());
    let start = Pipeline::once((0_u64, resources.hold(())));
    let walk = start.expand(using((token.clone(), resources.clone()), async |(token, resources), (n, _)| {
        if n == 40 {
            token.cancel();
        }
        sleep(Duration::from_micros(10)).await;
        (1..=4).map(|part| (n * 4 + part, resources.hold(()))).collect::<Vec<_>>()
    }));
    let error = walk.workers(3).breadth_first().count().cancel_on(token).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    resources.assert_none_left();
}

#[test]
fn no_workers_are_refused() {
    let refused = catch_unwind(AssertUnwindSafe(|| Pipeline::once(1).expand(branches).workers(0)));
    assert!(refused.is_err());
    assert_eq!(Pipeline::once(1).expand(branches).workers(3).max_in_flight(), Holds::UNBOUNDED);
}
