//! The same twenty stages of futures.
use futures_util::{StreamExt, stream};

fn main() {
    let run = stream::iter(0..1000u64)
        .map(|n| n + 0)
        .filter(|n| std::future::ready(n % 4 != 0))
        .map(async |n| n * 2)
        .buffered(1)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 1)
        .filter(|n| std::future::ready(n % 8 != 0))
        .map(async |n| n * 3)
        .buffered(1)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 2)
        .filter(|n| std::future::ready(n % 12 != 0))
        .map(async |n| n * 4)
        .buffered(1)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 3)
        .filter(|n| std::future::ready(n % 16 != 0))
        .map(async |n| n * 5)
        .buffered(1)
        .inspect(|n| assert!(*n < u64::MAX))
        .map(|n| n + 4)
        .filter(|n| std::future::ready(n % 20 != 0))
        .map(async |n| n * 6)
        .buffered(1)
        .inspect(|n| assert!(*n < u64::MAX))
        .collect::<Vec<_>>();
    println!("{}", smol::block_on(run).len());
}
