//! A name for a source that is a loop in somebody else's task.
//~ has no name to change
//~ this option belongs to the stage before it, and that one can't take it
//~ `.named(..)` goes behind a stage with a closure or a task of its own

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).named("numbers").collect::<Vec<i32>>();
}
