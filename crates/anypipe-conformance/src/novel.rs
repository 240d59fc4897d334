//! G. Cases that no peer has.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use anypipe_core::ErrorKind;
use anypipe_core::option::WeighedBy;
use anypipe_core::scope::CancelToken;
use anypipe_stages::{sink, source, stage};

use crate::registry::{Census, Item};
use crate::tools::{Dropped, flow, give_way, panic_in, together, until};

crate::suite::cases! { ($) novel as __novel {
    g01_a_panic_joins_and_then_resumes(),
    g02_a_source_that_fails_is_told_by_name(),
    g02_an_error_item_comes_after_what_was_before_it(),
    g03_nothing_is_left_of_a_dropped_run(),
    g04_a_buffer_by_weight_is_never_too_heavy(),
    g05_a_stop_lets_items_finish(),
    g05_a_stop_with_a_grace_then_cancels(),
    g06_wakes_without_need_leave_no_worker_behind(),
} }

async fn g01_a_panic_joins_and_then_resumes() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let waits = stage::then(move |item: u32| {
        let tells = tells.tells();
        async move {
            assert!(item != 2, "two");
            pending::<()>().await;
            drop(tells);
            item
        }
    });
    let run = flow(source::from_iter(0..10)).pipe(waits).workers(3).named("risky").collect();
    assert_eq!(panic_in(run).await.as_deref(), Some("stage `risky` panicked: two"));
    assert_eq!(dropped.count(), 3, "the others were dropped and joined before");
}

async fn g02_a_source_that_fails_is_told_by_name() {
    let (seen, tally) = (Arc::new(AtomicUsize::new(0)), Census::new());
    let (sees, makes) = (Arc::clone(&seen), tally.clone());
    let items = (0..).map(move |value| {
        assert!(value < 5, "no more");
        makes.item(value)
    });
    let run = flow(source::from_iter(items)).pipe(stage::then(async |item| item)).into(sink::for_each(
        move |item: Item| {
            assert_eq!(item.value(), i64::try_from(sees.fetch_add(1, Ordering::SeqCst)).unwrap());
        },
    ));
    let error = run.checked().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("from_iter")));
    assert!(seen.load(Ordering::SeqCst) <= 5);
    assert_eq!((tally.made(), tally.live()), (5, 0));
}

async fn g02_an_error_item_comes_after_what_was_before_it() {
    let items = (0..10).map(|item| if item < 5 { Ok(item) } else { Err(format!("no {item}")) });
    let (seen, sees) = std::sync::mpsc::channel();
    let results = flow(source::from_iter(items))
        .pipe(stage::and_then(async |item| {
            give_way().await;
            Ok::<_, String>(item)
        }))
        .workers(3)
        .pipe(stage::inspect(move |result: &Result<i32, String>| {
            if let Ok(item) = result {
                seen.send(*item).unwrap();
            }
        }));
    let result = results.into(sink::try_collect::<Vec<_>>()).await;
    assert_eq!(result, Err("no 5".to_owned()));
    assert_eq!(sees.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

async fn g03_nothing_is_left_of_a_dropped_run() {
    let (tally, working) = (Census::new(), Arc::new(AtomicUsize::new(0)));
    let (makes, works) = (tally.clone(), Arc::clone(&working));
    together(|_| async move {
        let items = (0..).map(move |value| makes.item(value));
        let stuck = stage::then(move |item: Item| {
            let works = Arc::clone(&works);
            async move {
                if item.value() < 20 {
                    return item;
                }
                works.fetch_add(1, Ordering::SeqCst);
                pending::<()>().await;
                item
            }
        });
        let running = flow(source::from_iter(items)).pipe(stuck).workers(4).collect().start();
        until(|| working.load(Ordering::SeqCst) == 4).await;
        drop(running);
    })
    .await;
    assert_eq!(tally.live(), 0, "every item was dropped, once");
}

async fn g04_a_buffer_by_weight_is_never_too_heavy() {
    const MAX: usize = 20;
    let (weight, heaviest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (grows, peak, shrinks) = (Arc::clone(&weight), Arc::clone(&heaviest), Arc::clone(&weight));
    let work = stage::then(move |item: usize| {
        let now = grows.fetch_add(item, Ordering::SeqCst) + item;
        peak.fetch_max(now, Ordering::SeqCst);
        async move {
            give_way().await;
            item
        }
    });
    let work = work.weighed_by(MAX, |item: &usize| *item);
    let items = (0..60).map(|item| item * 5 % 9 + 1);
    let run =
        flow(source::from_iter(items.clone())).pipe(work).into(sink::fold_async(0, move |sum, item| {
            let shrinks = Arc::clone(&shrinks);
            async move {
                give_way().await;
                shrinks.fetch_sub(item, Ordering::SeqCst);
                sum + item
            }
        }));
    assert_eq!(run.await, items.sum::<usize>());
    // One item goes over it, and one more is in the sink's hand.
    let most = heaviest.load(Ordering::SeqCst);
    assert!(most <= MAX + 9 + 9, "{most} at once");
}

async fn g05_a_stop_lets_items_finish() {
    let (made, tally, token) = (Arc::new(AtomicUsize::new(0)), Census::new(), CancelToken::new());
    let (makes, counts, stops) = (Arc::clone(&made), tally.clone(), token.clone());
    let items = (0..).map(move |value| {
        makes.fetch_add(1, Ordering::SeqCst);
        counts.item(value)
    });
    let work = stage::then(move |item: Item| {
        if item.value() == 20 {
            stops.cancel();
        }
        async move {
            give_way().await;
            item
        }
    });
    let run = flow(source::from_iter(items)).pipe(work).workers(3).buffer_size(4).collect();
    let came = run.stop_on(token).await;
    let values: Vec<_> = came.iter().map(Item::value).collect();
    let all = i64::try_from(made.load(Ordering::SeqCst)).unwrap();
    assert!(all > 20);
    assert_eq!(values, (0..all).collect::<Vec<_>>(), "all that was taken came out");
    drop(came);
    assert_eq!(tally.live(), 0);
}

async fn g05_a_stop_with_a_grace_then_cancels() {
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = Arc::clone(&begun);
    let stuck = stage::then(move |item: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        async move {
            pending::<()>().await;
            item
        }
    });
    let running = flow(source::from_iter(0..)).pipe(stuck).collect().start();
    until(|| begun.load(Ordering::SeqCst) == 1).await;
    let control = running.control();
    let error = together(|group| async move {
        let run = group.spawn(running);
        control.stop();
        crate::tools::sleep(crate::tools::unit()).await;
        assert!(!run.is_finished(), "an item in flight is waited for");
        control.cancel();
        run.await.unwrap().unwrap_err()
    });
    assert!(error.await.is_cancelled());
    assert_eq!(begun.load(Ordering::SeqCst), 1, "nothing was begun after the stop");
}

async fn g06_wakes_without_need_leave_no_worker_behind() {
    for round in 1..=10 {
        let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
        // Each item wakes all workers that ever worked, idle or not.
        let meddles = stage::then(move |item: u32| {
            let wakers = Arc::clone(&wakers);
            let mut left = item % 3;
            poll_fn(move |cx| {
                let others = {
                    let mut wakers = wakers.lock().unwrap();
                    wakers.push(cx.waker().clone());
                    wakers.clone()
                };
                others.iter().for_each(Waker::wake_by_ref);
                if left == 0 {
                    return Poll::Ready(item);
                }
                left -= 1;
                Poll::Pending
            })
        });
        let run = flow(source::from_iter(0..10)).pipe(stage::then(async |item| {
            give_way().await;
            item
        }));
        let run = run.pipe(meddles).workers(3).buffer_size(round).collect();
        assert_eq!(run.await, (0..10).collect::<Vec<_>>());
    }
}
