//! An asynchronous closure that captures something: `using(offset, async |offset, n| n + offset)` lends it.
//~ async closure does not implement `Fn` because it captures state from its environment

use anypipe::prelude::*;

fn add(offset: u64) -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_iter(0..3u64).then(async move |n| n + offset)
}

fn main() {
    let _run = add(1).collect::<Vec<u64>>();
}
