//! As many workers as are worth having: in virtual time, beside what others do.
//!
//! `cargo test -p anypipe-sim --test auto -- --nocapture` prints the table: of each case and each way the share of
//! the best throughput, and how many workers were used.

#![allow(clippy::similar_names, reason = "what does a thing and what sees it done are called alike")]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::drive::Boundary;
use anypipe_core::run::{Control, StageControl, inherit};
use anypipe_core::runtime::RuntimeHandle;
use anypipe_core::scope::current_runtime;
use anypipe_sim::{Policy, Sim};
use anypipe_stages::{Parallel, Piped, sink, source, stage};
use anypipe_sync::CapacityLimiter;

/// What limits a stage.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    /// How long an item takes, and by how much more or less, as a share.
    service: Duration,
    noise: f64,
    /// How many are worked on at the same time, before and after a change.
    takes: [usize; 2],
    /// Whether more than these slow down all.
    thrashes: bool,
    /// How long the sink takes for an item.
    sink: Duration,
    /// How many workers are needed, before and after.
    needed: [usize; 2],
}

const MS: Duration = Duration::from_millis(1);
const NONE: Duration = Duration::ZERO;

const CASES: [Case; 7] = [
    case("10 ms, takes 64", 10, 0.0, [64, 64]),
    case("50 ms noisy, takes 200", 50, 0.5, [200, 200]),
    case("1 ms of CPU, 2 cores", 1, 0.0, [2, 2]),
    Case { thrashes: true, ..case("database, 16 connections, thrashes", 10, 0.0, [16, 16]) },
    Case {
        sink: Duration::from_millis(2),
        needed: [5, 5],
        ..case("the sink is the limit", 10, 0.0, [256, 256])
    },
    case("service shrinks 64 to 16", 10, 0.0, [64, 16]),
    case("service grows 8 to 64", 10, 0.0, [8, 64]),
];

const fn case(name: &'static str, millis: u64, noise: f64, takes: [usize; 2]) -> Case {
    let service = Duration::from_millis(millis);
    Case { name, service, noise, takes, thrashes: false, sink: NONE, needed: takes }
}

/// Who says how many workers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Auto,
    Fixed8,
    Aimd,
    Gradient2,
}

const WAYS: [Way; 4] = [Way::Auto, Way::Fixed8, Way::Aimd, Way::Gradient2];

/// What a service has seen.
#[derive(Default)]
struct Seen {
    /// How many items were done, how long these took, all together, and how many are worked on.
    done: AtomicU64,
    micros: AtomicU64,
    inside: AtomicUsize,
    random: Mutex<u64>,
}

impl Seen {
    /// A number from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "it is random")]
    fn draw(&self) -> f64 {
        let mut random = self.random.lock().unwrap();
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*random >> 40) as f64 / (1_u64 << 24) as f64
    }
}

fn runtime() -> RuntimeHandle {
    current_runtime().unwrap()
}

async fn serve(case: Case, limit: Arc<CapacityLimiter>, seen: Arc<Seen>) {
    let start = runtime().now();
    let inside = seen.inside.fetch_add(1, Ordering::SeqCst) + 1;
    let noise = 1.0 + case.noise * (2.0 * seen.draw() - 1.0);
    if case.thrashes {
        let over = (f64::from(u32::try_from(inside).unwrap()) / 16.0).max(1.0);
        runtime().sleep(case.service.mul_f64(over * over)).await;
    } else {
        let _token = limit.acquire().await;
        runtime().sleep(case.service.mul_f64(noise)).await;
    }
    seen.inside.fetch_sub(1, Ordering::SeqCst);
    seen.done.fetch_add(1, Ordering::SeqCst);
    let took = (runtime().now() - start).as_micros();
    seen.micros.fetch_add(u64::try_from(took).unwrap(), Ordering::SeqCst);
}

/// The share of the best throughput, and the mean number of workers, from so long after the start, and after the change.
#[derive(Clone, Copy, Debug)]
struct Result {
    share: f64,
    workers: f64,
}

const STARTS: Duration = Duration::from_secs(2);
const CHANGE: Duration = Duration::from_secs(6);
const CHANGED: Duration = Duration::from_secs(11);
const END: Duration = Duration::from_secs(15);

fn run(case: Case, way: Way, seed: u64) -> [Result; 2] {
    // No schedule takes time here, and no sleep is late.
    let sim = Sim::new(seed).policy(Policy::Random).jitter(0).max_steps(100_000_000);
    let outcome = sim.run(async move {
        let (seen, limit) = (Arc::new(Seen::default()), Arc::new(CapacityLimiter::new(case.takes[0])));
        *seen.random.lock().unwrap() = seed;
        let (serves, limits) = (Arc::clone(&seen), Arc::clone(&limit));
        let work = stage::then(move |item: u64| {
            let served = serve(case, Arc::clone(&limits), Arc::clone(&serves));
            async move {
                served.await;
                item
            }
        });
        let size = |boundary: Boundary| match way {
            Way::Auto => boundary.workers_within(1, 256),
            Way::Fixed8 => boundary.workers(8),
            Way::Aimd | Way::Gradient2 => boundary,
        };
        let given = Arc::new(AtomicU64::new(0));
        let gives = Arc::clone(&given);
        let stage: Parallel<_> = work.edit(size).edit(|boundary| boundary.named("work"));
        let sink = sink::for_each_async(move |_: u64| {
            gives.fetch_add(1, Ordering::SeqCst);
            async move {
                if case.sink > NONE {
                    runtime().sleep(case.sink).await;
                }
            }
        });
        let piped = Piped { source: source::from_iter(0..), stage };
        let running = Run::drain("sink", inherit, piped, sink).start();
        let control = running.control();
        measure(case, way, &control, &seen, &given, &limit).await
    });
    outcome.value
}

async fn measure(
    case: Case,
    way: Way,
    control: &Control,
    seen: &Arc<Seen>,
    given: &AtomicU64,
    limit: &CapacityLimiter,
) -> [Result; 2] {
    let runtime = runtime();
    runtime.sleep(MS).await;
    let stage = control.stage("work").unwrap();
    let (start, mut results, mut limiter) = (runtime.now(), Vec::new(), Limiter::new(way));
    let (mut begun, mut workers, mut samples) = (0, 0, 0_u32);
    while results.len() < 2 {
        runtime.sleep(100 * MS).await;
        limiter.adjust(&stage, seen);
        let at = (runtime.now() - start + MS / 2).as_millis() / 100 * 100;
        let is = |moment: Duration| at == moment.as_millis();
        workers += stage.workers();
        samples += 1;
        if is(STARTS) || is(CHANGED) {
            (begun, workers, samples) = (given.load(Ordering::SeqCst), 0, 0);
        }
        if is(CHANGE) || is(END) {
            let (takes, took) = if is(CHANGE) {
                (case.takes[0], CHANGE.saturating_sub(STARTS))
            } else {
                (case.takes[1], END.saturating_sub(CHANGED))
            };
            let best = f64::from(u32::try_from(takes).unwrap()) / case.service.as_secs_f64();
            let best = if case.sink > NONE { 1.0 / case.sink.as_secs_f64() } else { best };
            let done = f64::from(u32::try_from(given.load(Ordering::SeqCst) - begun).unwrap());
            let workers = f64::from(u32::try_from(workers).unwrap()) / f64::from(samples);
            results.push(Result { share: done / took.as_secs_f64() / best, workers });
            limit.set_total_tokens(case.takes[1]);
        }
    }
    [results[0], results[1]]
}

/// A limit by how long an item takes, as others have it: after their papers.
struct Limiter {
    way: Way,
    /// The limit, and how long an item took in the long run.
    limit: f64,
    long: f64,
    done: u64,
    micros: u64,
}

impl Limiter {
    fn new(way: Way) -> Self {
        Self { way, limit: 1.0, long: 0.0, done: 0, micros: 0 }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    fn adjust(&mut self, stage: &StageControl, seen: &Seen) {
        let (done, micros) = (seen.done.load(Ordering::SeqCst), seen.micros.load(Ordering::SeqCst));
        let (items, took) = (done - self.done, micros - self.micros);
        (self.done, self.micros) = (done, micros);
        if items == 0 || !matches!(self.way, Way::Aimd | Way::Gradient2) {
            return;
        }
        let short = took as f64 / items as f64;
        let long = if self.long == 0.0 { short } else { self.long };
        // As many as there may be are needed: else nothing is known.
        let full = seen.inside.load(Ordering::SeqCst) as f64 >= self.limit / 2.0;
        if self.way == Way::Aimd {
            self.long = long.mul_add(0.6, short * 0.4);
            if short > long * 1.1 {
                self.limit *= 0.9;
            } else if full {
                self.limit += 1.0;
            }
        } else {
            self.long = long.mul_add(0.95, short * 0.05);
            let gradient = (1.5 * self.long / short).clamp(0.5, 1.0);
            if full {
                let limit = self.limit * gradient + self.limit.sqrt();
                self.limit = self.limit * 0.8 + limit * 0.2;
            }
        }
        self.limit = self.limit.clamp(1.0, 256.0);
        stage.set_workers(self.limit as usize).unwrap();
    }
}

#[test]
fn as_many_workers_as_are_worth_having() {
    println!("| case (workers needed) | {} |", WAYS.map(|way| format!("{way:?}")).join(" | "));
    println!("|---|{}", WAYS.map(|_| "--:|").concat());
    let mut missed = Vec::new();
    for case in CASES {
        let mut cells = Vec::new();
        for way in WAYS {
            let results = run(case, way, 1);
            cells.push(
                results.map(|result| format!("{:.2} ({:.0})", result.share, result.workers)).join(", "),
            );
            if way == Way::Auto {
                for (result, needed) in results.iter().zip(case.needed) {
                    let most = f64::from(u32::try_from(needed).unwrap()) * 1.25;
                    if result.share < 0.95 || result.workers > most {
                        missed.push(format!("{}: {result:?}, where {needed} are needed", case.name));
                    }
                }
            }
        }
        println!("| {} ({}, {}) | {} |", case.name, case.needed[0], case.needed[1], cells.join(" | "));
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
