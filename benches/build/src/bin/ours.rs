//! Twenty stages of anypipe.
use anypipe::prelude::*;

fn main() {
    let run = Pipeline::from_iter(0..1000u64)
        .map(|n| n + 0)
        .filter(|n| n % 4 != 0)
        .then(async |n| n * 2)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 1)
        .filter(|n| n % 8 != 0)
        .then(async |n| n * 3)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 2)
        .filter(|n| n % 12 != 0)
        .then(async |n| n * 4)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 3)
        .filter(|n| n % 16 != 0)
        .then(async |n| n * 5)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 4)
        .filter(|n| n % 20 != 0)
        .then(async |n| n * 6)
        .inspect(|n| assert!(*n < u64::MAX))
        .collect::<Vec<_>>();
    println!("{}", anypipe::run(run).len());
}
