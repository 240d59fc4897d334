//! A closure where a stage is asked for.
//~ is not a stage for items of type `{integer}`
//~ the items that come here are `{integer}`
//~ a closure becomes a stage with `map(..)`, or with `then(..)` where it is asynchronous

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).pipe(|n| n + 1).collect::<Vec<i32>>();
}
