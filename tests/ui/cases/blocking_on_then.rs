//! The blocking pool for an asynchronous stage.
//~ can't run on the blocking pool
//~ only a synchronous closure can block
//~ `.blocking()` goes behind a stage with a synchronous closure, such as `map` or `filter_map`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).then(async |n| n + 1).blocking().collect::<Vec<i32>>();
}
