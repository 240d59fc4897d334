//! A closure where a sink is asked for.
//~ is not a sink for items of type `{integer}`
//~ a closure becomes a sink with `sink::for_each(..)`, or with `sink::try_each(..)` where it can fail

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).into_sink(|n: i32| println!("{n}"));
}
