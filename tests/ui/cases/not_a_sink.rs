//! A closure where a sink is asked for.
//~ is not a sink for items of type `{integer}`
//~ a closure becomes a sink with `.for_each(..)` in place of `.into_sink(..)`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).into_sink(|n: i32| println!("{n}"));
}
