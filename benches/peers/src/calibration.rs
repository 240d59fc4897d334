//! Whether the machine is quiet: two fixed loops, whose times nothing but other load can change.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::runtime::THREADS;
use crate::spin::spin;

/// How much longer than undisturbed the loops may take on a quiet machine: work a little, since a processor's clock
/// varies; another process at work takes far more.
const WORK: f64 = 1.1;
/// Wakes take one of several times by where the system puts the two threads, on an idle machine as well; other
/// processes at work take more than that.
const WAKES: f64 = 2.5;

/// How often each loop is tried for a reading, of which the best counts: now and then the system starts two threads on
/// one core.
const TRIES: u32 = 3;

/// The parts of the work, each about 50 µs: short enough that some are undisturbed on any machine.
const PARTS: u32 = 100;

/// How long the loops took.
#[derive(Clone, Copy)]
pub struct Reading {
    /// The same work on as many threads as a runtime has, until the last is done.
    work: Duration,
    /// The same, had every part of it been as quick as the quickest.
    undisturbed: Duration,
    /// Two threads that wake each other in turn.
    wakes: Duration,
}

impl Reading {
    pub fn take() -> Self {
        let try_once = |_| {
            let (work, undisturbed) = work();
            Self { work, undisturbed, wakes: wakes() }
        };
        (0..TRIES).map(try_once).reduce(Self::best).expect("there were tries")
    }

    /// The best of each.
    fn best(self, other: Self) -> Self {
        Self {
            work: self.work.min(other.work),
            undisturbed: self.undisturbed.min(other.undisturbed),
            wakes: self.wakes.min(other.wakes),
        }
    }
}

/// What the loops take where nothing disturbs them.
#[derive(Clone, Copy)]
pub struct Undisturbed {
    work: Duration,
    wakes: Duration,
}

impl Undisturbed {
    /// Work as quick as its quickest part ever: so a machine that is busy all the time is never taken for a quiet one.
    /// Wakes as they usually are at first.
    pub fn find() -> Self {
        let readings: Vec<_> = (0..20).map(|_| Reading::take()).collect();
        let mut wakes: Vec<_> = readings.iter().map(|reading| reading.wakes).collect();
        wakes.sort();
        let best = readings.into_iter().reduce(Reading::best).expect("there were readings");
        Self { work: best.undisturbed, wakes: wakes[wakes.len() / 2] }
    }

    /// Something may have been quicker than all before.
    pub fn note(&mut self, reading: Reading) {
        self.work = self.work.min(reading.undisturbed);
    }

    pub fn is_quiet(self, reading: Reading) -> bool {
        reading.work <= self.work.mul_f64(WORK) && reading.wakes <= self.wakes.mul_f64(WAKES)
    }
}

fn work() -> (Duration, Duration) {
    let one = || {
        let start = Instant::now();
        let parts = (0..PARTS).map(|_| {
            let start = Instant::now();
            spin(40_000);
            start.elapsed()
        });
        let quickest = parts.min().expect("there are parts");
        (start.elapsed(), quickest * PARTS)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        let times = threads.into_iter().map(|thread| thread.join().expect("nothing panics"));
        times.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1))).expect("there are threads")
    })
}

fn wakes() -> Duration {
    let (start, barrier) = (Instant::now(), &Barrier::new(2));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..500 {
                    barrier.wait();
                }
            });
        }
    });
    start.elapsed()
}
