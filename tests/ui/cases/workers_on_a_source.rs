//! Workers for a source.
//~ can't have workers, and has no buffer of its own: it takes no options
//~ this option belongs to the stage before it, and that one can't take it
//~ `.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).workers(2).collect::<Vec<i32>>();
}
