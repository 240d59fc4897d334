//! Work that keeps a core busy, and nothing else.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How much [`work`] does with an item.
const ITEM: Duration = Duration::from_micros(4);

/// The steps that take as long as [`ITEM`], by the quickest of many tries.
static STEPS: LazyLock<u64> = LazyLock::new(|| {
    const TRY: u64 = 20_000;
    let quickest = (0..200).map(|_| {
        let start = Instant::now();
        spin(TRY);
        start.elapsed()
    });
    let quickest = quickest.min().expect("there were tries");
    (TRY * ITEM.as_nanos() as u64).div_ceil(quickest.as_nanos() as u64)
});

/// Takes so many steps, each of which waits for the one before.
pub fn spin(steps: u64) {
    let mut state = black_box(0x2545_f491_4f6c_dd1d_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}

/// Four microseconds of work on an item.
pub fn work(n: u64) -> u64 {
    spin(*STEPS);
    n
}
