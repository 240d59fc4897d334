//! Workers for a stage with a state that goes from item to item.
//~ Scan<
//~ can't have workers
//~ its items depend on each other, or it is a source
//~ `.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`
//~ state that each worker has for itself goes into `map_with(..)` or `then_with(..)`

use anypipe::prelude::*;

fn main() {
    let sums = Pipeline::from_iter(0..9).scan(0, |sum: &mut i32, n: i32| {
        *sum += n;
        Some(*sum)
    });
    let _run = sums.workers(2).collect::<Vec<i32>>();
}
