//! Whether the machine is quiet: two fixed loops, whose times nothing but other load can change.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::runtime::THREADS;
use crate::spin::spin;

/// How much longer than the best seen the loops may take on a quiet machine. Wakes vary more by themselves.
const WORK: f64 = 1.05;
const WAKES: f64 = 1.25;

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
        let (work, undisturbed) = work();
        Self { work, undisturbed, wakes: wakes() }
    }

    /// The best of each.
    pub fn best(self, other: Self) -> Self {
        Self {
            work: self.work.min(other.work),
            undisturbed: self.undisturbed.min(other.undisturbed),
            wakes: self.wakes.min(other.wakes),
        }
    }

    /// Whether this is about as good as the best. Work is compared with what nothing disturbed: so a machine that
    /// is busy all the time is never taken for a quiet one.
    pub fn is_quiet(self, best: Self) -> bool {
        self.work <= best.undisturbed.mul_f64(WORK) && self.wakes <= best.wakes.mul_f64(WAKES)
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
