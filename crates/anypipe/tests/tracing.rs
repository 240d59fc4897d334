//! Spans and events of runs, on every backend, heard by a layer of our own.
#![cfg(all(
    feature = "tracing",
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::stage::RetryPolicy;
use anypipe::sync::Event as Gate;
use anypipe::task::{self, task_group};
use anypipe::time::sleep;
use anypipe::tracing::{Traced, stalls, trace_runs};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Instrument, Span, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// An event: its level, message and fields, and the spans around it, the innermost last.
type Told = (String, Vec<String>);

/// Hears all events and spans of the program.
#[derive(Default)]
struct Ears {
    events: Mutex<Vec<Told>>,
    /// How many spans are open, by the path to them.
    open: Mutex<BTreeMap<String, u32>>,
}

static EARS: Ears = Ears { events: Mutex::new(Vec::new()), open: Mutex::new(BTreeMap::new()) };

struct Ear;

/// Writes the fields behind each other.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

/// What is kept with a span.
struct Name(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ear {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut words = Words(span.metadata().name().to_owned());
        span.record(&mut words);
        let span = context.span(id).unwrap();
        span.extensions_mut().insert(Name(words.0));
        *EARS.open.lock().unwrap().entry(path(&context, id).join(" / ")).or_default() += 1;
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut words = Words(event.metadata().level().to_string());
        event.record(&mut words);
        let path = context.event_span(event).map_or_else(Vec::new, |span| path(&context, &span.id()));
        EARS.events.lock().unwrap().push((words.0, path));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        *EARS.open.lock().unwrap().get_mut(&path(&context, &id).join(" / ")).unwrap() -= 1;
    }
}

fn path<S: Subscriber + for<'a> LookupSpan<'a>>(context: &Context<'_, S>, id: &Id) -> Vec<String> {
    let spans = context.span_scope(id).unwrap().from_root();
    spans.map(|span| span.extensions().get::<Name>().unwrap().0.clone()).collect()
}

/// A span around a test that no other has, and what is heard in it.
struct Caller {
    name: String,
    span: Span,
}

impl Caller {
    fn new() -> Self {
        static ONCE: Once = Once::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        ONCE.call_once(|| tracing::subscriber::set_global_default(Registry::default().with(Ear)).unwrap());
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        Self { name: format!("caller number={number}"), span: info_span!("caller", number) }
    }

    fn span(&self) -> Span {
        self.span.clone()
    }

    /// The events of this kind, by what is around them inside the caller.
    fn heard(&self, event: &str) -> Vec<Vec<String>> {
        let events = EARS.events.lock().unwrap();
        let mine =
            events.iter().filter(|(told, path)| told.starts_with(event) && path.first() == Some(&self.name));
        mine.map(|(_, path)| path[1..].to_vec()).collect()
    }

    /// How many spans are open in the caller.
    fn open(&self) -> u32 {
        let within = format!("{} / ", self.name);
        EARS.open
            .lock()
            .unwrap()
            .iter()
            .filter(|(path, _)| path.starts_with(&within))
            .map(|(_, open)| open)
            .sum()
    }
}

/// The name of a run's span.
fn run(name: &str) -> String {
    format!("anypipe.run run=\"{name}\" runtime=\"{}\"", anypipe::runtime::current().name())
}

fn stage(name: &str) -> String {
    format!("anypipe.stage stage=\"{name}\"")
}

/// A library's function, which knows nothing of pipelines.
async fn library(n: u32) -> u32 {
    info!(n, "in the library");
    anypipe::task::yield_now().await;
    info!(n, "again in the library");
    n
}

#[anypipe::test]
async fn what_a_library_logs_stands_in_its_stage_its_run_and_its_caller() {
    let caller = Caller::new();
    let items = Pipeline::from_iter(0..10u32).then(library).workers(3).named("parse");
    let fused = items.map(|n| {
        info!("fused");
        n
    });
    let run_of_it = fused.then(library).named("store").for_each(|_| info!("in the sink")).traced();
    run_of_it.instrument(caller.span()).await;

    let (run, parse, store) = (run("for_each"), stage("parse"), stage("store"));
    for words in ["INFO in the library", "INFO again in the library"] {
        let heard = caller.heard(words);
        assert_eq!(heard.len(), 20);
        assert_eq!(heard.iter().filter(|path| **path == [run.clone(), parse.clone()]).count(), 10);
        assert_eq!(heard.iter().filter(|path| **path == [run.clone(), store.clone()]).count(), 10);
    }
    // What is fused is in the task that pulls it.
    assert_eq!(caller.heard("INFO fused"), vec![vec![run.clone(), store]; 10]);
    assert_eq!(caller.heard("INFO in the sink"), vec![vec![run.clone(), stage("for_each")]; 10]);
    assert_eq!(caller.heard("DEBUG the run has ended"), [[run]]);
    assert_eq!(caller.open(), 0, "{:?}", EARS.open.lock().unwrap());
}

#[anypipe::test]
async fn a_run_that_is_started_is_below_the_code_that_starts_it() {
    let caller = Caller::new();
    let running =
        caller.span().in_scope(|| Pipeline::from_iter(0..3u32).then(library).drain().traced().start());
    // Not below that which awaits it.
    running.instrument(info_span!("elsewhere")).await.unwrap();
    assert_eq!(caller.heard("INFO in the library"), vec![vec![run("drain"), stage("then")]; 3]);
    assert_eq!(caller.heard("DEBUG the run has ended").len(), 1);
}

#[anypipe::test]
async fn a_run_that_is_started_on_a_plain_thread_is_below_its_code_too() {
    trace_runs();
    let runtime = anypipe::runtime::current();
    if runtime.name() == "sim" {
        return;
    }
    let caller = Caller::new();
    let span = caller.span();
    // Nothing there is observed, so all that the run knows of the span is what it is told when it is started.
    let start =
        move || span.in_scope(|| Pipeline::from_iter(0..3u32).then(library).drain().on(runtime).start());
    #[expect(clippy::disallowed_methods, reason = "it is to be no task's thread")]
    let running = std::thread::spawn(start).join().unwrap();
    running.await.unwrap();
    assert_eq!(caller.heard("INFO in the library"), vec![vec![run("drain"), stage("then")]; 3]);
}

#[anypipe::test]
async fn runs_in_runs_groups_and_blocking_work_are_below_what_they_are_in() {
    trace_runs();
    let caller = Caller::new();
    let inner = |n: usize| async move {
        let of_three = Pipeline::from_iter(0..3u32).then(library).named("inner");
        n + of_three.count().await
    };
    let outer = async {
        assert_eq!(Pipeline::once(1).then(inner).named("outer").fold(0, |sum, n| sum + n).await, 4);
        let group = task_group(|group| async move {
            group.spawn(async { info!("in a child") }.instrument(info_span!("child")));
            let in_job = async { task::blocking(|| info!("in a job")).await }.instrument(info_span!("asks"));
            in_job.await;
        });
        group.await;
        let shielded = task::shield(async { info!("in a shield") }).instrument(info_span!("shields"));
        let _ = anypipe::time::fail_after(Duration::from_secs(3600), shielded).await;
    };
    outer.instrument(caller.span()).await;
    let of_inner = vec![run("fold"), stage("outer"), run("count"), stage("inner")];
    assert_eq!(caller.heard("INFO in the library"), vec![of_inner; 3]);
    assert_eq!(caller.heard("INFO in a child"), [[run("task_group"), "child".to_owned()]]);
    assert_eq!(caller.heard("INFO in a job"), [[run("task_group"), "asks".to_owned()]]);
    assert_eq!(caller.heard("INFO in a shield"), [["shields"]]);
    assert_eq!(caller.heard("DEBUG the run has ended").len(), 3);
    assert_eq!(caller.open(), 0);
}

#[anypipe::test]
async fn retries_and_ends_are_told() {
    let caller = Caller::new();
    let tries = Arc::new(AtomicU32::new(0));
    let flaky = move |n: u32| {
        let tries = tries.fetch_add(1, Ordering::SeqCst);
        async move { if tries < 2 { Err("not yet") } else { Ok(n) } }
    };
    let policy = RetryPolicy::new(5).backoff(Duration::from_millis(1), Duration::from_millis(2));
    let retried = Pipeline::once(7u32).map(Ok).and_then(flaky).retry(policy).named("flaky");
    let given: Result<Vec<u32>, &str> = retried.try_collect().traced().instrument(caller.span()).await;
    assert_eq!(given, Ok(vec![7]));
    let in_stage = [run("try_collect"), stage("flaky")];
    assert_eq!(
        caller.heard("INFO work on an item is tried again tries=1 after=0.001"),
        vec![in_stage.clone()]
    );
    assert_eq!(caller.heard("INFO work on an item is tried again tries=2 after=0.002"), [in_stage]);

    let failing =
        Pipeline::once(1u32).then(async |_| panic!("in vain")).named("fails").drain().traced().checked();
    assert!(failing.instrument(caller.span()).await.is_err());
    let failed = caller.heard("ERROR the run has failed error=stage `fails` panicked: in vain");
    assert_eq!(failed, [[run("drain")]], "{:?}", EARS.events.lock().unwrap());

    let hanging = Pipeline::never::<u32>().drain().traced();
    let running = caller.span().in_scope(|| hanging.start());
    while caller.open() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    drop(running);
    while caller.open() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(caller.heard("DEBUG the run was given up"), [[run("drain")]]);
}

#[anypipe::test]
async fn a_stage_that_is_resized_is_told_of() {
    let caller = Caller::new();
    let go_on = Arc::new(Gate::new());
    let held = Arc::clone(&go_on);
    let work = move |n: u32| {
        let held = Arc::clone(&held);
        async move {
            held.wait().await;
            n
        }
    };
    let run_of_it = Pipeline::from_iter(0..20u32).then(work).workers(2).named("work").count().traced();
    let running = caller.span().in_scope(|| run_of_it.start());
    let work = loop {
        match running.control().stage("work") {
            Ok(work) => break work,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    };
    work.set_workers(4).unwrap();
    work.set_buffer_size(7).unwrap();
    assert!(work.set_workers(0).is_err());
    go_on.set();
    assert_eq!(running.await.unwrap(), 20);
    let heard = caller.heard("INFO the stage is resized");
    assert_eq!(heard, vec![vec![run("count")]; 2]);
    assert_eq!(caller.heard("INFO the stage is resized stage=\"work\" workers=4").len(), 1);
    assert_eq!(caller.heard("INFO the stage is resized stage=\"work\" buffer=7").len(), 1);
}

#[anypipe::test]
async fn workers_that_a_stage_gives_itself_are_told_of() {
    if !anypipe::runtime::current().is_exact() {
        return;
    }
    let caller = Caller::new();
    let slow = async |_| sleep(Duration::from_millis(20)).await;
    let run_of_it =
        Pipeline::from_iter(0..2000u32).then(slow).workers(auto(1..=8)).named("slow").drain().traced();
    run_of_it.instrument(caller.span()).await;
    assert!(!caller.heard("INFO the stage is resized stage=\"slow\" workers=2").is_empty());
    assert!(caller.heard("INFO the stage is resized").iter().all(|path| *path == [run("drain")]));
}

#[anypipe::test]
async fn a_stage_that_is_stuck_is_told_of() {
    let caller = Caller::new();
    let go_on = Arc::new(Gate::new());
    let held = Arc::clone(&go_on);
    let stuck = Pipeline::once(1u32).then(move |_| {
        let held = Arc::clone(&held);
        async move { held.wait().await }
    });
    let run_of_it = stuck.named("stuck").drain().warn_stalls(Duration::from_millis(20), stalls()).traced();
    let running = caller.span().in_scope(|| run_of_it.start());
    let told = "WARN the stage is stuck stage=\"stuck\"";
    while caller.heard(told).is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    go_on.set();
    running.await.unwrap();
    assert_eq!(caller.heard("WARN"), [[run("drain")]]);
    assert_eq!(caller.heard("INFO the stage is stuck no more stage=\"stuck\"").len(), 1);
}

#[anypipe::test]
async fn destructors_of_what_is_cancelled_are_in_the_span() {
    struct Tells;
    impl Drop for Tells {
        fn drop(&mut self) {
            info!("dropped");
        }
    }
    let caller = Caller::new();
    let hanging = Pipeline::once(1u32).then(|_| async {
        let _tells = Tells;
        std::future::pending::<()>().await;
    });
    let run_of_it = hanging.named("hangs").drain().deadline(Duration::from_millis(5)).traced().checked();
    assert!(run_of_it.instrument(caller.span()).await.is_err());
    assert_eq!(caller.heard("INFO dropped"), [[run("drain"), stage("hangs")]]);
}
