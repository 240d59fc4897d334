//! What a run gives that is over at a deadline: a part, which is never taken for the whole.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::drive::Items;
use anypipe_core::run::{Outcome, inherit, task_group};
use anypipe_core::scope::{Deadline, Scope};
use anypipe_core::{ErrorKind, Run, Sink, Source};
use anypipe_stages::{Joined, sink, source, stage};
use futures_core::Stream;

use crate::tools::{Around, Dropped, flow, is_exact, runtime, sleep, unit};

crate::suite::cases! { ($) partials as __partials {
    a_part_is_what_had_come_by_the_deadline(),
    nothing_is_left_of_a_run_that_was_cut_off(),
    a_run_that_ends_in_time_is_complete(),
    what_comes_at_the_very_moment_counts(),
    an_input_that_always_has_an_item_is_cut_off(),
    a_deadline_of_no_length_asks_once(),
    an_item_in_hand_is_finished(),
    stages_before_the_sink_are_cut_off_with_it(),
    a_sink_beside_the_way_sees_no_end(),
    an_early_end_is_complete(),
    a_part_may_be_put_off(),
    all_errors_may_be_a_part(),
    a_run_without_a_sink_is_late(),
} }

/// The numbers from 0 on, one at each unit of time, from the first on.
fn ticks(n: usize) -> impl Source<Item = usize> {
    source::from_fn(move |sender| async move {
        for number in 0..n {
            sleep(unit()).await;
            if sender.send(number).await.is_err() {
                return;
            }
        }
    })
}

/// Between two ticks: three have come by then.
fn after_three() -> Duration {
    unit() * 7 / 2
}

/// A part of the ticks, three where time is exact.
#[track_caller]
fn assert_part(outcome: Outcome<Vec<usize>>) {
    let Outcome::Partial(came) = outcome else { panic!("{outcome:?} is no part") };
    assert_eq!(came, (0..came.len()).collect::<Vec<_>>(), "all that had come, in order");
    assert!(!is_exact() || came.len() == 3, "{came:?}");
}

async fn a_part_is_what_had_come_by_the_deadline() {
    assert_part(flow(ticks(1000)).collect().deadline_partial(after_three()).await);
    assert_part(flow(ticks(1000)).pipe(stage::buffer(4)).collect().deadline_partial(after_three()).await);
    let sum = flow(ticks(1000)).into(sink::fold(0, |sum, n| sum + n)).deadline_partial(after_three()).await;
    let count = flow(ticks(1000)).into(sink::count()).deadline_partial(after_three()).await;
    let last = flow(ticks(1000)).into(sink::last()).deadline_partial(after_three()).await;
    assert!(!sum.is_complete() && !count.is_complete() && !last.is_complete());
    if is_exact() {
        assert_eq!((sum.into_value(), count.into_value(), last.into_value()), (3, 3, Some(2)));
    }
}

async fn nothing_is_left_of_a_run_that_was_cut_off() {
    let held = Dropped::new();
    let tells = Arc::new(held.tells());
    let hold = stage::then(move |n: usize| {
        let tells = Arc::clone(&tells);
        async move {
            let _tells = tells;
            sleep(unit() * 1000).await;
            n
        }
    });
    let run = flow(source::from_iter(0..9)).pipe(hold).workers(3).collect();
    let outcome = run.deadline_partial(unit()).await;
    assert_eq!(outcome, Outcome::Partial(vec![]));
    assert_eq!(held.live(), 0, "the run has joined what it cut off");
}

async fn a_run_that_ends_in_time_is_complete() {
    let run = flow(source::from_iter(0..9)).pipe(stage::buffer(2)).collect();
    assert_eq!(run.deadline_partial(unit() * 1000).await, Outcome::Complete((0..9).collect()));
    let never = flow(source::from_iter(0..9)).collect().deadline_partial(Deadline::new()).await;
    assert_eq!(never.complete(), Some((0..9).collect()));
}

async fn what_comes_at_the_very_moment_counts() {
    // Without a task between: what comes at the moment is there when the clock is looked at.
    let ticks = || flow(source::interval(unit())).pipe(stage::enumerate());
    let end = ticks().pipe(stage::take_while(|(n, _): &(usize, _)| *n < 2)).into(sink::count());
    let item = ticks().into(sink::count());
    let outcomes = (end.deadline_partial(unit() * 2).await, item.deadline_partial(unit() * 2).await);
    if is_exact() {
        assert_eq!(outcomes, (Outcome::Complete(2), Outcome::Partial(3)));
    }
}

async fn an_input_that_always_has_an_item_is_cut_off() {
    let around = Around::new();
    let spends = around.clone();
    let spend = move |n: usize| {
        spends.spend(unit());
        n
    };
    let endless = flow(source::from_iter(0..)).pipe(stage::map(spend));
    let run = endless.clone().collect().on(around.runtime());
    let Outcome::Partial(came) = run.deadline_partial(after_three()).await else { panic!("it has no end") };
    assert!(came.len() <= 5 && came == (0..came.len()).collect::<Vec<_>>(), "{came:?}");
    let each = endless.into(sink::for_each_async(async |_| ())).on(around.runtime());
    assert_eq!(each.deadline_partial(after_three()).await, Outcome::Partial(()));
}

async fn a_deadline_of_no_length_asks_once() {
    let none = flow(source::never::<usize>()).collect().deadline_partial(Duration::ZERO).await;
    assert_eq!(none, Outcome::Partial(vec![]));
    let empty = flow(source::empty::<usize>()).collect().deadline_partial(Duration::ZERO).await;
    assert_eq!(empty, Outcome::Complete(vec![]));
    let one = flow(source::from_iter(0..9)).collect().deadline_partial(Duration::ZERO).await;
    assert_eq!(one, Outcome::Partial(vec![0]));
}

async fn an_item_in_hand_is_finished() {
    let done = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&done);
    let work = sink::for_each_async(move |_: usize| {
        let counts = Arc::clone(&counts);
        async move {
            sleep(unit() * 2).await;
            counts.fetch_add(1, Ordering::SeqCst);
        }
    });
    let outcome = flow(source::from_iter(0..1000)).into(work).deadline_partial(unit() * 3).await;
    assert_eq!(outcome, Outcome::Partial(()));
    // The second was in hand, and one that was there at the deadline is taken.
    assert!(!is_exact() || done.load(Ordering::SeqCst) == 3, "{done:?}");
}

async fn stages_before_the_sink_are_cut_off_with_it() {
    let sink = Joined { first: stage::buffer(2), second: sink::collect() };
    assert_part(flow(ticks(1000)).into(sink).deadline_partial(after_three()).await);
    // Items that wait for others are no part of it.
    let sink = Joined { first: stage::chunks(2), second: sink::collect::<Vec<_>>() };
    let outcome = flow(ticks(1000)).into(sink).deadline_partial(after_three()).await;
    assert!(!outcome.is_complete());
    assert!(!is_exact() || outcome.into_value() == [[0, 1]]);
}

/// A sink that counts the ends it sees.
#[derive(Clone)]
struct Ends(Arc<AtomicUsize>);

impl Sink<usize> for Ends {
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = usize> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            items.for_each(|_| ()).await;
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn a_sink_beside_the_way_sees_no_end() {
    let ends = Ends(Arc::default());
    let beside = flow(ticks(1000)).pipe(stage::tee(ends.clone()));
    assert_part(beside.collect().deadline_partial(after_three()).await);
    // Also where it is part of the run's sink, and is made before what gathers.
    let sink = Joined { first: stage::tee(ends.clone()), second: sink::collect() };
    assert_part(flow(ticks(1000)).into(sink).deadline_partial(after_three()).await);
    assert_eq!(
        ends.0.load(Ordering::SeqCst),
        0,
        "what was cut off looks complete to the sink beside the way"
    );
}

async fn an_early_end_is_complete() {
    let first = flow(ticks(1000)).into(sink::first()).deadline_partial(unit() * 1000).await;
    assert_eq!(first, Outcome::Complete(Some(0)));
    let failed = flow(ticks(1000)).pipe(stage::map(Err::<usize, usize>)).into(sink::try_collect::<Vec<_>>());
    assert_eq!(failed.deadline_partial(unit() * 1000).await, Outcome::Complete(Err(0)));
}

async fn a_part_may_be_put_off() {
    let deadline = Deadline::after(unit() * 1000);
    let moves = deadline.clone();
    let forward = stage::inspect(move |n: &usize| {
        if *n == 0 {
            // A unit has passed already.
            moves.set(runtime().now() + unit() * 5 / 2).expect("it has not passed");
        }
    });
    assert_part(flow(ticks(1000)).pipe(forward).collect().deadline_partial(deadline.clone()).await);
    assert!(deadline.has_passed());
}

async fn all_errors_may_be_a_part() {
    let results = flow(ticks(1000)).pipe(stage::map(Err::<(), usize>));
    let run = results.into(sink::try_collect::<Vec<()>>()).all_errors();
    assert_part(run.deadline_partial(after_three()).await.map(Result::unwrap_err));
}

async fn a_run_without_a_sink_is_late() {
    let group = task_group(inherit, |_group| async { sleep(unit() * 1000).await });
    let late = group.deadline_partial(unit()).checked().await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    let run = Run::new("run", inherit, |_| async { 7 });
    assert_eq!(run.deadline_partial(unit() * 1000).await, Outcome::Complete(7));
}
