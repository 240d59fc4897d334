//! Workers for a source.
//~ can't have workers
//~ its items depend on each other, or it is a source
//~ `.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).workers(2).collect::<Vec<i32>>();
}
