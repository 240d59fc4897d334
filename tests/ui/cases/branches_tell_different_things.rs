//! Branches whose aggregates have different types.
//~ expected `usize`, found `Option<{integer}>`

use anypipe::prelude::*;

fn main() {
    let branches = (sink::count().into_stage(), sink::max().into_stage());
    let _run = Pipeline::from_iter(0..9).broadcast(branches).drain();
}
