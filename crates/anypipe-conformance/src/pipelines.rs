//! F. Pipelines.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe_core::channel::{TryRecvError, TrySendError, bounded, rendezvous};
use anypipe_core::option::WrapWith;
use anypipe_core::scope::CancelToken;
use anypipe_stages::option::{Failed, Locate, WithInput};
use anypipe_stages::{sink, source, stage};

use crate::tools::{Clock, flow, next, once, sleep, unit};

crate::suite::cases! { ($) pipelines as __pipelines {
    f01_stages_work_at_the_same_time(),
    f02_a_slow_stage_paces_the_one_before_it(),
    f03_workers_give_every_item(),
    f04_an_error_tells_its_stage_its_place_and_its_item(),
    f04_a_second_failure_is_an_error_of_its_own(),
    f05_results_are_parted_without_loss(),
    f06_nobody_overtakes_one_who_waits(),
    f07_the_high_water_mark_stays(),
    f08_workers_sleep_at_the_same_time(),
    f09_what_is_done_comes_out(),
    f10_a_clone_runs_on_its_own(),
} }

async fn f01_stages_work_at_the_same_time() {
    // The first stage ends its last item only once the second has begun its first.
    let begun = CancelToken::new();
    let begins = begun.clone();
    let first = stage::then(move |item: u32| {
        let begun = begun.clone();
        async move {
            if item == 4 {
                begun.cancelled().await;
            }
            item
        }
    });
    let second = stage::then(move |item: u32| {
        begins.cancel();
        async move { item }
    });
    assert_eq!(flow(source::from_iter(0..5)).pipe(first).pipe(second).collect().await, [0, 1, 2, 3, 4]);
}

async fn f02_a_slow_stage_paces_the_one_before_it() {
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let ends = Arc::clone(&done);
    let first = stage::then(move |item: usize| {
        let ahead = begun.fetch_add(1, Ordering::SeqCst) + 1 - done.load(Ordering::SeqCst);
        assert!(ahead <= 4, "{ahead} ahead: more than the buffer and two in hand");
        async move {
            sleep(unit() / 100).await;
            item
        }
    });
    let second = stage::then(move |item: usize| {
        let ends = Arc::clone(&ends);
        async move {
            sleep(unit()).await;
            ends.fetch_add(1, Ordering::SeqCst);
            item
        }
    });
    let run = flow(source::from_iter(0..10)).pipe(first).buffer_size(2).pipe(second).buffer_size(2);
    assert_eq!(run.collect().await, (0..10).collect::<Vec<_>>());
}

async fn f03_workers_give_every_item() {
    let work = || {
        stage::then(async |item: u64| {
            sleep(unit() / 10 * u32::try_from(item * 7 % 4).unwrap()).await;
            item * 2
        })
    };
    let items = || flow(source::from_iter(0..20));
    let all: Vec<u64> = (0..20).map(|item| item * 2).collect();
    assert_eq!(items().pipe(work()).workers(4).collect().await, all);
    let mut came = items().pipe(work()).workers(4).unordered().collect().await;
    came.sort_unstable();
    assert_eq!(came, all);
}

async fn f04_an_error_tells_its_stage_its_place_and_its_item() {
    let risky = stage::then(async |item: u32| if item == 2 { Err("bad") } else { Ok(item * 10) });
    let later = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&later);
    let second = stage::and_then(move |item: u32| {
        calls.fetch_add(1, Ordering::SeqCst);
        async move { Ok(item + 1) }
    });
    let run = flow(source::from_iter(0..4)).pipe(risky).workers(2).named("risky");
    let items = run.wrap(Locate).wrap(WithInput).pipe(second).collect().await;
    assert_eq!(items.len(), 4);
    assert_eq!((items[0].as_ref(), items[1].as_ref(), items[3].as_ref()), (Ok(&1), Ok(&11), Ok(&31)));
    let failed = items[2].as_ref().unwrap_err();
    let located = &failed.error;
    assert_eq!((failed.input, located.stage.as_str(), located.index, located.error), (2, "risky", 2, "bad"));
    assert_eq!(later.load(Ordering::SeqCst), 3, "an error skips the later stages");
}

async fn f04_a_second_failure_is_an_error_of_its_own() {
    let first =
        stage::then(
            async |item: u32| {
                if item == 1 { Err(Failed { input: item, error: "first" }) } else { Ok(item * 10) }
            },
        );
    let second = stage::and_then(async |item: u32| if item == 20 { Err("second") } else { Ok(item) });
    let run = flow(source::from_iter(0..4)).pipe(first).pipe(second.wrap_with(WithInput));
    let items = run.collect().await;
    let errors: Vec<_> = items.into_iter().filter_map(Result::err).collect();
    let expected = [Failed { input: 1, error: "first" }, Failed { input: 20, error: "second" }];
    assert_eq!(errors, expected, "the second carries what came to the second stage");
}

async fn f05_results_are_parted_without_loss() {
    let results = || {
        let items = (0..20).map(|item| if item % 3 == 0 { Err(item) } else { Ok(item) });
        flow(source::from_iter(items)).pipe(stage::boundary())
    };
    let (values, errors): (Vec<i32>, Vec<i32>) = results().into(sink::partition_results()).await;
    assert!(errors.iter().all(|item| item % 3 == 0) && values.iter().all(|item| item % 3 != 0));
    assert_eq!(values.len() + errors.len(), 20);
    assert_eq!(results().pipe(stage::ok_only()).collect().await, values);
    assert_eq!(results().pipe(stage::err_only()).collect().await, errors);
    let recovered = results().pipe(stage::recover(|item: i32| -item)).collect().await;
    let expected: Vec<_> = (0..20).map(|item| if item % 3 == 0 { -item } else { item }).collect();
    assert_eq!(recovered, expected);
}

async fn f06_nobody_overtakes_one_who_waits() {
    let (tx, rx) = rendezvous();
    let mut recv = rx.recv();
    assert!(once(&mut recv).await.is_pending());
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(recv.await, Ok(1));

    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut send = tx.send(2);
    assert!(once(&mut send).await.is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(send.await, Ok(()));
    assert_eq!(rx.try_recv(), Ok(2));
}

async fn f07_the_high_water_mark_stays() {
    let (tx, rx) = bounded(5);
    tx.send(1).await.unwrap();
    tx.send(2).await.unwrap();
    assert_eq!((rx.recv().await, rx.recv().await), (Ok(1), Ok(2)));
    let now = rx.statistics();
    assert_eq!((now.used, now.high_water), (0, 2));
}

async fn f08_workers_sleep_at_the_same_time() {
    for (workers, moments) in [(3, [1, 2, 3]), (1, [1, 3, 6])] {
        let naps = stage::then(async |nap: u32| {
            sleep(unit() * nap).await;
            nap
        });
        let clock = Clock::start();
        let mut came = flow(source::from_iter(1..=3)).pipe(naps).workers(workers).stream();
        for (nap, moment) in (1..=3).zip(moments) {
            assert_eq!(next(&mut came).await, Some(nap));
            clock.assert_at(moment);
        }
        assert_eq!(next(&mut came).await, None);
    }
}

async fn f09_what_is_done_comes_out() {
    let naps = stage::then(async |nap: u32| {
        sleep(unit() * nap).await;
        nap
    });
    let clock = Clock::start();
    let run = flow(source::from_iter([2, 4, 1, 3, 5])).pipe(naps).workers(5).unordered();
    let mut came = Vec::new();
    let mut stream = run.stream();
    while let Some(nap) = next(&mut stream).await {
        clock.assert_at(nap);
        came.push(nap);
    }
    if crate::tools::is_exact() {
        assert_eq!(came, [1, 2, 3, 4, 5]);
    }
    came.sort_unstable();
    assert_eq!(came, [1, 2, 3, 4, 5]);
}

async fn f10_a_clone_runs_on_its_own() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&seen);
    let work = stage::then(move |item: u32| {
        counts.fetch_add(1, Ordering::SeqCst);
        async move { item }
    });
    let pipeline = flow(source::from_iter(0..10)).pipe(work).workers(2);
    let first = pipeline.clone().collect().await;
    assert_eq!(seen.load(Ordering::SeqCst), 10);
    assert_eq!(pipeline.collect().await, first);
    assert_eq!(seen.load(Ordering::SeqCst), 20, "each run sees every item once");
}
