//! Limits of time, and how everything that loops gives way.
//!
//! Whatever races a clock polls its work first: a value that is there is never given up for a clock, and a limit
//! of zero polls the work once. A loop that never waits gives way by time, and looks at the flags.

use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::option::WeighedBy;
use anypipe_core::run::{TimedOut, fail_after, inherit, move_on_after, scoped, task_group};
use anypipe_core::scope::{CancelToken, current_scope};
use anypipe_core::{ErrorKind, Holds, Run, Source};
use anypipe_stages::option::{RetryPolicy, TimeoutEach};
use anypipe_stages::{sink, source, stage};

use crate::tools::{Around, Dropped, flow, give_way, is_exact, next, once, sleep, together, unit};

crate::suite::cases! { ($) limits as __limits {
    a_limit_of_zero_polls_the_work_once(),
    a_value_at_the_moment_of_its_limit_is_given(),
    a_value_is_never_given_up_for_a_clock(),
    receiving_under_a_limit_loses_nothing(),
    a_group_is_not_done_before_its_children(),
    what_a_future_left_behind_has_until_the_limit(),
    chunks_timeout_goes_by_time(),
    sample_goes_by_time(),
    debounce_goes_by_time(),
    timeout_each_of_zero_polls_once(),
    a_retry_that_never_waits_can_be_cancelled(),
    a_task_of_ones_own_that_never_waits_can_be_cancelled(),
    a_filter_of_slow_items_gives_way_after_each(),
    loops_over_nothing_give_way(),
    numbers_of_any_size_are_taken(),
} }

async fn a_limit_of_zero_polls_the_work_once() {
    assert_eq!(move_on_after(inherit, Duration::ZERO, ready(1)).await, Some(1));
    assert_eq!(move_on_after(inherit, Duration::ZERO, pending::<u8>()).await, None);
    assert_eq!(fail_after(inherit, Duration::ZERO, ready(1)).await, Ok(1));
    assert_eq!(fail_after(inherit, Duration::ZERO, give_way()).await, Err(TimedOut));
    let run = |future| Run::new("run", inherit, move |_scope| future).deadline(Duration::ZERO).checked();
    assert_eq!(run(ready(1)).await.unwrap(), 1);
    let late = Run::new("run", inherit, |_scope| pending::<u8>()).deadline(Duration::ZERO).checked();
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::TimedOut);
    let group = task_group(inherit, |_group| ready(1)).deadline(Duration::ZERO).checked();
    assert_eq!(group.await.unwrap(), 1);
    let passed = scoped("scoped", inherit, ready(1)).deadline(Duration::ZERO);
    assert_eq!(passed.await.unwrap(), 1);
}

async fn a_value_at_the_moment_of_its_limit_is_given() {
    // Elsewhere the moment is never quite the same.
    if is_exact() {
        assert_eq!(move_on_after(inherit, unit(), sleep(unit())).await, Some(()));
        let run = Run::new("run", inherit, |_scope| sleep(unit())).deadline(unit());
        run.checked().await.unwrap();
        let items = source::interval(unit() * 2);
        let timed = flow(items).pipe(stage::timeout(unit() * 2)).pipe(stage::take(3)).collect().await;
        assert_eq!(timed, [Ok(0), Ok(1), Ok(2)]);
    }
}

async fn a_value_is_never_given_up_for_a_clock() {
    let around = Around::new();
    let spends = around.clone();
    // The work takes longer than its limit, but has its value in the poll in which it began.
    let work = async move {
        spends.spend(unit() * 5);
        7
    };
    let run = Run::new("run", inherit, |_scope| work).deadline(unit()).on(around.runtime());
    assert_eq!(run.checked().await.unwrap(), 7);
    let spends = around.clone();
    let group = task_group(inherit, move |_group| async move {
        spends.spend(unit() * 5);
        7
    });
    assert_eq!(group.deadline(unit()).on(around.runtime()).checked().await.unwrap(), 7);
}

async fn receiving_under_a_limit_loses_nothing() {
    let (sender, receiver) = bounded::<u32>(1);
    let got = together(|group| async move {
        group.spawn(async move {
            for item in 0..40 {
                sleep(unit() / 10).await;
                sender.send(item).await.expect("the receiver is there");
            }
        });
        let mut got = Vec::new();
        loop {
            match move_on_after(inherit, unit() / 10, receiver.recv()).await {
                None => {}
                Some(Ok(item)) => got.push(item),
                Some(Err(_)) => return got,
            }
        }
    });
    assert_eq!(got.await, (0..40).collect::<Vec<_>>());
}

async fn a_group_is_not_done_before_its_children() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let group = task_group(inherit, |group| async move {
        group.spawn(async move {
            let _tells = tells;
            pending::<()>().await;
        });
        7
    });
    let late = group.deadline(unit()).checked().await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut, "a child was cut off");
    assert_eq!(dropped.live(), 0);
}

async fn what_a_future_left_behind_has_until_the_limit() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let leaves = async move {
        current_scope().expect("it is in a scope").spawn("left", async move {
            let _tells = tells;
            pending::<()>().await;
        });
        7
    };
    assert_eq!(move_on_after(inherit, unit(), leaves).await, Some(7));
    assert_eq!(dropped.live(), 0, "what it had left behind was cancelled and joined");
}

/// What an item takes below.
const SLOW: Duration = Duration::from_millis(5);

/// Numbers that come at once, after `quick` of which each takes a while to be made.
fn slow_after(quick: u64, around: &Around) -> impl Fn(u64) -> u64 + Send + Sync + use<> {
    let around = around.clone();
    move |number| {
        if number >= quick {
            around.spend(SLOW);
        }
        number
    }
}

async fn chunks_timeout_goes_by_time() {
    for quick in [0, 3000] {
        let around = Around::new();
        let lists = flow(source::from_iter(0..))
            .pipe(stage::map(slow_after(quick, &around)))
            .pipe(stage::skip(usize::try_from(quick).unwrap()))
            .pipe(stage::chunks_timeout(1000, SLOW * 10));
        let first = lists.into(sink::first()).on(around.runtime()).await.expect("there is no end");
        assert!(first.len() <= 11, "a list of {} items, of {SLOW:?} each, is late", first.len());
    }
}

async fn sample_goes_by_time() {
    let around = Around::new();
    let sampled = flow(source::from_iter(0..))
        .pipe(stage::map(slow_after(0, &around)))
        .pipe(stage::sample(SLOW * 10))
        .into(sink::first());
    let first = sampled.on(around.runtime()).await.expect("there is no end");
    assert!(first <= 10, "item {first} came in the place of one 10 items earlier");
}

async fn debounce_goes_by_time() {
    let around = Around::new();
    let spends = around.clone();
    // Each item comes after a silence, though none is ever waited for.
    let items = flow(source::from_iter(0..5)).pipe(stage::map(move |item: u32| {
        spends.spend(SLOW * 3);
        item
    }));
    let all = items.pipe(stage::debounce(SLOW)).collect().on(around.runtime()).await;
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

async fn timeout_each_of_zero_polls_once() {
    let work = stage::then(async |item: u32| {
        if item % 2 == 1 {
            pending::<()>().await;
        }
        item
    });
    let all = flow(source::from_iter(0..4)).pipe(work).wrap(TimeoutEach { limit: Duration::ZERO }).collect();
    assert_eq!(all.await, [Ok(0), Err(TimedOut), Ok(2), Err(TimedOut)]);
}

/// Starts a run that never waits and never ends, cancels it, and has it end.
async fn cancel_soon<T: Send + 'static>(run: Run<T>) {
    let cancel = CancelToken::new();
    let run = run.cancel_on(cancel.clone()).start();
    give_way().await;
    give_way().await;
    cancel.cancel();
    assert!(run.await.is_err_and(|error| error.is_cancelled()));
}

async fn a_retry_that_never_waits_can_be_cancelled() {
    let fails = stage::then(async |item: u32| Err::<u32, u32>(item));
    cancel_soon(flow(source::once(1)).pipe(fails).wrap(RetryPolicy::new(u32::MAX)).collect()).await;
}

async fn a_task_of_ones_own_that_never_waits_can_be_cancelled() {
    let takes = stage::stage(
        |mut input: stage::Input<u32>, _output: anypipe_core::channel::Sender<u32>| async move {
            while input.recv().await.is_some() {}
        },
    );
    cancel_soon(flow(source::repeat(1)).pipe(takes).collect()).await;
}

async fn a_filter_of_slow_items_gives_way_after_each() {
    for quick in [0, 3000] {
        let around = Around::new();
        let made = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&made);
        let items = flow(source::from_iter(0..))
            .pipe(stage::map(slow_after(quick, &around)))
            .pipe(stage::inspect(move |_: &u64| {
                counts.fetch_add(1, Ordering::SeqCst);
            }))
            .pipe(stage::filter(|_: &u64| false));
        let mut items = items.stream().on(around.runtime());
        let quick = usize::try_from(quick).unwrap();
        loop {
            let before = made.load(Ordering::SeqCst);
            assert!(once(pin!(next(&mut items))).await.is_pending());
            if before >= quick + 8 {
                let slow = made.load(Ordering::SeqCst) - before;
                assert!(slow <= 2, "{slow} items of {SLOW:?} went by before the filter gave way");
                break;
            }
        }
    }
}

async fn loops_over_nothing_give_way() {
    let nothing = || flow(source::repeat(1_u32));
    cancel_soon(nothing().pipe(stage::filter(|_: &u32| false)).collect()).await;
    cancel_soon(nothing().pipe(stage::skip(usize::MAX)).collect()).await;
    cancel_soon(nothing().pipe(stage::take_last(1)).collect()).await;
    cancel_soon(nothing().pipe(stage::flat_map(|_: u32| Vec::<u32>::new())).collect()).await;
    cancel_soon(nothing().pipe(stage::flat_map_stream(|_: u32| source::empty::<u32>(), 2)).collect()).await;
    cancel_soon(nothing().pipe(stage::concat_map(|_: u32| source::empty::<u32>(), 2)).collect()).await;
    cancel_soon(nothing().pipe(stage::switch_map(|_: u32| source::empty::<u32>())).collect()).await;
    cancel_soon(
        nothing().pipe(stage::chunks_timeout(usize::MAX, Duration::MAX)).pipe(stage::take(1)).collect(),
    )
    .await;
    cancel_soon(nothing().pipe(stage::debounce(Duration::MAX)).collect()).await;
    cancel_soon(nothing().pipe(stage::sample(Duration::MAX)).collect()).await;
    cancel_soon(nothing().pipe(stage::dedup()).pipe(stage::skip(1)).collect()).await;
}

async fn numbers_of_any_size_are_taken() {
    const MOST: usize = usize::MAX;
    let items = || flow(source::from_iter(0..9_u32));
    let all: Vec<u32> = (0..9).collect();
    let then = || stage::then(async |item: u32| item);
    for workers in [1, 3] {
        let of_any = items().pipe(then()).workers(workers).buffer_size(MOST);
        assert_eq!(of_any.0.holds(), Holds::UNBOUNDED);
        assert_eq!(of_any.collect().await, all);
    }
    assert_eq!(items().pipe(stage::buffer(MOST)).collect().await, all);
    let weighed = stage::buffer(4).weighed_by(MOST, |_: &u32| MOST);
    assert_eq!(items().pipe(weighed).collect().await, all);
    assert_eq!(items().pipe(stage::chunks(MOST)).collect().await, std::slice::from_ref(&all));
    let chunks = stage::chunks_timeout(MOST, Duration::MAX);
    assert_eq!(items().pipe(chunks).collect().await, std::slice::from_ref(&all));
    assert_eq!(items().pipe(stage::take(MOST)).collect().await, all);
    assert_eq!(items().pipe(stage::take_last(MOST)).collect().await, all);
    assert_eq!(items().pipe(stage::skip(MOST)).collect().await, []);
    assert_eq!(items().pipe(stage::skip_last(MOST)).collect().await, []);
    assert_eq!(items().pipe(stage::nth(MOST)).collect().await, []);
    assert_eq!(items().pipe(stage::step_by(MOST)).collect().await, [0]);
    assert_eq!(items().pipe(stage::throttle(MOST, Duration::MAX)).collect().await, all);
    let inner = |item: u32| source::from_iter([item]);
    let mut flat = items().pipe(stage::flat_map_stream(inner, MOST)).collect().await;
    flat.sort_unstable();
    assert_eq!(flat, all);
    assert_eq!(items().pipe(stage::concat_map(inner, MOST)).collect().await, all);
    let repeated = flow(source::repeat_n(7, MOST)).pipe(stage::take(3));
    assert_eq!(repeated.collect().await, [7, 7, 7]);
}
