//! Tasks that are polled on the threads for blocking work: `.blocking()`, and iterators that block.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use anypipe_core::Stage;
use anypipe_core::drive::{At, Threads, Work};
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, WrapWith};
use anypipe_core::run::Running;
use anypipe_core::scope::{CancelToken, block_here, in_blocking_work};
use anypipe_stages::option::{CatchPanics, Locate, RetryPolicy, TimeoutEach, WithInput};
use anypipe_stages::{Parallel, sink, source, stage};

use crate::tools::{Around, Dropped, beside, flow, is_virtual, next, settle, sleep, unit, until};

crate::suite::cases! { ($) pooled as __pooled {
    quick_blocking_work_shares_jobs(),
    quick_blocking_work_shares_jobs_inside_options(),
    a_try_on_the_pool_gives_way_to_a_cancel(),
    slow_blocking_work_is_a_job_for_each_item(),
    i13_no_blocking_work_begins_after_the_receiver_went(),
    an_iterator_is_read_ahead_as_far_as_it_says(),
    what_was_read_before_a_stop_is_given(),
    an_iterator_that_waits_ends_at_a_stop(),
    an_iterator_is_dropped_with_its_run(),
    an_iterator_that_never_returns_holds_up_no_stop(),
    an_iterator_that_never_returns_holds_up_no_cancel(),
    work_that_returns_within_its_patience_is_waited_for(),
    a_panic_of_an_iterator_names_its_source(),
    an_iterator_may_wait_for_a_task(),
} }

async fn quick_blocking_work_shares_jobs() {
    for workers in [1, 3] {
        let around = Around::new();
        let work = stage::map(|item: u32| {
            assert!(in_blocking_work());
            item + 1
        });
        let work = work.into_blocking().edit(|boundary| boundary.workers(workers));
        let run = flow(source::from_iter(0..2000)).pipe(work).collect().on(around.runtime());
        assert_eq!(run.await, (1..=2000).collect::<Vec<_>>());
        let jobs = around.jobs();
        assert!(jobs > 0, "it is on threads for blocking work");
        // Where time passes a slow machine may make any item slow; the simulator ends a poll now and then.
        assert!(!is_virtual() || jobs < 1500, "{jobs} jobs for 2000 items");
    }
}

/// Work on the pool, whose worker counts its calls.
type Quick = <stage::MapWith<fn() -> u32, fn(&mut u32, u32) -> Result<u32, u32>> as IntoBlocking>::Blocking;

/// How many jobs there are for so many items of quick work in this option, of which each third call gives an `Err`.
async fn jobs_inside<How, T, E, P>(how: How, items: u32) -> (usize, Vec<Result<T, E>>)
where
    P: HasBoundary + Stage<u32, Out = Result<T, E>>,
    Quick: WrapWith<How, Wrapped = P>,
    T: Send + 'static,
    E: Send + 'static,
{
    let around = Around::new();
    let work: fn(&mut u32, u32) -> Result<u32, u32> = |calls, item| {
        assert!(in_blocking_work());
        *calls += 1;
        if *calls % 3 == 0 { Err(item) } else { Ok(item) }
    };
    let init: fn() -> u32 = || 0;
    let stage = stage::map_with(init, work).into_blocking().wrap_with(how);
    let came = flow(source::from_iter(0..items)).pipe(stage).collect().on(around.runtime()).await;
    (around.jobs(), came)
}

async fn quick_blocking_work_shares_jobs_inside_options() {
    let shared = |jobs: usize, option: &str| {
        assert!(jobs > 0, "{option}: it is on threads for blocking work");
        // Where time passes a slow machine may make any item slow; the simulator ends a poll now and then.
        assert!(!is_virtual() || jobs < 225, "{option}: {jobs} jobs for 300 items");
    };
    // A try that fails is followed by one that doesn't.
    let (jobs, came) = jobs_inside(RetryPolicy::new(2), 300).await;
    assert!(came.iter().zip(0..).all(|(came, item)| *came == Ok(item)), "{came:?}");
    shared(jobs, "retry");
    let (jobs, came) = jobs_inside(WithInput, 300).await;
    let failed = came.iter().filter_map(|came| came.as_ref().err());
    assert_eq!(failed.filter(|failed| failed.input == failed.error).count(), 100);
    shared(jobs, "with_input");
    let (jobs, came) = jobs_inside(Locate, 300).await;
    let failed = came.iter().filter_map(|came| came.as_ref().err());
    assert_eq!(failed.filter(|failed| failed.index == u64::from(failed.error)).count(), 100);
    shared(jobs, "located");
    let (jobs, came) = jobs_inside(CatchPanics, 300).await;
    assert_eq!(came.iter().filter(|came| matches!(came, Ok(Ok(_)))).count(), 200);
    shared(jobs, "catch_panics");
    // What has something to do meanwhile is not where the work blocks.
    let (jobs, _) = jobs_inside(TimeoutEach { limit: unit() * 1000 }, 30).await;
    assert!(jobs >= 30, "timeout_each: {jobs} jobs for 30 items, of which none could be given up");

    // A panic is an item, and the job goes on with the next.
    let around = Around::new();
    let work = stage::map(|item: u32| {
        assert!(item % 3 != 0, "a third");
        item
    });
    let stage = work.into_blocking().wrap_with(CatchPanics);
    let run = flow(source::from_iter(0..300)).pipe(stage).collect().on(around.runtime());
    let panicked = run.await.into_iter().filter_map(Result::err).map(|panic| panic.to_string());
    assert_eq!(panicked.filter(|panic| panic == "stage `map` panicked: a third").count(), 100);
    // An item that panics may be slow, and then ends its job.
    assert!(!is_virtual() || around.jobs() < 250, "{} jobs for 300 items", around.jobs());
}

async fn a_try_on_the_pool_gives_way_to_a_cancel() {
    let (tries, over) = (Arc::new(AtomicUsize::new(0)), CancelToken::new());
    let (counts, ends) = (Arc::clone(&tries), over.clone());
    let work = stage::map(move |_: u32| {
        if counts.fetch_add(1, Ordering::SeqCst) == 100 {
            ends.cancel();
        }
        Err::<u32, _>("never")
    });
    let stage = work.into_blocking().wrap_with(RetryPolicy::new(u32::MAX));
    let run = flow(source::from_iter(0..1)).pipe(stage).collect().cancel_on(over);
    assert!(run.checked().await.unwrap_err().is_cancelled());
    let at_end = tries.load(Ordering::SeqCst);
    settle().await;
    assert_eq!(tries.load(Ordering::SeqCst), at_end, "a try began after the end");
}

async fn slow_blocking_work_is_a_job_for_each_item() {
    for workers in [1, 3] {
        let around = Around::new();
        let spends = around.clone();
        let work = stage::map(move |item: usize| {
            spends.spend(Duration::from_millis(10));
            item
        });
        let work = work.into_blocking().edit(|boundary| boundary.workers(workers));
        let run = flow(source::from_iter(0..40)).pipe(work).collect().on(around.runtime());
        assert_eq!(run.await, (0..40).collect::<Vec<_>>());
        assert!(around.jobs() >= 40, "{} jobs for 40 slow items: some waited for another", around.jobs());
    }
}

async fn i13_no_blocking_work_begins_after_the_receiver_went() {
    let (around, begun) = (Around::new(), Arc::new(AtomicUsize::new(0)));
    let (spends, begins) = (around.clone(), Arc::clone(&begun));
    let work = stage::map(move |item: usize| {
        begins.fetch_add(1, Ordering::SeqCst);
        spends.spend(Duration::from_millis(10));
        item
    });
    let mut came = flow(source::from_iter(0..)).pipe(work).blocking().stream();
    assert_eq!(next(&mut came).await, Some(0));
    drop(came);
    let at_drop = begun.load(Ordering::SeqCst);
    settle().await;
    assert!(begun.load(Ordering::SeqCst) <= at_drop + 1, "a job began after the receiver went");
}

/// Numbers, and how many were asked for.
fn counting() -> (Arc<AtomicUsize>, impl Iterator<Item = usize> + Send + 'static) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    (asked, std::iter::repeat_with(move || counts.fetch_add(1, Ordering::SeqCst)))
}

async fn an_iterator_is_read_ahead_as_far_as_it_says() {
    let (asked, numbers) = counting();
    let source = source::blocking_iter(numbers).into_boundary().edit(|boundary| boundary.buffer_size(3));
    let mut came = flow(source).stream();
    assert_eq!(next(&mut came).await, Some(0));
    until(|| asked.load(Ordering::SeqCst) == 5).await;
    settle().await;
    assert_eq!(asked.load(Ordering::SeqCst), 5, "one was given, three wait, and one is in hand");
}

async fn what_was_read_before_a_stop_is_given() {
    let (asked, numbers) = counting();
    let consumer = sink::fold_async(Vec::new(), async |mut came: Vec<usize>, number| {
        sleep(Duration::from_millis(1)).await;
        came.push(number);
        came
    });
    let running = flow(source::blocking_iter(numbers)).into(consumer).start();
    until(|| asked.load(Ordering::SeqCst) > 20).await;
    running.control().stop();
    let came = running.await.unwrap();
    assert_eq!(came, (0..asked.load(Ordering::SeqCst)).collect::<Vec<_>>());
}

async fn an_iterator_that_waits_ends_at_a_stop() {
    // For room: nobody takes anything.
    let (asked, numbers) = counting();
    let pipeline = flow(source::blocking_iter(numbers)).pipe(stage::then(async |_: usize| {
        sleep(unit() * 1000).await;
    }));
    let running = pipeline.into(sink::count()).start();
    until(|| asked.load(Ordering::SeqCst) > 5).await;
    running.control().stop_within(unit());
    assert!(running.await.unwrap_err().is_cancelled());
}

async fn an_iterator_is_dropped_with_its_run() {
    for cancels in [false, true] {
        let (held, (asked, numbers)) = (Dropped::new(), counting());
        let tells = held.tells();
        let numbers = numbers.inspect(move |_| {
            let _ = &tells;
        });
        let consumer = sink::for_each_async(async |_| sleep(Duration::from_millis(1)).await);
        let running = flow(source::blocking_iter(numbers)).into(consumer).start();
        until(|| asked.load(Ordering::SeqCst) > 5).await;
        if cancels {
            running.control().cancel();
        } else {
            running.control().stop();
        }
        let _ = running.await;
        assert_eq!(held.live(), 0, "nothing is left of a run that is over");
    }
}

/// An iterator that gives two items and then doesn't return until the sender goes.
fn stuck(
    go: mpsc::Receiver<()>,
    held: &Dropped,
) -> (Arc<AtomicBool>, impl Iterator<Item = u32> + Send + 'static) {
    let (is_stuck, tells) = (Arc::new(AtomicBool::new(false)), held.tells());
    let sticks = Arc::clone(&is_stuck);
    let mut next = 0;
    let iter = std::iter::from_fn(move || {
        let _tells = &tells;
        next += 1;
        if next > 2 {
            sticks.store(true, Ordering::SeqCst);
            let _ = go.recv();
            panic!("nobody hears it");
        }
        Some(next)
    });
    (is_stuck, iter)
}

/// Starts a run over an iterator that gets stuck, and ends it by `end`; gives what comes of it.
async fn end_stuck<T>(
    end: impl FnOnce(&Running<Vec<u32>>),
    told: impl AsyncFnOnce(Running<Vec<u32>>) -> T,
) -> Option<T> {
    // On the simulator nobody is there to let it go on.
    if is_virtual() {
        return None;
    }
    let (held, (go, goes)) = (Dropped::new(), mpsc::channel());
    let (is_stuck, iter) = stuck(goes, &held);
    let running = flow(source::blocking_iter(iter)).collect().start();
    until(|| is_stuck.load(Ordering::SeqCst)).await;
    end(&running);
    let told = told(running).await;
    assert_eq!(held.live(), 1, "the run is over, and the call is not");
    drop(go);
    until(|| held.live() == 0).await;
    Some(told)
}

async fn an_iterator_that_never_returns_holds_up_no_stop() {
    let came = end_stuck(|running| running.control().stop(), async |running| running.await.unwrap()).await;
    assert!(came.is_none_or(|came| came == [1, 2]));
}

async fn an_iterator_that_never_returns_holds_up_no_cancel() {
    let error =
        end_stuck(|running| running.control().cancel(), async |running| running.await.unwrap_err()).await;
    assert!(error.is_none_or(|error| error.is_cancelled()));
}

/// Work that doesn't return until the sender goes, and for which its run is to wait for an hour.
struct Patient {
    begun: Arc<AtomicBool>,
    go: Mutex<mpsc::Receiver<()>>,
    held: Dropped,
}

impl Work<u32> for Patient {
    type Out = u32;
    type State = ();

    fn threads(&self) -> Threads {
        Threads::BlockingFor(Duration::from_secs(3600))
    }

    async fn call(&self, (): &mut (), _at: At<'_>, item: u32) -> Option<u32> {
        block_here(|| {
            let _tells = self.held.tells();
            self.begun.store(true, Ordering::SeqCst);
            let _ = self.go.lock().unwrap().recv();
        });
        Some(item)
    }
}

async fn work_that_returns_within_its_patience_is_waited_for() {
    // On the simulator nobody is there to let it go on.
    if is_virtual() {
        return;
    }
    for stops in [false, true] {
        let (held, begun, (go, goes)) = (Dropped::new(), Arc::new(AtomicBool::new(false)), mpsc::channel());
        let work = Patient { begun: Arc::clone(&begun), go: Mutex::new(goes), held: held.clone() };
        let mut running =
            flow(source::from_iter(0..9)).pipe(Parallel::new("patient", work)).collect().start();
        until(|| begun.load(Ordering::SeqCst)).await;
        if stops {
            running.control().stop();
        } else {
            running.control().cancel();
        }
        sleep(unit() * 3).await;
        let waits = poll_fn(|cx| Poll::Ready(Pin::new(&mut running).poll(cx).is_pending())).await;
        assert!(waits && held.live() == 1, "the run is over, and the work that it is to wait for is not");
        drop(go);
        assert_eq!(running.await.is_ok(), stops);
        assert_eq!(held.live(), 0, "the run is over before the work has returned");
    }
}

async fn a_panic_of_an_iterator_names_its_source() {
    let iter = (0..9).inspect(|n| assert!(*n != 5, "five"));
    let error = flow(source::blocking_iter(iter)).collect().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `blocking_iter` panicked: five");
}

async fn an_iterator_may_wait_for_a_task() {
    // On the simulator no task could end the wait.
    if is_virtual() {
        return;
    }
    let (sender, receiver) = mpsc::channel();
    let feeds = beside(move || (0..100).for_each(|n: u32| sender.send(n).unwrap()));
    let came = flow(source::blocking_iter(receiver)).collect().await;
    assert_eq!(came, (0..100).collect::<Vec<_>>());
    feeds.join().unwrap();
}
