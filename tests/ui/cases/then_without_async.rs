//! The asynchronous map with a synchronous closure.
//~ `{integer}` is not a future

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).then(|n| n + 1).collect::<Vec<i32>>();
}
