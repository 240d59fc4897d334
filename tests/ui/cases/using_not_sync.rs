//! A value that all workers share, and that only one thread may look at.
//~ `Cell<u64>` cannot be shared between threads safely

use std::cell::Cell;

use anypipe::prelude::*;

fn main() {
    let add = using(Cell::new(1), async |offset, n| n + offset.get());
    let _run = Pipeline::from_iter(0..3u64).then(add).collect::<Vec<u64>>();
}
