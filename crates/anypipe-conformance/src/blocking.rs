//! Work on the threads for blocking work: no more of it than there are workers, and none for nobody.

use std::any::Any;
use std::future::{Future, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use anypipe_core::drive::{At, Work};
use anypipe_core::option::{HasBoundary, IntoBlocking, WrapWith};
use anypipe_core::run::{Control, Running, TimedOut, inherit, move_on_after};
use anypipe_core::scope::current_scope;
use anypipe_core::{ErrorKind, Run, Source, Stage};
use anypipe_stages::option::{RetryPolicy, TimeoutEach, TryTimeoutEach};
use anypipe_stages::{Parallel, source, stage};

use crate::tools::{Around, Dropped, flow, is_virtual, runtime, settle, sleep, together, unit, until};

crate::suite::cases! { ($) blocking as __blocking {
    nothing_begins_for_a_consumer_that_went(),
    work_that_was_given_up_keeps_its_worker(),
    work_that_was_given_up_keeps_its_key(),
    work_that_was_given_up_keeps_the_next_try(),
    work_that_was_given_up_brings_back_its_workers_state(),
    work_that_is_abandoned_is_joined_by_nobody(),
    abandonable_work_that_has_not_begun_goes_with_its_handle(),
    abandonable_work_that_is_lost_tells(),
    abandonable_work_gives_what_it_gives(),
    what_is_kept_for_a_runtime_is_one_of_each_type(),
} }

async fn nothing_begins_for_a_consumer_that_went() {
    for workers in [1, 3] {
        let calls = |begun: Arc<AtomicUsize>| move |item: u32| item + count(&begun);
        // Its input is polled in a job.
        let none = Around::new();
        begins_nothing(none.clone(), |begun| stage::map(calls(begun)).into_blocking(), workers).await;
        let calls_with = |begun: Arc<AtomicUsize>| move |(): &mut (), item: u32| item + count(&begun);
        let map_with = |begun| stage::map_with(|| {}, calls_with(begun)).into_blocking();
        begins_nothing(none, map_with, workers).await;
        // And here in a task, before the job.
        let limit = TimeoutEach { limit: unit() };
        let map = |begun| stage::map(calls(begun)).into_blocking().wrap_with(limit);
        begins_nothing(keeps_jobs(), map, workers).await;
        let then = |begun: Arc<AtomicUsize>| stage::then(move |item: u32| ready(item + count(&begun)));
        begins_nothing(keeps_jobs(), then, workers).await;
        // Also where the operator is somebody's who doesn't wait for the first poll.
        begins_nothing(keeps_jobs(), |begun| Parallel::new("hasty", Hasty(begun)), workers).await;
    }
}

fn keeps_jobs() -> Around {
    let around = Around::new();
    around.keep_jobs();
    around
}

fn count(begun: &AtomicUsize) -> u32 {
    begun.fetch_add(1, Ordering::SeqCst);
    0
}

struct Hasty(Arc<AtomicUsize>);

impl Work<u32> for Hasty {
    type Out = u32;
    type State = ();

    fn call<'a>(
        &'a self,
        (): &'a mut (),
        _at: At<'a>,
        item: u32,
    ) -> impl Future<Output = Option<u32>> + Send + 'a {
        ready(Some(item + count(&self.0)))
    }
}

/// Has the consumer of a stage go while the stage takes its first item.
async fn begins_nothing<G>(around: Around, make: impl FnOnce(Arc<AtomicUsize>) -> G, workers: usize)
where
    G: Stage<u32> + HasBoundary,
{
    let (begun, input) = (Arc::new(AtomicUsize::new(0)), Dropped::new());
    let stage = make(Arc::clone(&begun)).edit(|boundary| boundary.workers(workers));
    let tells = input.tells();
    let run = Run::new("run", inherit, move |scope| {
        let consumer: Arc<Mutex<Option<Box<dyn Any + Send>>>> = Arc::default();
        let goes = Arc::clone(&consumer);
        let items = std::iter::once_with(move || {
            let _held = &tells;
            let gone = goes.lock().unwrap().take();
            drop(gone);
            1
        });
        // Held meanwhile: on another thread the stage may take its item at once.
        let mut out = consumer.lock().unwrap();
        *out = Some(Box::new(stage.attach(source::from_iter(items).attach(scope), scope)));
        drop(out);
        until(move || input.live() == 0)
    });
    run.on(around.runtime()).await;
    assert_eq!((begun.load(Ordering::SeqCst), around.kept_jobs()), (0, 0), "begun for nobody");
}

/// How many workers of the stage wait for a thread.
fn overdue(control: &Control, stage: &str) -> u64 {
    control.stats().stage(stage).map_or(0, |stage| stage.overdue)
}

/// Lets the limit of some work pass again and again while no thread ends, then lets all end.
async fn pass_limits<T: Send + 'static>(around: Around, running: Running<Vec<T>>, jobs: usize) -> Vec<T> {
    until(|| around.kept_jobs() == jobs).await;
    sleep(unit() * 5).await;
    assert_eq!(around.kept_jobs(), jobs, "work that was given up runs on, and counts");
    around.let_jobs_go();
    running.await.unwrap()
}

async fn work_that_was_given_up_keeps_its_worker() {
    let around = Around::new();
    around.keep_jobs();
    let work = flow(source::from_iter(0..6)).pipe(stage::map(|n: u32| n)).blocking();
    let run = work.wrap(TimeoutEach { limit: unit() }).workers(2).collect();
    let running = run.on(around.runtime()).start();
    let control = running.control();
    until(|| overdue(&control, "map") == 2).await;
    let came = pass_limits(around, running, 2).await;
    assert_eq!(overdue(&control, "map"), 0);
    assert_eq!((came.len(), &came[..2]), (6, [Err(TimedOut), Err(TimedOut)].as_slice()));
}

async fn work_that_was_given_up_keeps_its_key() {
    let around = Around::new();
    around.keep_jobs();
    let work = flow(source::from_iter(0..6)).pipe(stage::map(|n: u32| n)).blocking();
    let run = work.wrap(TimeoutEach { limit: unit() }).workers(3).keyed(|n: &u32| n / 3).collect();
    let running = run.on(around.runtime()).start();
    // Three of each of two keys: the third worker has nothing to do.
    let came = pass_limits(around, running, 2).await;
    assert_eq!(came.len(), 6);
}

async fn work_that_was_given_up_keeps_the_next_try() {
    let around = Around::new();
    around.keep_jobs();
    let work = flow(source::from_iter(0..6)).pipe(stage::map(Ok::<u32, TimedOut>)).blocking();
    let work = work.wrap(TryTimeoutEach { limit: unit() }).wrap(RetryPolicy::new(2));
    let running = work.workers(2).collect().on(around.runtime()).start();
    let came = pass_limits(around, running, 2).await;
    // A machine under load may miss a limit again.
    assert!(came.len() == 6 && (!is_virtual() || came.iter().all(Result::is_ok)), "{came:?}");
}

async fn work_that_was_given_up_brings_back_its_workers_state() {
    let (around, made) = (Around::new(), Arc::new(AtomicUsize::new(0)));
    around.keep_jobs();
    let makes = Arc::clone(&made);
    let counts = stage::map_with(
        move || count(&makes),
        |calls: &mut u32, _: u32| {
            *calls += 1;
            *calls
        },
    );
    let work = flow(source::from_iter(0..4)).pipe(counts).blocking().wrap(TimeoutEach { limit: unit() });
    let running = work.collect().on(around.runtime()).start();
    let control = running.control();
    until(|| overdue(&control, "map_with") == 1).await;
    let came = pass_limits(around, running, 1).await;
    assert_eq!((came.len(), &came[0]), (4, &Err(TimedOut)));
    assert_eq!(made.load(Ordering::SeqCst), 1);
    // The call whose item was given up has counted too. A machine under load may miss a limit again.
    let counted = came.iter().zip(1..).skip(1).all(|(came, call)| *came == Ok(call) || came.is_err());
    assert!(counted, "{came:?}");
}

async fn work_that_is_abandoned_is_joined_by_nobody() {
    // On the simulator nobody is there to let it go on.
    if is_virtual() {
        return;
    }
    let (go, goes) = mpsc::channel::<()>();
    let (begun, held) = (Arc::new(AtomicBool::new(false)), Dropped::new());
    let (begins, tells) = (Arc::clone(&begun), held.tells());
    let run = Run::new("run", inherit, move |scope| {
        let job = scope.spawn_abandonable("job", move || {
            let _tells = tells;
            begins.store(true, Ordering::SeqCst);
            let _ = goes.recv();
            panic!("nobody hears it");
        });
        async move {
            until(|| begun.load(Ordering::SeqCst)).await;
            let _: Option<Result<(), _>> = move_on_after(inherit, Duration::ZERO, job).await;
        }
    });
    run.await;
    assert_eq!(held.live(), 1, "the run is over, and the work is not");
    drop(go);
    until(|| held.live() == 0).await;
}

async fn abandonable_work_that_has_not_begun_goes_with_its_handle() {
    let (around, held, begun) = (Around::new(), Dropped::new(), Arc::new(AtomicUsize::new(0)));
    around.keep_jobs();
    let (tells, begins) = (held.tells(), Arc::clone(&begun));
    let run = Run::new("run", inherit, move |scope| {
        let job = scope.spawn_abandonable("job", move || {
            let _tells = tells;
            count(&begins)
        });
        async move {
            assert!(move_on_after(inherit, Duration::ZERO, job).await.is_none());
        }
    });
    run.on(around.runtime()).await;
    assert_eq!(held.live(), 0);
    around.let_jobs_go();
    settle().await;
    assert_eq!(begun.load(Ordering::SeqCst), 0);
}

async fn abandonable_work_that_is_lost_tells() {
    let around = Around::new();
    around.keep_jobs();
    let loses = around.clone();
    let run = Run::new("run", inherit, move |scope| {
        let job = scope.spawn_abandonable("job", || 1);
        async move {
            loses.drop_jobs();
            job.await.unwrap_err().kind()
        }
    });
    assert_eq!(run.on(around.runtime()).checked().await.unwrap(), ErrorKind::RuntimeGone);
}

async fn abandonable_work_gives_what_it_gives() {
    let scope = current_scope().expect("a case runs in a scope");
    assert_eq!(scope.spawn_abandonable("job", || 1).await.unwrap(), 1);
    let failed = scope.spawn_abandonable("job", || -> u8 { panic!("it is heard") }).await.unwrap_err();
    assert!(failed.is_panic() && failed.to_string().contains("it is heard"), "{failed}");
    assert!(!scope.is_cancelled());
}

async fn what_is_kept_for_a_runtime_is_one_of_each_type() {
    /// Of this case alone: what is kept may be the program's.
    #[derive(Default)]
    struct Mine(AtomicUsize);
    #[derive(Default)]
    struct Another(AtomicUsize);
    struct Nested;
    let kept = runtime().locals().get_or_init(Mine::default);
    kept.0.store(5, Ordering::SeqCst);
    let again = together(|group| async move {
        group.spawn(async { runtime().locals().get_or_init(Mine::default) }).await.unwrap()
    });
    assert!(Arc::ptr_eq(&kept, &again.await));
    assert_eq!(runtime().locals().get_or_init(Another::default).0.load(Ordering::SeqCst), 0);
    // One that makes another of its type meanwhile gets the same.
    let inner = Mutex::new(None);
    let outer = runtime().locals().get_or_init(|| {
        *inner.lock().unwrap() = Some(runtime().locals().get_or_init(|| Nested));
        Nested
    });
    // Where another case was first there, nothing is made.
    let inner = inner.into_inner().unwrap();
    assert!(inner.is_none_or(|inner| Arc::ptr_eq(&outer, &inner)));
}
