//! An iterator where a source is asked for.
//~ `Vec<{integer}>` is not a source of items
//~ wrap an iterator with `Pipeline::from_iter(..)`, a stream with `Pipeline::from_stream(..)`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_source(vec![1, 2, 3]).collect::<Vec<i32>>();
}
