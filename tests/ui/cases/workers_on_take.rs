//! Workers for a stage whose items depend on each other.
//~ Take` can't have workers
//~ its items depend on each other, or it is a source
//~ `.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`
//~ state that each worker has for itself goes into `map_with(..)` or `then_with(..)`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).take(3).workers(2).collect::<Vec<i32>>();
}
