//! A run over one item, again and again.

use crate::bare::Bare;
use crate::hops;

pub async fn anypipe(on: &Bare, capacity: usize, runs: u64) -> u64 {
    let mut sum = 0;
    for n in 0..runs {
        sum += n + hops::anypipe(on, capacity, 1).await;
    }
    sum
}

pub async fn tokio(on: &Bare, capacity: usize, runs: u64) -> u64 {
    let mut sum = 0;
    for n in 0..runs {
        sum += n + hops::tokio(on, capacity, 1).await;
    }
    sum
}
