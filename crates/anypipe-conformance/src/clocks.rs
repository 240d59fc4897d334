//! Waits and ticks: when they are over, what becomes of those that come late, and lengths of any size.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anypipe_core::Run;
use anypipe_core::run::{Interval, MissedTicks, inherit, interval, interval_at, move_on_after, sleep_until};
use anypipe_core::runtime::Alarm;
use anypipe_core::scope::CancelToken;

use crate::tools::{
    Around, Clock, beside, give_way, is_exact, next, once, panic_of, runtime, sleep, unit, wait,
};

crate::suite::cases! { ($) clocks as __clocks {
    a_wait_until_a_moment_ends_then(),
    a_wait_of_any_length_is_taken(),
    a_limit_of_any_length_is_taken(),
    ticks_come_at_equal_distances(),
    ticks_begin_at_their_start(),
    missed_ticks_burst(),
    missed_ticks_delay_the_rest(),
    missed_ticks_are_skipped(),
    a_tick_that_is_a_little_late_is_not_missed(),
    ticks_that_are_due_give_way(),
    a_tick_that_nobody_took_is_not_lost(),
    an_interval_starts_anew(),
    an_interval_of_any_period_is_taken(),
    an_interval_can_be_made_outside_of_a_runtime(),
} }

/// Lengths that reach beyond all time, or beyond any program.
fn endless() -> [Duration; 5] {
    let year = 365 * 24 * 3600;
    [
        Duration::MAX,
        Duration::MAX.saturating_sub(Duration::from_nanos(1)),
        Duration::from_secs(u64::MAX / 2),
        Duration::from_secs(1_000_000 * year),
        Duration::from_secs(200 * year),
    ]
}

/// The next tick, that is due already.
async fn due(ticks: &mut Interval) -> Instant {
    let before = runtime().now();
    let due = ticks.tick().await;
    assert!(due <= before && (!is_exact() || runtime().now() == before), "it is waited for");
    due
}

async fn a_wait_until_a_moment_ends_then() {
    let clock = Clock::start();
    let at = runtime().now() + unit();
    sleep_until(inherit, at).await;
    clock.assert_at(1);
    assert!(runtime().now() >= at);
    // What is over is not waited for.
    for over in [at, runtime().now()] {
        assert!(once(Box::pin(sleep_until(inherit, over))).await.is_ready());
    }
    let far = runtime().now() + Duration::from_secs(200 * 365 * 24 * 3600);
    assert_eq!(move_on_after(inherit, unit(), sleep_until(inherit, far)).await, None);
}

async fn a_wait_of_any_length_is_taken() {
    for length in endless() {
        let mut sleep = runtime().sleep(length);
        assert_eq!(move_on_after(inherit, unit(), &mut sleep).await, None, "{length:?} is over");
        sleep.reset(Duration::ZERO);
        (&mut sleep).await;
        sleep.reset(length);
        assert!(once(&mut sleep).await.is_pending(), "{length:?} is over at once");
        sleep.reset(unit());
        sleep.await;
        let mut alarm = Alarm::new(&runtime());
        alarm.set(length);
        assert!(!alarm.is_due());
    }
}

async fn a_limit_of_any_length_is_taken() {
    for length in endless() {
        assert_eq!(move_on_after(inherit, length, sleep(unit())).await, Some(()), "{length:?}");
        let run = Run::new("run", inherit, |_scope| sleep(unit())).deadline(length);
        assert!(run.checked().await.is_ok(), "{length:?}");
    }
}

async fn ticks_come_at_equal_distances() {
    let clock = Clock::start();
    let mut ticks = interval(inherit, unit());
    assert_eq!(ticks.period(), unit());
    let first = ticks.tick().await;
    for tick in 1..5 {
        assert_eq!(ticks.tick().await, first + unit() * tick);
        clock.assert_at(tick);
    }
    assert_eq!(next(&mut ticks).await, Some(first + unit() * 5), "as a stream");
}

async fn ticks_begin_at_their_start() {
    let clock = Clock::start();
    let start = runtime().now() + unit() * 2;
    let mut ticks = interval_at(inherit, start, unit());
    assert_eq!(ticks.tick().await, start);
    clock.assert_at(2);
    assert_eq!(ticks.tick().await, start + unit());
    // A start that is over: what was missed since comes at once.
    let mut late = interval_at(inherit, start, unit());
    for tick in 0..2 {
        assert_eq!(due(&mut late).await, start + unit() * tick);
    }
}

/// Takes the first tick at the beginning, the second three and a half periods later, and then goes on.
async fn miss<T, Fut>(missed: MissedTicks, go_on: impl FnOnce(Interval, Clock) -> Fut + Send + 'static) -> T
where
    T: Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let around = Around::new();
    let spends = around.clone();
    let run = Run::new("run", inherit, move |_scope| async move {
        let mut ticks = interval(inherit, unit()).missed(missed);
        let clock = Clock::start();
        let first = ticks.tick().await;
        spends.spend(unit() * 3 + unit() / 2);
        assert_eq!(ticks.tick().await, first + unit(), "the one that is late");
        go_on(ticks, clock).await
    });
    run.on(around.runtime()).await
}

async fn missed_ticks_burst() {
    miss(MissedTicks::Burst, |mut ticks, _clock| async move {
        assert!(due(&mut ticks).await < due(&mut ticks).await);
        let before = runtime().now();
        let next = ticks.tick().await;
        assert!(runtime().now() >= next);
        assert!(!is_exact() || next - before == unit() / 2);
    })
    .await;
}

async fn missed_ticks_delay_the_rest() {
    miss(MissedTicks::Delay, |mut ticks, clock| async move {
        // The late one was taken no earlier than this.
        let late = unit() * 3 + unit() / 2;
        let due = ticks.tick().await;
        assert!(clock.elapsed() >= late + unit());
        assert!(!is_exact() || clock.elapsed() == late + unit());
        let next = ticks.tick().await;
        assert!(next - due >= unit());
    })
    .await;
}

async fn missed_ticks_are_skipped() {
    miss(MissedTicks::Skip, |mut ticks, clock| async move {
        let due = ticks.tick().await;
        assert!(clock.elapsed() >= unit() * 4);
        assert!(!is_exact() || clock.elapsed() == unit() * 4);
        let next = ticks.tick().await;
        // A slow machine may miss some more.
        assert_eq!((next - due).as_nanos() % unit().as_nanos(), 0, "they keep to their places");
    })
    .await;
}

async fn a_tick_that_is_a_little_late_is_not_missed() {
    // Elsewhere a tick may be later than that by itself.
    if !is_exact() {
        return;
    }
    for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
        let clock = Clock::start();
        let mut ticks = interval(inherit, unit()).missed(missed);
        ticks.tick().await;
        sleep(unit() + Duration::from_millis(5)).await;
        ticks.tick().await;
        ticks.tick().await;
        clock.assert_at(2);
    }
}

async fn ticks_that_are_due_give_way() {
    let (around, ticked) = (Around::new(), Arc::new(AtomicUsize::new(0)));
    let (spends, counts) = (around.clone(), Arc::clone(&ticked));
    let cancel = CancelToken::new();
    let run = Run::new("run", inherit, move |_scope| async move {
        let mut ticks = interval(inherit, Duration::from_nanos(1));
        ticks.tick().await;
        loop {
            // There is always one that is due.
            spends.spend(Duration::from_nanos(10));
            ticks.tick().await;
            counts.fetch_add(1, Ordering::SeqCst);
        }
    });
    let run: Run<()> = run;
    let running = run.on(around.runtime()).cancel_on(cancel.clone()).start();
    while ticked.load(Ordering::SeqCst) < 1000 {
        give_way().await;
    }
    cancel.cancel();
    assert!(running.await.is_err_and(|error| error.is_cancelled()));
}

async fn a_tick_that_nobody_took_is_not_lost() {
    let mut ticks = interval(inherit, unit());
    let first = ticks.tick().await;
    for _ in 0..3 {
        let _ = once(Box::pin(ticks.tick())).await;
    }
    sleep(unit() / 2).await;
    assert_eq!(move_on_after(inherit, unit() * 10_000, ticks.tick()).await, Some(first + unit()));
}

async fn an_interval_starts_anew() {
    let mut ticks = interval(inherit, unit());
    ticks.tick().await;
    sleep(unit() / 2).await;
    let before = runtime().now();
    ticks.reset();
    let at = ticks.tick().await;
    assert!(at >= before + unit() && runtime().now() >= at);
    let before = runtime().now();
    ticks.reset_after(unit() * 3);
    assert!(ticks.tick().await >= before + unit() * 3);
    let over = runtime().now();
    ticks.reset_at(over);
    due(&mut ticks).await;
    ticks.reset_after(Duration::ZERO);
    due(&mut ticks).await;
}

async fn an_interval_of_any_period_is_taken() {
    let refused = panic_of(|| interval(inherit, Duration::ZERO)).expect("zero is refused");
    assert!(refused.contains("an interval of zero"), "{refused}");
    assert!(panic_of(|| interval_at(inherit, runtime().now(), Duration::ZERO)).is_some());
    for period in endless() {
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            let mut ticks = interval(inherit, period).missed(missed);
            ticks.tick().await;
            assert!(once(Box::pin(ticks.tick())).await.is_pending());
            ticks.reset();
            assert!(once(Box::pin(ticks.tick())).await.is_pending());
            ticks.reset_after(Duration::ZERO);
            due(&mut ticks).await;
        }
    }
}

async fn an_interval_can_be_made_outside_of_a_runtime() {
    let period = unit();
    let mut ticks = beside(move || interval(inherit, period)).join().unwrap();
    let first = ticks.tick().await;
    assert_eq!(ticks.tick().await, first + unit());
    // And is of no use there, which is told.
    let asked = beside(move || panic_of(|| wait(interval(inherit, period).tick())));
    assert!(asked.join().unwrap().is_some_and(|text| text.contains("no runtime")));
}
