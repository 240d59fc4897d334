//! What a run counts, as metrics, on every backend: read from a recorder of our own.
#![cfg(all(
    feature = "metrics",
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]
#![allow(clippy::float_cmp, reason = "they are counts, which metrics has as floats")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use anypipe::metrics::{RecordMetrics, Recorder as OfRun};
use anypipe::prelude::*;
use anypipe::sync::Event;
use anypipe::time::sleep;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

const TICK: Duration = Duration::from_millis(5);

/// One number, and whether it ever fell.
#[derive(Default)]
struct Number {
    bits: AtomicU64,
    fell: AtomicBool,
}

impl Number {
    fn get(&self) -> f64 {
        f64::from_bits(self.bits.load(Ordering::SeqCst))
    }
}

impl CounterFn for Number {
    fn increment(&self, _: u64) {
        unreachable!("counters are absolute");
    }

    fn absolute(&self, value: u64) {
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        GaugeFn::set(self, value as f64);
    }
}

impl GaugeFn for Number {
    fn increment(&self, _: f64) {
        unreachable!("gauges are absolute");
    }

    fn decrement(&self, _: f64) {
        unreachable!("gauges are absolute");
    }

    fn set(&self, value: f64) {
        let before = f64::from_bits(self.bits.swap(value.to_bits(), Ordering::SeqCst));
        self.fell.fetch_or(value < before, Ordering::SeqCst);
    }
}

/// Every number, by its name and labels as Prometheus writes them.
#[derive(Default)]
struct Numbers(Mutex<BTreeMap<String, Arc<Number>>>);

impl Numbers {
    fn of(&self, key: &Key) -> Arc<Number> {
        let mut labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.sort();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }
}

static NUMBERS: Numbers = Numbers(Mutex::new(BTreeMap::new()));

impl Recorder for &'static Numbers {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        unreachable!("there is none");
    }
}

/// The numbers of one pipeline, whose name no other test has.
struct Seen(String);

impl Seen {
    fn new(of: &str) -> Self {
        static ONCE: Once = Once::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        ONCE.call_once(|| metrics::set_global_recorder(&NUMBERS).expect("no other is there"));
        Self(format!("{of}-{}", NEXT.fetch_add(1, Ordering::SeqCst)))
    }

    fn number(&self, name: &str, labels: &str) -> Option<f64> {
        let pipeline = format!("pipeline={}", self.0);
        let mut labels: Vec<_> =
            labels.split(',').filter(|label| !label.is_empty()).chain([&*pipeline]).collect();
        labels.sort_unstable();
        let number = NUMBERS.0.lock().unwrap().get(&format!("{name}{{{}}}", labels.join(","))).cloned();
        number.map(|number| number.get())
    }

    fn items(&self, stage: &str, end: &str) -> Option<f64> {
        self.number("anypipe_stage_items_total", &format!("stage={stage},end={end}"))
    }

    fn seconds(&self, stage: &str, doing: &str) -> Option<f64> {
        self.number("anypipe_stage_seconds_total", &format!("stage={stage},state={doing}"))
    }

    fn gauge(&self, stage: &str, name: &str) -> Option<f64> {
        self.number(name, &format!("stage={stage}"))
    }

    /// The runs in a state.
    fn runs(&self, state: &str) -> Option<f64> {
        self.number("anypipe_run_state", &format!("state={state}"))
    }

    /// Checks that nothing that only grows ever fell.
    #[track_caller]
    fn assert_grew(&self) {
        let pipeline = format!("pipeline={}", self.0);
        for (name, number) in &*NUMBERS.0.lock().unwrap() {
            if name.contains("_total") && name.contains(&pipeline) {
                assert!(!number.fell.load(Ordering::SeqCst), "{name} fell");
            }
        }
    }

    /// Waits until the numbers show it.
    async fn until(&self, shown: impl Fn(&Self) -> bool) {
        while !shown(self) {
            sleep(TICK).await;
        }
    }
}

#[anypipe::test]
async fn a_run_is_recorded_to_its_end() {
    let seen = Seen::new("orders");
    let orders = Pipeline::from_iter(0..100u32).then(async |n| n + 1).workers(2).named("parse");
    let sum: u32 = orders
        .filter_map_async(async |n| (n % 4 == 0).then_some(n))
        .named("pick")
        .fold(0, |sum, n| sum + n)
        .metrics(&*seen.0, Duration::from_secs(3600))
        .await;
    assert_eq!(sum, 1300);
    let parse = ["taken", "delivered", "filtered", "errored", "panicked", "cancelled", "left"];
    assert_eq!(parse.map(|end| seen.items("parse", end).unwrap()), [100.0, 100.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let pick = ["taken", "delivered", "filtered"].map(|end| seen.items("pick", end).unwrap());
    assert_eq!(pick, [100.0, 25.0, 75.0]);
    assert_eq!(seen.items("fold", "taken"), Some(25.0));
    assert_eq!(seen.gauge("parse", "anypipe_stage_workers"), Some(0.0));
    assert_eq!(seen.gauge("parse", "anypipe_stage_held"), Some(0.0));
    assert_eq!(["running", "ended", "failed"].map(|state| seen.runs(state).unwrap()), [0.0, 1.0, 0.0]);
}

#[anypipe::test]
async fn a_run_is_recorded_while_it_goes_on() {
    let seen = Seen::new("live");
    let go_on = Arc::new(Event::new());
    let held = Arc::clone(&go_on);
    let run = Pipeline::from_iter(0..10u32)
        .then(move |n| {
            let held = Arc::clone(&held);
            async move {
                held.wait().await;
                n
            }
        })
        .workers(2)
        .named("hold")
        .count()
        .metrics(&*seen.0, TICK)
        .start();
    let one_worker_works = |seen: &Seen| seen.seconds("hold", "working").is_some_and(|seconds| seconds > 0.0);
    seen.until(one_worker_works).await;
    seen.until(|seen| seen.gauge("hold", "anypipe_stage_workers") == Some(2.0)).await;
    seen.until(|seen| seen.gauge("hold", "anypipe_stage_held") == Some(2.0)).await;
    seen.until(|seen| seen.runs("running") == Some(1.0)).await;
    assert_eq!((seen.items("hold", "taken"), seen.items("hold", "delivered")), (Some(2.0), Some(0.0)));
    run.control().pause();
    seen.until(|seen| seen.runs("paused") == Some(1.0)).await;
    seen.until(|seen| seen.runs("running") == Some(0.0)).await;
    run.control().resume();
    go_on.set();
    assert_eq!(run.await.unwrap(), 10);
    seen.until(|seen| seen.runs("ended") == Some(1.0)).await;
    assert_eq!(seen.items("hold", "delivered"), Some(10.0));
    seen.assert_grew();
}

#[anypipe::test]
async fn runs_of_one_name_add_up() {
    let seen = Seen::new("again");
    // A stage's name that stands twice adds up too.
    let run = || {
        let twice =
            Pipeline::from_iter(0..20u32).then(async |n| n).named("step").then(async |n| n).named("step");
        twice.count().metrics(&*seen.0, TICK)
    };
    assert_eq!(run().await, 20);
    assert_eq!(seen.items("step", "delivered"), Some(40.0));
    assert_eq!(run().await, 20);
    assert_eq!(seen.items("step", "delivered"), Some(80.0));
    let running: Vec<_> = (0..5).map(|_| run().start()).collect();
    for running in running {
        assert_eq!(running.await.unwrap(), 20);
    }
    seen.until(|seen| seen.runs("ended") == Some(7.0)).await;
    assert_eq!(seen.items("step", "taken"), Some(280.0));
    assert_eq!(seen.items("step", "delivered"), Some(280.0));
    assert_eq!(seen.gauge("step", "anypipe_stage_workers"), Some(0.0));
    seen.assert_grew();
}

#[anypipe::test]
async fn a_run_that_fails_or_is_dropped_is_recorded() {
    let seen = Seen::new("ends");
    let failing = Pipeline::from_iter(0..10u32).then(async |n| assert!(n < 3, "three")).named("fail");
    let failed = failing.drain().metrics(&*seen.0, TICK).checked().await;
    assert!(failed.unwrap_err().to_string().contains("three"));
    assert_eq!(
        (seen.runs("failed"), seen.runs("ended"), seen.runs("running")),
        (Some(1.0), Some(0.0), Some(0.0))
    );
    assert_eq!(seen.items("fail", "panicked"), Some(1.0));

    let began = Arc::new(Event::new());
    let begins = Arc::clone(&began);
    let hanging = Pipeline::once(1u32).then(move |n| {
        let begins = Arc::clone(&begins);
        async move {
            begins.set();
            std::future::pending::<()>().await;
            n
        }
    });
    let running = hanging.named("hang").drain().metrics(&*seen.0, Duration::from_secs(3600)).start();
    began.wait().await;
    // What a task counts is told when it gives way.
    let control = running.control();
    while control.picture().stage("hang").and_then(|stage| stage.taken) != Some(1) {
        sleep(TICK).await;
    }
    drop(running);
    seen.until(|seen| seen.runs("ended") == Some(1.0)).await;
    assert_eq!(seen.items("hang", "taken"), Some(1.0));
    assert_eq!(seen.gauge("hang", "anypipe_stage_held"), Some(0.0));
    assert_eq!(seen.gauge("hang", "anypipe_stage_workers"), Some(0.0));

    // One that never began is none.
    drop(Pipeline::once(1).drain().metrics(&*seen.0, TICK));
    assert_eq!(seen.runs("ended"), Some(1.0));
}

#[anypipe::test]
async fn times_are_those_of_the_runtimes_clock() {
    let seen = Seen::new("times");
    let slow =
        Pipeline::from_iter(0..10u32).then(async |_| sleep(Duration::from_secs(60)).await).named("slow");
    if !anypipe::runtime::current().is_exact() {
        return;
    }
    slow.drain().metrics(&*seen.0, Duration::from_secs(30)).await;
    let working = seen.seconds("slow", "working").unwrap();
    assert!((599.9..600.1).contains(&working), "{working}");
    assert!(seen.seconds("slow", "room").unwrap() < 0.1);
    seen.assert_grew();
}

#[anypipe::test]
async fn a_stream_is_recorded_by_hand() {
    use anypipe::stage;
    let seen = Seen::new("stream");
    let items = Pipeline::from_iter(0..5u32).then(async |n| n).named("step").into_stream();
    let (control, mut recorder) = (items.control(), OfRun::new(&*seen.0));
    let taken = Pipeline::from_stream(items) | stage::map(|n: u32| n);
    assert_eq!(taken.count().await, 5);
    recorder.record(&control.picture());
    assert_eq!(seen.items("step", "delivered"), Some(5.0));
    assert_eq!(seen.runs("ended"), Some(1.0));
    drop(recorder);
    assert_eq!(seen.runs("ended"), Some(1.0));
}
