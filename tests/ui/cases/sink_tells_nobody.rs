//! A sink whose result nobody would see.
//~ a sink that gives `usize` can't stand here: nobody would see what it gives
//~ use a sink that gives `()`, or a `Result<(), E>`, whose error fails the run
//~ to see what it gives make it a branch: `.broadcast((.., sink.into_stage()))`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).tee(chunks(3) | sink::count()).collect::<Vec<i32>>();
}
